"""`loupe adapters list`: the adapters of the library. Loads nothing, and no torch."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import complain, print_json, print_table, shown, size


def command(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """List the adapters on this machine."""
    from core.models.adapters.library import list_adapters, reference

    found = list_adapters()
    if as_json:
        print_json([{**adapter.as_json(), "ref": reference(adapter)} for adapter in found])
        return
    if not found:
        complain("There is no adapter yet; loupe tune makes one.")
        return
    rows = [
        [
            adapter.name,
            "" if adapter.problem else adapter.method,
            shown(reference(adapter) or adapter.base or "", 48),
            "" if adapter.size is None else str(adapter.size),
            f"{adapter.parameters:,}" if adapter.parameters else "",
            size(adapter.size_bytes) if adapter.size_bytes else "",
        ]
        for adapter in found
    ]
    print_table(["name", "method", "reference", "rank", "parameters", "size"], rows)
    for adapter in found:
        if adapter.problem:
            complain(f"{adapter.name}: {adapter.problem}")
