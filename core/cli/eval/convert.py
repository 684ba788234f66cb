"""`loupe eval convert`: any eval file as promptfoo's YAML."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import complain, print_json, print_text


def command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="promptfoo's YAML or JSON, or a .prompt.yml.")],
    model: Annotated[
        list[str] | None, typer.Option(metavar="REF", help="Instead of the file's models; repeatable.")
    ] = None,
    skip_unsupported: Annotated[
        bool, typer.Option("--skip-unsupported", help="Leave out assertions that Loupe cannot check, and name them.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Print an eval file as promptfoo's YAML."""
    from core.evals.formats import read_eval, write_eval

    read = read_eval(file, models=tuple(model or ()), skip_unsupported=skip_unsupported)
    text = write_eval(read)
    if as_json:
        print_json({"file": text, "notes": list(read.notes)})
        return
    for note in read.notes:
        complain(note)
    print_text(text, end="")
