"""`loupe eval export`: reports of an eval that was run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.output import print_json, print_text


def command(
    eval: Annotated[str, typer.Argument(metavar="ID", help="The eval, as loupe eval list names it.")],
    out: Annotated[str, typer.Option(metavar="DIR", help="Where to; made when it is not there.")],
    format: Annotated[
        list[str] | None, typer.Option(help="html, csv, json or junit; repeatable.", show_default="all")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Write reports: one HTML page that opens anywhere, CSV, JSON, JUnit."""
    from core.evals.report import write_reports

    paths = write_reports(eval, Path(out).expanduser(), format)
    if as_json:
        print_json({"eval": eval, "reports": [str(each) for each in paths]})
        return
    for path in paths:
        print_text(str(path))
