"""Files that a browser sent, kept in the data directory under names that we draw. What a person called them is shown.

They are needed until they are added; a day later what no unfinished job needs is deleted. Knows nothing of what is in
them.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from core import jobs
from core.documents.collections import Source
from core.errors import InvalidInput
from core.settings import ensure_home

FOLDER = "uploads"
KEEP_S = 24 * 3600
MOST_JOBS = 1000


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
        StoreError: the jobs that may need older ones cannot be read.
    """
    folder = ensure_home() / FOLDER / uuid.uuid4().hex
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise _cannot(folder, error) from None
    _delete_old(folder.parent)
    return folder


def _delete_old(uploads: Path) -> None:
    old = [each for each in uploads.iterdir() if _age(each) > KEEP_S]
    if not old:
        return
    unfinished = [each for each in jobs.list_jobs(kind="ingest", limit=MOST_JOBS) if each.active or each.resumable]
    needed = {Path(str(source["path"])).parent for job in unfinished for source in job.request.get("sources", ())}
    for each in old:
        if each not in needed:
            shutil.rmtree(each, ignore_errors=True)


def _age(folder: Path) -> float:
    try:
        return time.time() - folder.stat().st_mtime
    except OSError:  # deleted meanwhile
        return 0.0


def _written(folder: Path, number: int, upload: Upload) -> Source:
    path = folder / f"{number:05d}"
    with path.open("wb") as file:
        file.write(upload.getbuffer())
    return Source(path=str(path), name=upload.name)


def _cannot(folder: Path, error: OSError) -> InvalidInput:
    return InvalidInput(
        f"The files cannot be kept in {folder.parent}: {error.strerror or error}; free some space and try again."
    )
