"""A look at every cell in the store, beside figures that were read a moment before: what came between is passed over.

While an eval runs, cells appear between the two looks. Knows nothing of what is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from core.store.eval_figures import Figures
from core.store.eval_scans import CellId

T = TypeVar("T")


def aligned(figures: Figures, seen: Iterable[tuple[CellId, T]]) -> Iterator[tuple[int, T]]:
    """The place in `figures` of every cell that is in both, and what was seen of it.

    Args:
        figures: cells by row, variant, repeat.
        seen: cells in the same order.
    """
    known = list(zip(figures.row.tolist(), figures.variant.tolist(), figures.repeat.tolist(), strict=True))
    place = 0
    for cell, found in seen:
        while place < len(known) and known[place] < cell:
            place += 1
        if place < len(known) and known[place] == cell:
            yield place, found
