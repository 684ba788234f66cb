"""All rows as token ids, held compactly, with counts of what was cut and of what is not learned.

Knows nothing of files or batches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.tuning.data.encoding import Encoded, TrainOn
from core.tuning.data.rows import Rows
from core.tuning.data.tokens import Tokens


class Dataset(Sequence[Encoded]):
    """Encoded rows; five bytes a token.

    Attributes:
        truncated: rows that were cut.
        tokens_cut: tokens that were cut away, of all rows.
        untrained: rows in which nothing is learned; they are left out.
        trained_tokens: targets of the loss in one epoch.
        total_tokens: of one epoch.
        lengths: tokens of each row.
    """

    truncated: int
    tokens_cut: int
    untrained: int
    trained_tokens: int
    total_tokens: int
    lengths: Sequence[int]


def encode_all(
    rows: Rows,
    tokens: Tokens,
    *,
    max_length: int,
    train_on: TrainOn = "answer",
    wording: str = "",
    chat: bool = True,
    progress: Callable[[int], None] | None = None,
) -> Dataset:
    """Every row encoded; see `encode`. Plain texts longer than `max_length` become several rows and lose nothing.

    Args:
        rows: what `read_rows` or `split` gave.
        tokens: the model's.
        max_length: see `encode`.
        train_on: see `encode`.
        wording: see `encode`.
        chat: see `encode`.
        progress: called with the rows done so far, every thousand.

    Raises:
        InvalidInput: nothing is learned in any row, no answer fits whole, or a row cannot be encoded.
    """
    raise NotImplementedError
