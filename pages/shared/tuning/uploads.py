"""Training files that a browser sent, kept in the data directory by what is in them: the command of a run names them.

Knows nothing of what the rows mean.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from core.errors import InvalidInput
from core.prompts import files
from core.settings import ensure_home
from pages.shared.documents.uploads import Upload

FOLDER = "training"
_STRANGE = re.compile(r"[^A-Za-z0-9._-]+")


def keep(upload: Upload) -> Path:
    """Write it to disk, unless it is there already; where it lies.

    Raises:
        InvalidInput: the disk is full or cannot be written.
    """
    content = bytes(upload.getbuffer())
    name = _STRANGE.sub("-", Path(upload.name).name).lstrip(".-")[-80:] or "rows.jsonl"
    folder = ensure_home() / FOLDER / hashlib.sha256(content).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / name).exists():
            files.replace(folder / name, content)
    except OSError as error:
        raise InvalidInput(f"The file cannot be kept in {folder.parent}: {error.strerror or error}.", "data") from None
    return folder / name
