"""`loupe adapters delete`: remove an adapter of the library. Loads nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import complain


def command(adapter: Annotated[str, typer.Argument(metavar="NAME", help="The adapter, by name.")]) -> None:
    """Delete an adapter."""
    from core.models.adapters.library import delete

    delete(adapter)
    complain(f"Deleted the adapter {adapter}.")
