"""Which of several alike cases run with every `make test`, and which with `make slow` alone. Knows no test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def quick(names: Iterable[str], *always: str) -> list[Any]:
    """Cases for `parametrize`: those named in `always`, and the others marked slow.

    Raises:
        ValueError: one of `always` is not among them.
    """
    known = list(names)
    if unknown := set(always) - set(known):
        raise ValueError(f"no such case: {', '.join(sorted(unknown))}")
    return [name if name in always else pytest.param(name, marks=pytest.mark.slow) for name in known]
