"""`loupe jobs list`: jobs, newest first."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import complain, print_json, print_table, shown


def command(
    kind: Annotated[str | None, typer.Option(help="Only jobs of this kind.")] = None,
    status: Annotated[
        str | None, typer.Option(help="Only queued, running, finished, failed, cancelled or interrupted ones.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most jobs to list.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List jobs, newest first."""
    from core import jobs
    from core.errors import InvalidInput
    from core.jobs.words import progress_text, status_text
    from core.store.jobs import STATUSES

    wanted = next((each for each in STATUSES if each == status), None)
    if status is not None and wanted is None:
        raise InvalidInput(f"There is no status {status[:40]!r}; there are {', '.join(STATUSES)}.", "status")
    found = jobs.list_jobs(kind, wanted, limit, documents=as_json)
    if as_json:
        print_json([job.as_json() for job in found])
        return
    if not found:
        complain("There is no such job." if kind or status else "There is no job yet; loupe docs add starts one.")
        return
    rows = [
        [
            job.id,
            f"{job.created_at:%Y-%m-%d %H:%M}",
            job.kind,
            shown(job.title, 40),
            status_text(job),
            progress_text(job) if job.started_at else "",
        ]
        for job in found
    ]
    print_table(["id", "begun (UTC)", "kind", "title", "status", "progress"], rows)
