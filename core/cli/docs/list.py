"""`loupe docs list`: the collections, or the documents of one. Knows nothing of how they got there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.output import print_json, print_table, shown, size

if TYPE_CHECKING:
    from core.documents.collections import CollectionView, DocumentView


def command(
    collection: Annotated[
        str | None, typer.Option(help="List the documents of this collection.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the collections, or the documents of one."""
    from core.documents import collections

    if collection is None:
        views = collections.list_collections()
        if as_json:
            print_json([_collection(view) for view in views])
        else:
            _print_collections(views)
        return
    view = collections.get(collection)
    found, counts = collections.documents(collection), collections.chunk_counts(collection)
    if as_json:
        print_json({**_collection(view), "files": [_document(each, counts) for each in found]})
    else:
        _print_documents(found, counts)


def _collection(view: CollectionView) -> dict[str, Any]:
    from core.documents import index

    return {
        "collection": view.name,
        "documents": view.documents,
        "chunks": view.chunks,
        "characters": view.characters,
        "size_bytes": view.size,
        "embedding": view.embedding,
        "dimension": view.dimension,
        "next_embedding": view.next_embedding,
        "splitter": view.splitter.model_dump(),
        "created_at": view.created_at.isoformat(),
        "updated_at": view.updated_at.isoformat(),
        "index": index.state(view.name).as_json(),
    }


def _document(view: DocumentView, counts: dict[str, int]) -> dict[str, Any]:
    return {
        "path": view.path,
        "chunks": counts.get(view.path, 0),
        "kind": view.kind,
        "title": view.title,
        "sha256": view.digest,
        "size_bytes": view.size,
        "characters": view.characters,
        "pages": len(view.pages),
        "added_at": view.added_at.isoformat(),
        "metadata": view.metadata,
        "notes": list(view.notes),
    }


def _print_collections(views: list[CollectionView]) -> None:
    header = ["collection", "documents", "chunks", "size", "embedding", "split by", "changed"]
    rows = [
        [
            shown(view.name),
            f"{view.documents:,}",
            f"{view.chunks:,}",
            size(view.size),
            shown(view.embedding),
            f"{view.splitter.splitter} {view.splitter.chunk_size}/{view.splitter.chunk_overlap}",
            f"{view.updated_at.astimezone():%Y-%m-%d %H:%M}",
        ]
        for view in views
    ]
    print_table(header, rows)


def _print_documents(found: list[DocumentView], counts: dict[str, int]) -> None:
    rows = [
        [
            shown(view.path, 60),
            view.kind,
            f"{counts.get(view.path, 0):,}",
            size(view.size),
            f"{view.added_at.astimezone():%Y-%m-%d %H:%M}",
            shown(view.title, 40),
        ]
        for view in found
    ]
    print_table(["file", "kind", "chunks", "size", "added", "title"], rows)
