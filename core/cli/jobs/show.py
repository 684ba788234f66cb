"""`loupe jobs show`: all of one job, with the last value of each of its metrics."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from core.cli.output import print_json, print_text


def command(
    job: Annotated[str, typer.Argument(metavar="ID", help="The job, as loupe jobs list names it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show one job."""
    from core import jobs
    from core.jobs.words import progress_text, status_text

    view = jobs.get(job)
    last = {row.name: row for row in jobs.metrics(view.id)}
    if as_json:
        metrics = [{"name": row.name, "step": row.step, "value": row.value} for row in last.values()]
        print_json({**view.as_json(), "metrics": metrics})
        return
    lines = {
        "id": view.id,
        "kind": view.kind,
        "title": view.title,
        "status": status_text(view),
        "attempt": str(view.attempt),
        "begun": f"{view.created_at:%Y-%m-%d %H:%M:%S} UTC",
        "ended": f"{view.ended_at:%Y-%m-%d %H:%M:%S} UTC" if view.ended_at else "",
        "progress": progress_text(view) if view.started_at else "",
        "error": view.error or "",
        **{row.name: f"{row.value:g} at step {row.step}" for row in last.values()},
        "request": json.dumps(view.request)[:2000],
        "result": json.dumps(view.result)[:2000],
    }
    for name, value in lines.items():
        if value:
            print_text(f"{name:<10}{value}")
