"""Where a result is made: hidden beside its place, renamed at the end, gone if anything goes wrong.

A result appears whole or not at all, and nothing that exists is ever written over. Knows nothing of the methods.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from core import jobs
from core.errors import Conflict, LoupeError, NotFound, OutOfMemory
from core.models.registry import local_dir

MAKING = ".making-"
RECORD = "loupe.json"
LIBRARIES = ("torch", "transformers", "bitsandbytes", "llmcompressor", "compressed-tensors", "gguf")


@contextmanager
def making(final: Path, job_id: str) -> Iterator[Path]:
    """A place to write to, which becomes `final` when the block ends well and is removed when it does not.

    Raises:
        Conflict: something has appeared at `final` meanwhile; it is left alone.
        LoupeError: the disk is full, or the folder cannot be written; one sentence.
    """
    _sweep(job_id)
    place = local_dir() / f"{MAKING}{job_id}{final.suffix if final.suffix == '.gguf' else ''}"
    try:
        local_dir().mkdir(parents=True, exist_ok=True)
        yield place
        _publish(place, final)
    except OSError as error:
        raise _explained(error, final) from None
    except LoupeError:
        raise
    except Exception as error:  # the libraries wrap the system's error in ones of their own
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
            raise OutOfMemory(
                f"There was not enough memory to make {final.name}; free some, or ask for less."
            ) from None
        if _is_full(error):
            raise _full(final) from None
        raise
    finally:
        _remove(place)


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """How the model in `folder` was made, with the versions of what made it."""
    document = record | {"made_at": datetime.now(UTC).isoformat(timespec="seconds"), "versions": versions()}
    (folder / RECORD).write_text(json.dumps(document, indent=2, allow_nan=False), encoding="utf-8")


def versions() -> dict[str, str]:
    """Versions of the libraries that made it, those that are installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def require_space(need: int, what: str) -> None:
    """Look before an hour of work whether the result will fit.

    Raises:
        LoupeError: it will not; both numbers are named.
    """
    folder = local_dir()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if need > free:
        raise LoupeError(
            f"{what} needs about {need / 1e6:,.0f} MB on the disk of {local_dir()} and {free / 1e6:,.0f} MB are free; "
            f"free some space."
        )


def _publish(place: Path, final: Path) -> None:
    """Rename, after the files have reached the disk; never over something."""
    if not place.exists():
        raise LoupeError(f"Nothing was made for {final.name}; the log of the job has the details.")
    for file in [place] if place.is_file() else sorted(place.rglob("*")):
        if file.is_file():
            descriptor = os.open(file, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    if place.is_file():
        try:
            os.link(place, final)  # unlike a rename, it fails where something is there
        except FileExistsError:
            raise Conflict(f"{final.name} has appeared meanwhile and is left alone; choose another name.") from None
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
        else:  # otherwise this file system knows no second name for a file: rename it as a folder is renamed
            return
    if final.exists() or final.is_symlink():
        raise Conflict(f"{final.name} has appeared meanwhile and is left alone; choose another name.")
    place.rename(final)  # fails where a folder that is not empty has appeared since


def _sweep(job_id: str) -> None:
    """Remove what jobs left that were killed: this one's earlier attempts, and those that are not active any more."""
    if not local_dir().is_dir():
        return
    for left in local_dir().glob(f"{MAKING}*"):
        owner = left.name.removeprefix(MAKING).removesuffix(".gguf")
        if owner == job_id or not _active(owner):
            _remove(left)


def _active(job_id: str) -> bool:
    try:
        return jobs.get(job_id).active
    except NotFound:
        return False


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)


def _is_full(error: BaseException) -> bool:
    text = str(error)
    marks = ("os error 28", "os error 122", "No space left", "requested and")  # the last one: numpy's tofile
    return any(mark in text for mark in marks)


def _full(final: Path) -> LoupeError:
    return LoupeError(
        f"The disk of {final.parent} is full, so {final.name} was not made; free some space and try again."
    )


def _explained(error: OSError, final: Path) -> LoupeError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or _is_full(error):
        return _full(final)
    return LoupeError(f"{final.name} could not be written to {final.parent}: {error.strerror or error}.")
