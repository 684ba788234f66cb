"""`loupe docs rebuild`: the index of a collection anew, or its vectors by another model.

Knows nothing of how an index or a vector is made.
"""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import complain, print_json


def command(
    collection: Annotated[str, typer.Option(help="Name of the collection.", show_default=False)],
    embedding: Annotated[
        str | None,
        typer.Option(help="Compute the vectors with this model; the present one serves until all are there."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Make the index of a collection anew from the store; texts are embedded again only with --embedding."""
    from core.cli.following import ended_well, follow_job
    from core.documents import collections

    if embedding is not None and embedding != collections.get(collection).embedding:
        ended_well(follow_job(collections.change_embedding(collection, embedding), quiet))
    ended = ended_well(follow_job(collections.rebuild(collection), quiet))
    view = collections.get(collection)
    if as_json:
        print_json({"collection": view.name, "files": [], "chunks": view.chunks, "index": ended.result})
    else:
        complain(f"The index of “{view.name}” holds {view.chunks:,} chunks, searched with {view.embedding}.")
