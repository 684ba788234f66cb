"""Reads a file in this very process, as the child does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.documents.extracted import Extracted, Refused
from core.documents.loading.child import documents
from core.documents.loading.source import Limits

Read = Callable[..., list[Extracted | Refused]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """`read("a.csv", data, **limits)`: what a file of this name and content gives."""

    def read(name: str, data: bytes | str, **limits: Any) -> list[Extracted | Refused]:
        path = tmp_path / "source"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return list(documents(path, name, Limits(**limits)))

    return read


@pytest.fixture
def one(read: Read) -> Callable[..., Extracted]:
    """As `read`, for a file that gives one document; checks what holds for every document."""

    def one(name: str, data: bytes | str, **limits: Any) -> Extracted:
        found = read(name, data, **limits)
        assert len(found) == 1, found
        document = found[0]
        assert isinstance(document, Extracted)
        ends = [0]
        for page in document.pages:
            assert ends[-1] <= page.start < page.end <= len(document.text)
            ends.append(page.end)
        assert not set("\0\r\x0b\x0c\x85\u2028\u2029\ud800") & set(document.text)
        document.text.encode()
        return document

    return one
