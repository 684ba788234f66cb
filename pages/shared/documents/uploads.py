"""Files that a browser sent, kept in the data directory under names that we draw. What a person called them is shown.

Knows nothing of what is in them.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from core.documents.collections import Source
from core.errors import InvalidInput
from core.settings import ensure_home

FOLDER = "uploads"


class Upload(Protocol):
    """What `st.file_uploader` gives."""

    name: str

    def getbuffer(self) -> memoryview:
        """Its bytes."""


def keep(uploads: Sequence[Upload]) -> list[Source]:
    """Write them to disk, each under a name of ours.

    Returns:
        Where each lies, and what it was called.

    Raises:
        InvalidInput: the disk is full or cannot be written; nothing is left behind.
    """
    folder = new_folder()
    try:
        return [_written(folder, number, upload) for number, upload in enumerate(uploads)]
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise _cannot(folder, error) from None


def new_folder() -> Path:
    """A folder of the data directory that nobody else has.

    Raises:
        InvalidInput: it cannot be made.
    """
    folder = ensure_home() / FOLDER / uuid.uuid4().hex
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise _cannot(folder, error) from None
    return folder


def _written(folder: Path, number: int, upload: Upload) -> Source:
    path = folder / f"{number:05d}"
    with path.open("wb") as file:
        file.write(upload.getbuffer())
    return Source(path=str(path), name=upload.name)


def _cannot(folder: Path, error: OSError) -> InvalidInput:
    return InvalidInput(
        f"The files cannot be kept in {folder.parent}: {error.strerror or error}; free some space and try again."
    )
