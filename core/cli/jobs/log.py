"""`loupe jobs log`: what the worker of a job printed."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import print_json, print_text


def command(
    job: Annotated[str, typer.Argument(metavar="ID", help="The job, as loupe jobs list names it.")],
    lines: Annotated[int, typer.Option(min=1, max=10_000, help="How many lines from the end.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Print the end of a job's log."""
    from core import jobs

    text = jobs.log_tail(job, lines)
    if as_json:
        print_json({"id": job, "lines": text.splitlines()})
    elif text:
        print_text(text)
