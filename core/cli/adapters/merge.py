"""`loupe adapters merge`: a reference with adapters as a model of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import complain, print_json


def command(
    ref: Annotated[str, typer.Argument(metavar="REF", help="Model and adapters, such as smollm2+a*0.6+b*0.4.")],
    name: Annotated[str, typer.Option(help="What the merged model is called.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Merge adapters into their base and write the whole model, as safetensors with its tokenizer."""
    from core.models.adapters.export import merged, target_of

    folder = merged(ref, target_of(name))
    if as_json:
        print_json({"ref": f"path:{folder}", "folder": str(folder)})
    else:
        complain(f"Wrote {folder}; run it as path:{folder}.")
