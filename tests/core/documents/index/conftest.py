"""The index is let go of after every test: the next one has another data directory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.documents import index


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    index.close()
