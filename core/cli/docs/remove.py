"""`loupe docs remove`: documents out of a collection, or the whole collection. Knows nothing of how they are kept."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import complain, print_json
from core.errors import InvalidInput, NotFound


def command(
    collection: Annotated[str, typer.Option(help="Name of the collection.", show_default=False)],
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH…", help="As loupe docs list shows them; a file's parts and a folder's files too."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Delete the collection itself.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Remove documents from a collection, with their chunks and vectors."""
    from core.documents import collections
    from core.documents.ingest.sources import named

    if bool(paths) == everything:
        raise InvalidInput("Name the documents to remove, or give --all to delete the whole collection.")
    view = collections.get(collection)
    if everything:
        gone = [each.path for each in collections.documents(collection)]
        collections.delete(collection)
    else:
        wanted = [form for path in paths or () for form in dict.fromkeys((path, named(path)))]
        gone = collections.remove(collection, wanted)
        if not gone:
            raise NotFound(
                f"The collection “{view.name}” holds nothing called {(paths or [''])[0][:200]}; "
                "loupe docs list --collection shows what it holds."
            )
    chunks = 0 if everything else collections.get(collection).chunks
    if as_json:
        files = [{"path": path, "status": "removed", "chunks": 0, "reason": None} for path in gone]
        print_json({"collection": view.name, "files": files, "chunks": chunks})
    else:
        what = "collection" if everything else f"{len(gone):,} document{'' if len(gone) == 1 else 's'} of"
        complain(f"Removed the {what} “{view.name}”." if everything else f"Removed {what} “{view.name}”.")
