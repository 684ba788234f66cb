"""`loupe eval list`: what was run, newest first."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import complain, print_json, print_table, shown


def command(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most evals to list.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List evals, newest first."""
    from core.evals.running import job_of
    from core.jobs.words import progress_text, status_text
    from core.store import eval_figures
    from core.store import evals as store

    rows, documents = [], []
    for record in store.list_evals(limit=limit, documents=False):
        job = job_of(record)
        counts = eval_figures.counts(record.id)
        cells, passed = sum(each.cells for each in counts), sum(each.passed for each in counts)
        judged = cells - sum(each.errors + each.unjudged for each in counts)
        status = status_text(job) if job is not None else "done"
        documents.append(
            {
                "id": record.id,
                "name": record.name,
                "created_at": record.created_at.isoformat(),
                "rows": record.rows,
                "cells": cells,
                "passed": passed,
                "job": record.job,
                "status": job.status if job is not None else None,
            }
        )
        progress = progress_text(job) if job is not None and job.active and job.started_at else ""
        share = f"{100 * passed / judged:.1f} %" if judged else ""
        when = f"{record.created_at:%Y-%m-%d %H:%M}"
        rows.append([record.id, when, shown(record.name, 40), f"{record.rows:,}", share, status, progress])
    if as_json:
        print_json(documents)
    elif not rows:
        complain("There is no eval yet; loupe eval run FILE makes one.")
    else:
        print_table(["id", "begun (UTC)", "name", "rows", "passed", "status", "progress"], rows)
