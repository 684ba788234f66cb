"""`loupe jobs cancel`: stop a job, wherever it runs, and wait until it has."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import complain, print_json


def command(
    job: Annotated[str, typer.Argument(metavar="ID", help="The job, as loupe jobs list names it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Stop a job; what it has completed stays, and it can be resumed."""
    from core import jobs
    from core.cli.following import PATIENCE_S
    from core.errors import Conflict

    before = jobs.get(job)
    if before.active:
        jobs.cancel(job)
    after = jobs.wait(job, PATIENCE_S)
    if after.active:
        raise Conflict(f"The job {after.id} runs on another machine and has not stopped yet; look again in a minute.")
    if as_json:
        print_json(after.as_json())
    elif not before.active:
        complain(f"The job had ended already: it is {after.status}.")
    else:
        complain(f"The job is {after.status}.")
