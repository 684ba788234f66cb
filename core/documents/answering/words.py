"""The words of a text that mean something, as stems; and its numbers.

English stop words and stems (Snowball); words of other languages are mostly left as they are. Knows nothing of what is
compared with what.
"""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:[.,'’][0-9]+)*")
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_BETWEEN = re.compile(r"(?<=[0-9])[,’'](?=[0-9]{3}(?![0-9]))")
"""What groups thousands."""


def content_stems(text: str) -> list[str]:
    """Stems of the words that count, in order; numbers are words, “1,000” and “1000” the same one."""
    import Stemmer

    stop = _stop_words()
    words = [word for word in _WORD.findall(_BETWEEN.sub("", text.casefold())) if word not in stop]
    return list(Stemmer.Stemmer("english").stemWords(words))  # a new one: they are not thread-safe


def numbers(text: str) -> set[str]:
    """The numbers in the text, without what groups their thousands."""
    return {number.rstrip(".,") for number in _NUMBER.findall(_BETWEEN.sub("", text))}


@lru_cache(maxsize=1)
def _stop_words() -> frozenset[str]:
    from bm25s.stopwords import STOPWORDS_EN

    return frozenset((*STOPWORDS_EN, *_MORE))


_MORE = (
    *("i", "you", "he", "she", "we", "it", "its", "his", "her", "our", "your", "my", "me", "him", "us", "them"),
    *(
        "what",
        "which",
        "who",
        "whom",
        "whose",
        "when",
        "where",
        "why",
        "how",
        "do",
        "does",
        "did",
        "has",
        "have",
        "had",
    ),
    *("been", "being", "am", "were", "can", "could", "would", "should", "may", "might", "also", "so", "yes", "sure"),
    *("according", "passage", "passages", "document", "documents", "text", "s", "t"),
)
"""What bm25s leaves in: words of questions, and what an answer says of its sources."""
