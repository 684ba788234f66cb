"""Tokens of a model whose tokenizer is elsewhere, approximately: pieces of words.

A piece is up to six letters or digits in a row, one sign of a script that writes without spaces, or any other visible
sign. On English prose that is within some per cent of what byte-pair encodings of 30,000–200,000 entries make of it;
on code, other scripts and long numbers it may be a third off. Knows nothing of models.
"""

from __future__ import annotations

import re

_DENSE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Kana, Han, Thai, Lao, Burmese, Khmer."""
_PIECE = re.compile(rf"[{_DENSE}]|(?:(?![{_DENSE}_])\w){{1,6}}|[^\w\s]|_")


def token_offsets(text: str) -> list[tuple[int, int]]:
    """Characters `[start, end)` of every piece; all but white space is in one."""
    return [match.span() for match in _PIECE.finditer(text)]


def count(text: str) -> int:
    """How many pieces the text has."""
    return sum(1 for _ in _PIECE.finditer(text))
