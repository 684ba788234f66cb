"""A batch as a person looks at it: every token learned, masked, an end, or padding.

Knows nothing of colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.generation.text import REPLACEMENT
from core.tuning.data.batches import sequences
from core.tuning.data.encoding import Encoded
from core.tuning.data.pairs import EncodedClass, EncodedPair
from core.tuning.data.tokens import Tokens

Kind = Literal["trained", "masked", "eos", "padding"]


@dataclass(frozen=True, slots=True)
class PreviewToken:
    """One token of a batch."""

    text: str
    """As it reads, spaces and line ends as they are; the page makes them visible."""
    kind: Kind
    """`eos`: a token that ends an answer and is learned."""
    id: int = 0
    row: int = 0
    """Number of the row it comes from; 0 for padding."""


def preview(rows: Sequence[Encoded], tokens: Tokens, *, pack_to: int | None = None) -> list[list[PreviewToken]]:
    """The sequences of a batch, filled up to the longest.

    Args:
        rows: those of one step.
        tokens: the model's.
        pack_to: `max_length` where rows are packed; else every row is a sequence of its own.
    """
    lengths = [len(row.ids) for row in rows]
    everyone = list(range(len(rows)))
    grouped = [[each] for each in everyone] if pack_to is None else sequences(everyone, lengths, pack_to)
    shown = [[token for each in group for token in _tokens(rows[each], tokens)] for group in grouped]
    longest = max(map(len, shown), default=0)
    padding = PreviewToken(tokens.decode([tokens.pad]), "padding", tokens.pad)
    return [[*sequence, *[padding] * (longest - len(sequence))] for sequence in shown]


def preview_pairs(rows: Sequence[EncodedPair], tokens: Tokens) -> list[list[PreviewToken]]:
    """Rows of an encoder-decoder: what is read, masked, and then what is learned to be written."""
    return [
        _tokens(
            Encoded(row.number, [*row.ids, *row.labels], [False] * len(row.ids) + [True] * len(row.labels), 0), tokens
        )
        for row in rows
    ]


def preview_classes(rows: Sequence[EncodedClass], tokens: Tokens, labels: Sequence[str]) -> list[list[PreviewToken]]:
    """Rows of a classifier: what is read, masked, and then the label, which is no token of the model's."""
    return [
        [
            *_tokens(Encoded(row.number, row.ids, [False] * len(row.ids), 0), tokens),
            PreviewToken(labels[row.label], "trained", row=row.number),
        ]
        for row in rows
    ]


def _tokens(row: Encoded, tokens: Tokens) -> list[PreviewToken]:
    texts = _texts(row.ids, tokens)
    found = []
    for text, index, learned in zip(texts, row.ids, row.trained, strict=True):
        kind: Kind = "masked" if not learned else "eos" if index in tokens.ends else "trained"
        found.append(PreviewToken(text, kind, index, row.number))
    return found


def _texts(ids: Sequence[int], tokens: Tokens) -> list[str]:
    """What each token adds to the text; those of one character that takes several share it: the last has it."""
    texts: list[str] = []
    start = 0  # of the stretch that is not whole yet
    before = 0
    for place in range(len(ids)):
        context = tokens.decode(ids[before:start]) if start > before else ""
        text = tokens.decode(ids[before : place + 1])[len(context) :]
        if text.endswith(REPLACEMENT) and place - start < 4 and place + 1 < len(ids):
            texts.append("")
            continue
        texts.append(text)
        before, start = start, place + 1
    return texts
