"""Text to the words that keyword search compares: lower case, English stems, without the most common words.

A word is a run of letters, digits and underscores, an apostrophe inside included (as Unicode's rules for word borders
have it); one letter or digit is a word. Scripts without spaces between words (Chinese, Japanese, Thai, …) and Korean
become pairs of neighbouring characters, as Lucene's CJK analyser has them. Knows nothing of scores.
"""

from __future__ import annotations

import re
import unicodedata

VERSION = 1
"""Of what this file does: an index made by another version is made anew."""
STOP, UNKNOWN = -1, -2
LONGEST = 64
"""Characters of a word that count: what is longer is no word, but an address, a key or an image."""
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f"
    "\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"([{_UNSPACED}]+)|(?:(?![{_UNSPACED}])\w)+(?:['’](?:(?![{_UNSPACED}])\w)+)*")
_PLAIN = re.compile(r"\w+(?:'\w+)*", re.ASCII)


class Numbering(dict[str, int]):
    """Words as `split` gives them to the number of their stem; -1 for stop words. For one thread.

    The stop words are bm25s' English ones, the stems those of the Snowball stemmer for English. A word that is new gets
    the next number when `grows`, else -2.

    Attributes:
        stems: number of each stem.
    """

    def __init__(self, stems: dict[str, int], *, grows: bool) -> None:
        from bm25s.stopwords import STOPWORDS_EN
        from Stemmer import Stemmer

        super().__init__(dict.fromkeys(STOPWORDS_EN, STOP))
        self.stems = stems
        self._grows = grows
        self._stem = Stemmer("english").stemWord

    def __missing__(self, word: str) -> int:
        stem = self._stem(word[:LONGEST])
        stems = self.stems
        number = stems.setdefault(stem, len(stems)) if self._grows else stems.get(stem, UNKNOWN)
        self[word] = number
        return number


def split(text: str) -> list[str]:
    """The words of `text` in order, in lower case, stop words included."""
    if text.isascii():
        return _PLAIN.findall(text.lower())
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    found = []
    for match in _WORD.finditer(text):
        if match[1]:
            found += _pairs(match[1])
        else:
            found.append(match[0])
    return found


def _pairs(run: str) -> list[str]:
    """Neighbouring characters; a single one stays."""
    return [run] if len(run) == 1 else [run[at : at + 2] for at in range(len(run) - 1)]
