"""One file a type: `read(source)` yields its documents. A further type is a file here and its name in `TYPES`.

Knows nothing of processes; heavy libraries are imported inside `read`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol, cast

from core.documents.extracted import Extracted, Refused
from core.documents.loading.source import Source

TYPES = (
    *("pdf", "docx", "pptx", "xlsx", "epub"),
    *("html", "markdown", "text", "csv", "json", "jsonl", "xml"),
    "archive",
)
"""Modules of this package; `core.documents.loading.detect` says which one a file needs."""


class Reader(Protocol):
    """A module of this package."""

    TITLE: str
    """What a person calls the type, with its article: "a PDF"."""

    @staticmethod
    def read(source: Source) -> Iterator[Extracted | Refused]:
        """The documents of a file.

        Raises:
            LoadError: it cannot be read; one sentence. Any other exception means that the file is damaged.
        """


def reader(kind: str) -> Reader:
    """The module that reads `kind`, one of `TYPES`."""
    return cast(Reader, import_module(f"{__name__}.{kind}"))
