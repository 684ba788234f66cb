"""Which rows are trained together: padded, grouped by length, or packed.

Knows nothing of tokens; only of lengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

How = Literal["pad", "group", "pack"]


def plan_batches(
    lengths: Sequence[int], *, size: int, how: How, max_length: int, seed: int, epoch: int
) -> list[list[int]]:
    """Indices of the rows of every step of an epoch: each row once, the same for the same seed and epoch.

    Args:
        lengths: tokens of each row, none more than `max_length`.
        size: rows a step; with `pack`, sequences a step.
        how: `pad`: in random order. `group`: rows of like length together, the steps in random order. `pack`: rows laid
            one after another into sequences of at most `max_length` tokens, `size` sequences a step; `sequences` says
            which rows share one.
        max_length: in tokens; only `pack` needs it.
        seed: draws the order, together with the epoch.
        epoch: from 0.

    Raises:
        InvalidInput: a number out of range, or a row longer than `max_length` where it matters.
    """
    raise NotImplementedError


def sequences(step: Sequence[int], lengths: Sequence[int], max_length: int) -> list[list[int]]:
    """The rows of a packed step, sequence by sequence: at most `size` of them, none over `max_length` tokens."""
    raise NotImplementedError
