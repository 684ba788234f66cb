"""All rows as token ids, held compactly, with counts of what was cut and of what is not learned.

Knows nothing of files or batches.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import overload

from core.errors import InvalidInput
from core.tuning.data.encoding import LEAST, Encoded, TrainOn, answer_length, encode, fitted
from core.tuning.data.rows import Example, Rows
from core.tuning.data.tokens import Tokens

UNBOUNDED = 1 << 40
PROGRESS_EVERY = 1000


class Dataset(Sequence[Encoded]):
    """Encoded rows; five bytes a token.

    Attributes:
        truncated: rows that were cut.
        tokens_cut: tokens that were cut away, of all rows.
        untrained: rows in which nothing is learned; they are left out.
        trained_tokens: targets of the loss in one epoch.
        lengths: tokens of each row.
        longest_answer: tokens, before anything was cut.
    """

    def __init__(self) -> None:
        self._ids = array("i")
        self._trained = bytearray()
        self._starts = array("q", [0])
        self._about: list[tuple[int, int, int]] = []
        self.truncated = 0
        self.tokens_cut = 0
        self.untrained = 0
        self.trained_tokens = 0
        self.longest_answer = 0
        self.lengths = array("i")

    @property
    def total_tokens(self) -> int:
        """Tokens of one epoch."""
        return len(self._ids)

    def __len__(self) -> int:
        return len(self._about)

    @overload
    def __getitem__(self, place: int) -> Encoded: ...
    @overload
    def __getitem__(self, place: slice) -> list[Encoded]: ...
    def __getitem__(self, place: int | slice) -> Encoded | list[Encoded]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        start, end = self._starts[place], self._starts[place + 1]
        number, prompt_length, cut = self._about[place]
        trained = [each == 1 for each in self._trained[start:end]]
        return Encoded(number, self._ids[start:end].tolist(), trained, prompt_length, cut)

    def append(self, row: Encoded) -> None:
        """Add a row and count it; one in which nothing is learned is only counted."""
        self.truncated += row.cut > 0
        self.tokens_cut += row.cut
        learned = sum(row.trained)
        if not learned:
            self.untrained += 1
            return
        self._ids.extend(row.ids)
        self._trained.extend(row.trained)
        self._starts.append(len(self._ids))
        self._about.append((row.number, row.prompt_length, row.cut))
        self.lengths.append(len(row.ids))
        self.trained_tokens += learned


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
        Unsupported: the model has no chat template.
    """
    data = Dataset()
    fit = 0
    for done, example in enumerate(rows.examples, 1):
        whole = encode(
            example,
            tokens,
            max_length=UNBOUNDED,
            train_on=train_on,
            wording=wording,
            labels=rows.labels,
            chat=chat,
        )
        if _plain(example):
            fit += 1
            for block in _blocks(whole, max_length):
                data.append(block)
        else:
            answer = answer_length(whole, tokens)
            data.longest_answer = max(data.longest_answer, answer)
            fit += answer < max_length
            data.append(fitted(whole, tokens, max_length))
        if progress is not None and done % PROGRESS_EVERY == 0:
            progress(done)
    if not fit:
        raise InvalidInput(
            f"None of the {len(rows.examples):,} answers fits into max_length, {max_length:,} tokens; the longest has "
            f"{data.longest_answer:,}. Raise max_length.",
            "max_length",
        )
    if not len(data):
        raise InvalidInput(f"Nothing is learned in any of the {len(rows.examples):,} rows: all tokens are masked.")
    return data


def _plain(example: Example) -> bool:
    return bool(example.text) and example.label is None


def _blocks(whole: Encoded, max_length: int) -> Iterator[Encoded]:
    """A text in stretches of `max_length`; none of a single token, since nothing would predict it."""
    if max_length < LEAST:
        raise InvalidInput(f"max_length is {max_length}; it must be at least {LEAST} tokens.", "max_length")
    cuts = [*range(0, len(whole.ids), max_length), len(whole.ids)]
    if len(cuts) > 2 and cuts[-1] - cuts[-2] == 1:
        cuts[-2] -= 1
    for start, end in pairwise(cuts):
        yield replace(whole, ids=whole.ids[start:end], trained=[False, *whole.trained[start + 1 : end]])
