"""Rows that are held out: drawn by a seed, and from every label its share.

Knows nothing of tokens or training.
"""

from __future__ import annotations

from core.tuning.data.rows import Rows


def split(rows: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    """Rows to train on and rows held out, both in the file's order; the same for the same seed.

    Args:
        rows: at least two.
        share: of the rows that are held out, between 0 and 1; of every label as near to it as whole rows allow, and
            never all of a label's rows.
        seed: draws them.

    Raises:
        InvalidInput: the share is no number between 0 and 1, or one of the two would be empty.
    """
    raise NotImplementedError
