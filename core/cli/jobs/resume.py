"""`loupe jobs resume`: have a job that ended early done to its end, and follow it."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import complain, print_json


def command(
    job: Annotated[str, typer.Argument(metavar="ID", help="The job, as loupe jobs list names it.")],
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Do what is missing of a job that was interrupted, cancelled or failed. Ctrl-C cancels it again."""
    from core import jobs
    from core.cli.following import ended_well, follow_job

    jobs.resume(job)
    ended = follow_job(job, quiet)
    if as_json:
        print_json(ended.as_json())
    ended_well(ended)
    if not as_json:
        complain(f"The job “{ended.title}” is finished.")
