"""`loupe docs add`: files, folders and addresses into a collection. Knows nothing of how they are read or embedded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.output import complain, print_json, print_table, shown
from core.cli.sampling import number
from core.documents.settings import SPLITTERS, SplitSettings
from core.errors import LoupeError

if TYPE_CHECKING:
    from core.documents.collections import CollectionView

PATH_WIDTH, REASON_WIDTH = 60, 100


def command(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="Files, folders, zips or http(s) addresses.")],
    collection: Annotated[
        str, typer.Option(help="Name of the collection; it is made if there is none.", show_default=False)
    ],
    splitter: Annotated[str | None, typer.Option(help=f"{', '.join(SPLITTERS)}.", show_default="recursive")] = None,
    chunk_size: Annotated[
        str | None, typer.Option(help="Most tokens of a chunk.", metavar="INTEGER", show_default="200")
    ] = None,
    chunk_overlap: Annotated[
        str | None, typer.Option(help="Tokens that two neighbours share.", metavar="INTEGER", show_default="20")
    ] = None,
    parent_size: Annotated[
        str | None,
        typer.Option(
            help="parent-child: tokens of what is read around a chunk.", metavar="INTEGER", show_default="800"
        ),
    ] = None,
    embedding: Annotated[
        str | None, typer.Option(help="Reference of the embedding model.", show_default="minilm")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Add files to a collection; what is in it already and has not changed is left alone. Runs as a job."""
    from core.cli.following import ended_well, follow_job
    from core.documents import collections
    from core.documents.collections import Source

    given = {
        "splitter": splitter,
        "chunk_size": chunk_size if chunk_size is None else number(chunk_size),
        "chunk_overlap": chunk_overlap if chunk_overlap is None else number(chunk_overlap),
        "parent_size": parent_size if parent_size is None else number(parent_size),
    }
    given = {name: value for name, value in given.items() if value is not None}
    view = _collection(collection, given, embedding)
    split = None if view is None else _changed(view.splitter, given)
    job = collections.add(collection, [Source(path) for path in paths], split, embedding)
    ended = follow_job(job, quiet)
    result: dict[str, Any] = {"collection": collection.strip(), "files": [], "chunks": 0} | ended.result
    if as_json and ended.status == "finished":
        print_json(result)
    elif not as_json:
        _print(result)
    ended_well(ended)
    if result["files"] and all(file["status"] in ("failed", "refused") for file in result["files"]):
        first = result["files"][0]
        raise LoupeError(first["reason"] if len(result["files"]) == 1 else f"Nothing was added: {first['reason']}")
    if not result["files"]:
        raise LoupeError("Nothing was added: there is no file in what was named.")


def _collection(name: str, given: dict[str, Any], embedding: str | None) -> CollectionView | None:
    """The collection if it is there; else it is made, and `None` says that its settings are those given."""
    from core.documents import collections
    from core.errors import Conflict, NotFound

    try:
        return collections.get(name)
    except NotFound:
        try:
            collections.create(name, SplitSettings.parse(**given), embedding or collections.DEFAULT_EMBEDDING)
            return None
        except Conflict:  # another process was quicker
            return collections.get(name)


def _changed(present: SplitSettings, given: dict[str, Any]) -> SplitSettings | None:
    """The collection's settings with what was given; `None` when nothing was."""
    return SplitSettings.parse(**(present.model_dump() | given)) if given else None


def _print(result: dict[str, Any]) -> None:
    rows = [
        [
            shown(file["path"], PATH_WIDTH),
            file["status"],
            f"{file['chunks']:,}",
            shown(file["reason"] or "", REASON_WIDTH),
        ]
        for file in result["files"]
    ]
    if rows:
        print_table(["file", "status", "chunks", ""], rows)
    complain(f"{result['chunks']:,} chunks in “{result['collection']}”.")
