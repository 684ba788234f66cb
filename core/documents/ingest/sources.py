"""What a job adds: files, folders with everything below them, addresses; their names, sizes and digests.

Knows nothing of what is in a file.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import LoadError

ADDRESS_BYTES = 200_000
"""What an address counts for in the progress: its size is not known before it is fetched."""
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Item:
    """One file or address."""

    path: str
    name: str
    """The document's path in the collection."""
    size: int
    """Bytes; an estimate for an address, 0 for what cannot be read."""

    @property
    def is_address(self) -> bool:
        """It has to be fetched first."""
        return is_address(self.path)


def is_address(path: str) -> bool:
    """Whether it is on the web rather than on this machine."""
    return path.lower().startswith(("http://", "https://"))


def named(path: str, name: str = "") -> str:
    """What a document is called in its collection: as it was written, without ./ and doubled slashes."""
    name = name or path
    name = name if is_address(name) else os.path.normpath(name).replace(os.sep, "/")
    return name.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def walk(sources: Iterable[dict[str, Any]]) -> list[Item]:
    """Every file and address, in the given order; a folder's files by name, hidden ones left out.

    A name that comes twice is added once, the last time wins: it is the newer upload.
    """
    found: dict[str, Item] = {}
    for source in sources:
        path, name = str(source["path"]), named(str(source["path"]), str(source.get("name") or ""))
        for item in _items(path, name):
            found.pop(item.name, None)
            found[item.name] = item
    return list(found.values())


def digest_of(path: Path, cancel: threading.Event) -> str:
    """SHA-256 of a file's bytes, in hex.

    Raises:
        LoadError: it cannot be read, or the work was cancelled.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                if cancel.is_set():
                    raise LoadError("The work was cancelled.")
    except (OSError, ValueError) as error:
        raise LoadError(f"{path.name} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    return digest.hexdigest()


def _items(path: str, name: str) -> Iterator[Item]:
    if is_address(path):
        yield Item(path, name, ADDRESS_BYTES)
    elif _is_folder(path):
        for folder, below, files in os.walk(path):
            below[:] = sorted(each for each in below if not each.startswith("."))
            for file in sorted(each for each in files if not each.startswith(".")):
                whole = os.path.join(folder, file)
                if os.path.isfile(whole):  # no sockets, pipes or links that lead nowhere
                    yield Item(whole, named("", f"{name}/{os.path.relpath(whole, path)}"), _size(whole))
    else:
        yield Item(path, name, _size(path))


def _is_folder(path: str) -> bool:
    try:
        return os.path.isdir(path)
    except ValueError:  # a NUL in it
        return False


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except (OSError, ValueError):  # said in words when it is opened
        return 0
