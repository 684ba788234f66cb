"""`loupe eval show`: the figures of one eval, and its failures."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.eval.figures import print_figures
from core.cli.output import complain, print_json, print_text, shown

WIDTH = 100


def command(
    eval: Annotated[str, typer.Argument(metavar="ID", help="The eval, as loupe eval list names it.")],
    failures: Annotated[bool, typer.Option("--failures", help="Also the cells that failed, and why.")] = False,
    most: Annotated[int, typer.Option("--most", min=1, max=100_000, help="Rows with failures to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show what an eval came to so far."""
    from core.evals.results import summary, table
    from core.evals.running import job_of
    from core.jobs.words import progress_text, status_text
    from core.store import eval_figures
    from core.store import evals as store

    record = store.get(eval)
    found, job = summary(record.id), job_of(record)
    failed = sum(each.cells - each.passed for each in eval_figures.counts(record.id))
    numbers = eval_figures.row_numbers(record.id, show="unpassed", count=most)[0] if failures else []
    page = table(record.id, rows=numbers, per_page=most) if numbers else None
    listed = (
        [
            {
                "row": row.number,
                "variant": page.names[each.variant],
                "repeat": each.repeat,
                "reason": each.error or each.reason,
                "output": each.text,
            }
            for row in (page.rows if page is not None else ())
            for cells in row.cells
            for each in cells
            if not each.passed
        ]
        if page is not None
        else []
    )
    if as_json:
        more = {"cells": found.done, "failed": failed, "job": record.job, "status": job.status if job else None}
        print_json({**found.as_json(), **more, **({"failures": listed} if failures else {})})
        return
    print_text(record.name)
    if job is not None and job.status != "finished":
        complain(f"{status_text(job)} {progress_text(job) if job.started_at else ''}".strip())
    print_figures(found, failed)
    for each in listed:
        print_text(f"row {each['row']}, {shown(str(each['variant']), 40)}: {shown(str(each['reason']), WIDTH)}")
        if each["output"]:
            print_text(f"    {shown(str(each['output']), WIDTH)}")
