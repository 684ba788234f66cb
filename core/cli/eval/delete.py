"""`loupe eval delete`: an eval with its cells, and the outputs that no other eval shows."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import complain, print_json


def command(
    eval: Annotated[str, typer.Argument(metavar="ID", help="The eval, as loupe eval list names it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Delete an eval; one that runs is stopped first with loupe jobs cancel."""
    from core.evals import running
    from core.store import evals as store

    record = store.get(eval)
    running.delete(record.id)
    if as_json:
        print_json({"deleted": record.id})
    else:
        complain(f"The eval “{record.name}” is deleted.")
