"""Eval files and data sets that came through a browser, kept in the data directory for as long as an eval needs them.

A folder is named by its content: the same upload twice lies there once, and no name of a stranger becomes a path.
Knows nothing of what is in them.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from core.errors import InvalidInput
from core.prompts.names import short
from core.settings import ensure_home, get_settings
from core.store import evals as store

FOLDER = "evals"
UNUSED_S = 24 * 3600
"""What no eval was started from goes after this long."""
MOST_FILES, MOST_BYTES = 100, 500 * 10**6
_NAME = re.compile(r"[^\W.][\w .()+,@=-]{0,149}")
_OURS = re.compile(r"[0-9a-f]{40}")


def keep(files: Mapping[str, bytes]) -> Path:
    """Write files into a folder of their own and return it; one that is there is used again.

    Args:
        files: content by name; names are kept, since an eval file refers to its data by them.

    Raises:
        InvalidInput: a name cannot be one, there is too much, or the disk refuses; nothing is left behind.
    """
    if len(files) > MOST_FILES or sum(map(len, files.values())) > MOST_BYTES:
        raise InvalidInput(f"More than {MOST_FILES} files or {MOST_BYTES // 10**6} MB are too much for an eval.")
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        if not is_name(name):
            raise InvalidInput(f"The file name {short(name)} cannot be kept; use letters, digits, '.', '-' and '_'.")
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    ensure_home()
    folder = _home() / digest.hexdigest()[:40]
    if folder.is_dir():
        return folder
    beside = folder.with_name(f".{uuid.uuid4().hex}")
    try:
        beside.mkdir(parents=True)
        for name, content in files.items():
            (beside / name).write_bytes(content)
        beside.rename(folder)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        if folder.is_dir():  # somebody else kept the same at the same moment
            return folder
        raise InvalidInput(f"The files cannot be kept in {folder.parent}: {error.strerror or error}.") from None
    return folder


def add(folder: Path, name: str, content: bytes) -> Path:
    """Write a further file into a kept folder and return it; one of this name stays as it is.

    Raises:
        InvalidInput: the disk refuses, or the folder is none of ours; then nothing was written.
    """
    if folder.parent != _home() or not is_name(name):
        raise InvalidInput(f"{short(name)} cannot be kept in {folder}.")
    file = folder / name
    if not file.exists():
        beside = folder / f".{uuid.uuid4().hex}"
        try:
            beside.write_bytes(content)
            beside.replace(file)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise InvalidInput(f"The file cannot be kept in {folder}: {error.strerror or error}.") from None
    return file


def is_name(name: str) -> bool:
    """Whether a file may be kept under this name."""
    return _NAME.fullmatch(name) is not None


def sweep() -> None:
    """Delete folders that no eval was started from, a day after they were kept."""
    for folder in _home().iterdir() if _home().is_dir() else ():
        if time.time() - folder.stat().st_mtime > UNUSED_S:
            forget(folder)


def forget(folder: Path) -> None:
    """Delete a kept folder, unless an eval needs it; any other folder stays."""
    ours = folder.parent == _home() and (_OURS.fullmatch(folder.name) or folder.name.startswith("."))
    if ours and not store.mentions(folder.name):
        shutil.rmtree(folder, ignore_errors=True)


def _home() -> Path:
    return get_settings().home / FOLDER
