"""Many tests at once: what each p is worth. Knows nothing of the tests."""

from __future__ import annotations

from collections.abc import Sequence


def holm(ps: Sequence[float]) -> list[float]:
    """Each p corrected, in the order given.

    Where those below 0.05 are called decisive, the chance that any of them is none stays below 5 %.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure; as statsmodels'
    `multipletests(method="holm")`.
    """
    order = sorted(range(len(ps)), key=lambda place: ps[place])
    corrected, largest = [0.0] * len(ps), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[place]))
        corrected[place] = largest
    return corrected
