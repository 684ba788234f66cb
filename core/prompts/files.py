"""Files of presets and prompts: read within bounds and never through a link, written all or nothing.

Whatever the file system refuses is one sentence that names the file. Knows nothing of what the bytes mean.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from core.errors import InvalidInput, NotFound

_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
"""Follows no link, and does not wait for whoever writes to a pipe."""
_TEMPORARY = ".tmp"


def read(file: Path, kind: str, name: str, max_bytes: int) -> bytes:
    """The file's content.

    Args:
        file: what to read; only a plain file will do.
        kind: what it is in a sentence: preset or prompt.
        name: its name in a sentence.
        max_bytes: a larger file is refused before it fills the memory.

    Raises:
        InvalidInput: it is a link, a folder, a pipe, too large or cannot be read.
        NotFound: there is no such file.
    """
    with one_sentence(file, kind, name, "read"):
        if file.is_symlink():
            raise InvalidInput(f"The {kind} {file} is a link; put the file itself there.")
        with os.fdopen(os.open(file, _OPEN), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise InvalidInput(f"The {kind} {file} cannot be read: it is not a plain file.")
            content = stream.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise InvalidInput(f"The {kind} {file} is larger than {max_bytes // 1024:,} kB.")
    return content


def replace(target: Path, content: bytes) -> None:
    """Write beside it, then rename: whoever reads sees the old file or the new one, even after a power cut.

    Permissions of an existing file stay, a new one gets the usual ones.

    Raises:
        OSError: it could not be written; the old file is untouched.
    """
    temporary = target.with_name(f"{_beside(target)}{secrets.token_hex(4)}{_TEMPORARY}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def remove_leftovers(target: Path) -> None:
    """Delete what a process that was killed while it replaced `target` left; call it where nobody else writes."""
    beside = re.compile(re.escape(_beside(target)) + "[0-9a-f]{8}" + re.escape(_TEMPORARY))
    for file in target.parent.iterdir():
        if beside.fullmatch(file.name):
            file.unlink(missing_ok=True)


def _beside(target: Path) -> str:
    return f".{target.name[:100]}."


@contextlib.contextmanager
def one_sentence(file: Path, kind: str, name: str, done: str) -> Iterator[None]:
    """What the system says about `file` that cannot be `done`, as an error that a person can be shown."""
    try:
        yield
    except FileNotFoundError:
        raise NotFound(f"There is no {kind} “{name}”.") from None
    except OSError as error:
        raise InvalidInput(f"The {kind} {file} cannot be {done}: {error.strerror or error}.") from None


def digest(content: bytes) -> str:
    """What tells one content from another: SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
