"""`loupe adapters show`: all that the files of one adapter say. Loads nothing, and no torch."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from core.cli.output import print_json, print_text, size


def command(
    adapter: Annotated[str, typer.Argument(metavar="NAME", help="Name or folder of the adapter.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show one adapter."""
    from core.models.adapters.library import read, reference

    found = read(adapter)
    if as_json:
        print_json({**found.as_json(), "ref": reference(found), "config": found.config, "record": found.record})
        return
    lines = {
        "name": found.name,
        "folder": str(found.folder),
        "method": found.method,
        "base": found.base or "not recorded",
        "reference": reference(found) or "",
        "rank": "" if found.size is None else str(found.size),
        "parameters": f"{found.parameters:,}",
        "size": size(found.size_bytes),
        "made by": str(found.record.get("command", ""))[:2000],
        "config": json.dumps(found.config)[:2000],
    }
    for name, value in lines.items():
        if value:
            print_text(f"{name:<12}{value}")
