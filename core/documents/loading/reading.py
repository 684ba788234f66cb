"""A file's bytes to its documents in this very process: digest, type, then the reader of that type.

Knows nothing of limits on the process; `core.documents.loading.loader` is what everybody else calls.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from core.documents.extracted import Extracted, Refused
from core.documents.loading.detect import kind_of
from core.documents.loading.source import Budget, Limits, Source, Watch, clean_line
from core.documents.loading.text import BLOCK, Utf8Check
from core.documents.loading.types import reader
from core.errors import LoadError


def opened(
    file: BinaryIO,
    name: str,
    limits: Limits,
    watch: Watch,
    *,
    key: str = "",
    depth: int = 0,
    budget: Budget | None = None,
) -> Source:
    """A source with its digest; the file is read through once, in flat memory."""
    digest, utf8, size = hashlib.sha256(), Utf8Check(), 0
    file.seek(0)
    while block := file.read(BLOCK):
        digest.update(block)
        utf8.feed(block)
        size += len(block)
        watch.beat()
    return Source(file, name, size, digest.hexdigest(), utf8.end(), limits, watch, key, depth, budget or Budget())


def read(source: Source) -> Iterator[Extracted | Refused]:
    """The documents of a source, whatever its type.

    Raises:
        LoadError: it cannot be read; one sentence, also for what a library stumbled over.
        MemoryError: it needs more than this process may have.
    """
    if not source.size:
        raise source.problem("is empty.")
    module = None
    try:
        kind = kind_of(source)
        module = reader(kind)
        note = _named_otherwise(source, kind)
        for found in module.read(source):
            yield replace(found, notes=(note, *found.notes)) if note and isinstance(found, Extracted) else found
    except (LoadError, MemoryError):
        raise
    except RecursionError:
        raise source.problem("is nested too deeply to be read.") from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise source.problem("could not be unpacked: no space is left for temporary files.") from None
        what = module.TITLE if module else "a file of a type that Loupe reads"
        reason = clean_line(str(error), 120).rstrip(".") or type(error).__name__
        raise source.problem(f"is damaged or not really {what} ({reason}); get the file again.") from None


def _named_otherwise(source: Source, kind: str) -> str:
    """A note where a binary type has the suffix of another one."""
    if kind not in OWN_SUFFIXES or not source.suffix or source.suffix in OWN_SUFFIXES[kind]:
        return ""
    return f"It is named {clean_line(source.suffix, 20)}, but is {reader(kind).TITLE} and was read as one."


OWN_SUFFIXES = {
    "pdf": (".pdf",),
    "docx": (".docx", ".docm", ".dotx"),
    "pptx": (".pptx", ".pptm", ".ppsx", ".potx"),
    "xlsx": (".xlsx", ".xlsm", ".xltx"),
    "epub": (".epub",),
}
"""Of the types that are known by their bytes."""
