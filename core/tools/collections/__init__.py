"""Collections of documents that Search reads: found by name, whatever they are made of.

A name is that of a collection that ships with Loupe (`prompts/collections/NAME`), else a folder of text files. A
further kind of collection is a file here that has `search`, and a line in `open_collection`.
"""

from __future__ import annotations

from pathlib import Path

from core.errors import InvalidInput, NotFound
from core.tools.collections.collection import Collection, Hit

SHIPPED = Path(__file__).resolve().parents[3] / "prompts" / "collections"


def shipped_collections() -> tuple[str, ...]:
    """Names of the collections that ship with Loupe."""
    return tuple(sorted(folder.name for folder in SHIPPED.glob("*") if folder.is_dir()))


def folder_of(name: str) -> Path:
    """The folder that a collection's name stands for; cheap, nothing is read.

    Raises:
        NotFound: there is no such collection and no such folder.
        InvalidInput: the name cannot be a path.
    """
    if name in shipped_collections():
        return SHIPPED / name
    shown = name if len(name) <= 200 else f"…{name[-199:]}"
    if not name.strip():
        raise InvalidInput("The collection has no name: give a folder of .txt and .md files.", "collection")
    try:
        folder = Path(name).expanduser()
        if folder.is_dir():
            return folder.resolve()
    except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL in it, ~NAME of nobody
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput(f"The collection {shown} cannot be read: {reason}.", "collection") from None
    known = ", ".join(shipped_collections())
    raise NotFound(f"There is no collection {shown}: give a folder of .txt and .md files, or one of {known}.")


def open_collection(name: str) -> Collection:
    """The collection of this name, ready to be searched.

    Raises:
        NotFound, InvalidInput: as `folder_of`; also when nothing in it can be read.
    """
    from core.tools.collections.folder import open_folder

    return open_folder(folder_of(name), name)


__all__ = ["Collection", "Hit", "folder_of", "open_collection", "shipped_collections"]
