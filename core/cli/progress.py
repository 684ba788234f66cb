"""How far long work has come: one line on stderr that is drawn over and over, with rate and time left.

Knows nothing of the work. Writes only to a terminal, and only when the work takes longer than a second.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType

FIRST_S, BETWEEN_S = 1.0, 0.2


class ProgressLine:
    """A line that tells how many are done; gone when the work is."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._live = sys.stderr.isatty()
        self._began = time.monotonic()
        self._next = self._began + FIRST_S
        self._drawn = False

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def show(self, done: int, fraction: float | None) -> None:
        """`done` units are complete; `fraction` is the part of all work, from 0 to 1, `None` when unknown."""
        if not self._live or (now := time.monotonic()) < self._next:
            return
        self._next, self._drawn = now + BETWEEN_S, True
        elapsed = now - self._began
        parts = [f"{done:,} {self._unit}", f"{done / elapsed:,.0f}/s"]
        if fraction:
            parts.insert(1, f"{100 * fraction:.0f} %")
            parts.append(f"{elapsed * (1 - fraction) / fraction:.0f} s left")
        print(f"\r\x1b[K{' · '.join(parts)}", end="", file=sys.stderr, flush=True)
