"""Collections of documents that Search reads: found by name, whatever they are made of.

A name is that of a collection made with `loupe docs` or on the page Collections, else of one that ships with Loupe
(`prompts/collections/NAME`), else a folder of text files. A further kind is a file here whose class has `search` and
`similar`, and a line in `open_collection`.
"""

from __future__ import annotations

from pathlib import Path

from core.errors import InvalidInput, NotFound
from core.tools.collections.collection import Collection, Hit

SHIPPED = Path(__file__).resolve().parents[3] / "prompts" / "collections"


def shipped_collections() -> tuple[str, ...]:
    """Names of the collections that ship with Loupe."""
    return tuple(sorted(folder.name for folder in SHIPPED.glob("*") if folder.is_dir()))


def known_collections() -> tuple[str, ...]:
    """Names that can be chosen: of the person's own collections, then of those that ship with Loupe.

    Raises:
        StoreError: the store cannot be read.
    """
    from core.documents import collections as stored

    return tuple(dict.fromkeys((*(each.name for each in stored.list_collections()), *shipped_collections())))


def folder_of(name: str) -> Path | None:
    """The folder that a collection's name stands for, `None` for a collection of the store; cheap, nothing is read.

    Raises:
        NotFound: there is no such collection and no such folder.
        InvalidInput: the name cannot be a path.
    """
    shown = name if len(name) <= 200 else f"…{name[-199:]}"
    if not name.strip():
        raise InvalidInput("The collection has no name: give that of a collection, or a folder of texts.", "collection")
    if _is_stored(name):
        return None
    if name in shipped_collections():
        return SHIPPED / name
    try:
        folder = Path(name).expanduser()
        if folder.is_dir():
            return folder.resolve()
    except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL in it, ~NAME of nobody
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput(f"The collection {shown} cannot be read: {reason}.", "collection") from None
    known = ", ".join(known_collections()[:10])
    raise NotFound(f"There is no collection {shown}: give one of {known}, or a folder of .txt and .md files.")


def open_collection(name: str) -> Collection:
    """The collection of this name, ready to be searched.

    Raises:
        NotFound, InvalidInput: as `folder_of`; also when nothing in it can be read.
    """
    from core.tools.collections.folder import open_folder
    from core.tools.collections.stored import open_stored

    folder = folder_of(name)
    return open_stored(name) if folder is None else open_folder(folder, name)


def _is_stored(name: str) -> bool:
    from core.documents import collections as stored

    if "\0" in name:  # a database may refuse it
        return False
    try:
        stored.get(name)
    except NotFound:
        return False
    return True


__all__ = ["Collection", "Hit", "folder_of", "known_collections", "open_collection", "shipped_collections"]
