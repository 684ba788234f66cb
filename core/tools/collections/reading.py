"""Reads the text files of a folder, within bounds: how many, how large, and never outside the folder.

What is left out is named, never fatal. Knows nothing of searching.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from core.tools.page import Page

SUFFIXES = (".txt", ".md", ".markdown")
MAX_FILES = 5000
MAX_FILE_BYTES = 4 * 2**20
MAX_TOTAL_BYTES = 64 * 2**20
MAX_DEPTH = 12
MAX_SEEN = 50_000
"""Entries of any kind that are looked at: a folder may be the root of a disk."""
MAX_NAMED = 5
"""Files left out are named up to here and counted beyond."""
_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
"""Follows no link, and does not wait for whoever writes to a pipe."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A text file in the folder, as it is now."""

    path: Path
    """Where it really is: a link inside the folder is followed."""
    name: str
    """Its path inside the folder."""
    size: int
    changed: int
    """Nanoseconds."""


def listing(folder: Path) -> tuple[list[Listed], list[tuple[str, str]]]:
    """The text files under `folder` in order of their names, and what is left out: name and reason.

    Links to folders are not followed, links to files only inside the folder; hidden files are passed over.
    """
    root = folder.resolve()
    found: list[Listed] = []
    left_out: list[tuple[str, str]] = []
    refused: list[OSError] = []
    total = seen = 0
    for where, folders, files in os.walk(root, onerror=refused.append):
        inside = Path(where).relative_to(root)
        if (seen := seen + len(folders) + len(files)) > MAX_SEEN:
            left_out.append((str(inside), f"comes after the first {MAX_SEEN:,} entries, as does what follows"))
            break
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if len(inside.parts) >= MAX_DEPTH:
            left_out += [(str(inside / name), "lies too deep") for name in folders]
            folders.clear()
        for file in sorted(files):
            if file.startswith(".") or not file.lower().endswith(SUFFIXES):
                continue
            name = str(inside / file)
            try:
                real = (Path(where) / file).resolve(strict=True)
                info = real.stat()
            except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
                left_out.append((name, getattr(error, "strerror", None) or "is a link that leads nowhere"))
                continue
            if not real.is_relative_to(root):
                left_out.append((name, "is a link out of the folder"))
            elif not stat.S_ISREG(info.st_mode):
                left_out.append((name, "is no plain file"))
            elif info.st_size > MAX_FILE_BYTES:
                left_out.append((name, f"is larger than {MAX_FILE_BYTES // 2**20} MB"))
            elif len(found) >= MAX_FILES:
                left_out.append((name, f"comes after the first {MAX_FILES:,} files"))
            elif total + info.st_size > MAX_TOTAL_BYTES:
                left_out.append((name, f"comes after the first {MAX_TOTAL_BYTES // 2**20} MB"))
            else:
                total += info.st_size
                found.append(Listed(real, name, info.st_size, info.st_mtime_ns))
    return found, left_out + [_refused(error, root) for error in refused]


def read(file: Listed) -> tuple[Page | None, str]:
    """The document in a file, or `None` and why not."""
    try:
        with os.fdopen(os.open(file.path, _OPEN), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                return None, "is no plain file"
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        return None, f"cannot be read: {error.strerror}"
    if len(content) > MAX_FILE_BYTES:
        return None, f"is larger than {MAX_FILE_BYTES // 2**20} MB"
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None, "is not UTF-8 text"
    if "\0" in text:
        return None, "is not text"
    if not text.strip():
        return None, "is empty"
    title, body = _titled(text, Path(file.name).stem)
    return Page(title, body, file.name), ""


def named(left_out: list[tuple[str, str]]) -> tuple[str, ...]:
    """One sentence for every file that was left out, and one for those beyond `MAX_NAMED`."""
    notes = [f"{_short(name)} is left out: it {reason}." for name, reason in left_out[:MAX_NAMED]]
    if (more := len(left_out) - MAX_NAMED) > 0:
        notes.append(f"{more:,} more file{' is' if more == 1 else 's are'} left out.")
    return tuple(notes)


def _titled(text: str, stem: str) -> tuple[str, str]:
    """Title and the rest: a Markdown heading, a short first line that stands alone, or else the file's name."""
    text = text.replace("\r\n", "\n").strip()
    first, _, rest = text.partition("\n")
    if heading := re.fullmatch(r"#\s+(.{1,200}?)\s*#*", first):
        return heading[1], rest.strip() or heading[1]
    if rest.strip() and len(first) <= 100 and rest.startswith("\n") and not first.rstrip().endswith((".", ":", ";")):
        return first.strip(), rest.strip()
    return re.sub(r"[_-]+", " ", stem).strip() or stem, text


def _refused(error: OSError, root: Path) -> tuple[str, str]:
    path = Path(os.fsdecode(error.filename or root))
    return str(path.relative_to(root) if path.is_relative_to(root) else path), f"cannot be read: {error.strerror}"


def _short(name: str) -> str:
    name = "".join(char if char.isprintable() else "�" for char in name)
    return name if len(name) <= 120 else f"…{name[-119:]}"
