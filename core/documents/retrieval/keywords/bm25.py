"""A BM25 index over chunks, built by array operations and searched by bm25s.

bm25s scores every word of every chunk when it indexes (Lù 2024, “BM25S: Orders of magnitude faster lexical search via
eager sparse scoring”); its variant “lucene” with k1 = 1.5 and b = 0.75 is used, as in its own examples. Its index is
built here by one sort instead of a loop over documents, with the same result; a test holds the two equal. Knows nothing
of the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.documents.retrieval.keywords.words import STOP, UNKNOWN, Numbering, split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

K1, B = 1.5, 0.75


@dataclass(frozen=True)
class Postings:
    """The words of a number of chunks, as numbers.

    Attributes:
        ids: of the chunks, ascending, shape [n], int64.
        counts: how many words each chunk has, shape [n], int32.
        words: the words of all chunks one after the other, numbers into `vocabulary`, int32.
        vocabulary: every word, by its number.
    """

    ids: NDArray[np.int64]
    counts: NDArray[np.int32]
    words: NDArray[np.int32]
    vocabulary: list[str]

    @classmethod
    def empty(cls) -> Postings:
        """Of no chunk."""
        import numpy as np

        return cls(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int32), [])

    def updated(self, keep: NDArray[np.int64], added: Iterable[tuple[int, str]]) -> Postings:
        """Those of the chunks `keep` that are here, and the texts in `added` (ids ascending, above all that stay)."""
        import numpy as np

        stays = np.isin(self.ids, keep, assume_unique=True)
        kept_words = self.words[np.repeat(stays, self.counts)]
        numbers = Numbering({word: number for number, word in enumerate(self.vocabulary)}, grows=True)
        ids, counts = [], []
        pieces = [kept_words]
        for chunk, text in added:
            words = np.array([numbers[word] for word in split(text)], np.int32)
            words = words[words >= 0]
            pieces.append(words)
            ids.append(chunk)
            counts.append(len(words))
        every = np.concatenate(pieces)
        used = np.zeros(len(numbers.stems), bool)
        used[every] = True
        renumbered = np.cumsum(used, dtype=np.int32) - np.int32(1)
        return Postings(
            np.concatenate([self.ids[stays], np.array(ids, np.int64)]),
            np.concatenate([self.counts[stays], np.array(counts, np.int32)]),
            renumbered[every] if len(every) else every,
            [word for word, number in numbers.stems.items() if used[number]],
        )


class KeywordIndex:
    """Scores chunks by the words they share with a query. Any number of threads may search at once.

    Attributes:
        postings: what it was made of.
        arrays: `data`, `indices` and `indptr` of its sparse matrix [chunks, words], by columns.
    """

    def __init__(self, postings: Postings, arrays: dict[str, NDArray[Any]] | None = None) -> None:
        import bm25s
        import numpy as np

        self.postings = postings
        self.arrays = arrays if arrays is not None else _score(postings)
        self.ids = postings.ids
        self._numbers = {word: number for number, word in enumerate(postings.vocabulary)}
        self._bm25 = bm25s.BM25(k1=K1, b=B, method="lucene", backend="numpy")
        self._bm25.scores = {**self.arrays, "num_docs": len(postings.ids)}
        self._bm25.vocab_dict = self._numbers
        self._bm25.nonoccurrence_array = None
        self._none = np.zeros(len(postings.ids), np.float32)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def size(self) -> int:
        """Bytes it holds, about."""
        held = sum(array.nbytes for array in self.arrays.values()) + self.postings.words.nbytes + self.ids.nbytes * 2
        return held + 120 * len(self._numbers)

    def known(self, text: str) -> tuple[list[str], list[str], list[str]]:
        """The words of a query that are looked for, those that no chunk has, and those too common to be looked for."""
        words = list(dict.fromkeys(split(text)))
        found = Numbering(self._numbers, grows=False)
        return (
            [word for word in words if found[word] >= 0],
            [word for word in words if found[word] == UNKNOWN],
            [word for word in words if found[word] == STOP],
        )

    def scores(self, text: str) -> NDArray[np.float32]:
        """The BM25 score of every chunk, shape [n]; 0 where it shares no word."""
        found = Numbering(self._numbers, grows=False)
        numbers = [number for word in split(text) if (number := found[word]) >= 0]
        if not numbers:
            return self._none
        scores: NDArray[np.float32] = self._bm25.get_scores_from_ids(numbers)
        return scores

    def scores_of(self, text: str, ids: Sequence[int]) -> dict[int, float]:
        """The BM25 score of some chunks; those that the index lacks are left out."""
        import numpy as np

        wanted = np.array([*ids], np.int64)
        if not len(self.ids) or not len(wanted):
            return {}
        places = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
        here = self.ids[places] == wanted
        found = self.scores(text)[places[here]]
        return dict(zip(wanted[here].tolist(), found.tolist(), strict=True))

    def best(self, text: str, k: int, allowed: NDArray[np.bool_] | None = None) -> list[tuple[int, float]]:
        """The ids and scores of the `k` best chunks among those `allowed` (shape [n]), as `top` orders them."""
        return top(self.ids, self.scores(text), k, allowed)


def top(
    ids: NDArray[np.int64], scores: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None = None
) -> list[tuple[int, float]]:
    """The `k` highest positive scores, highest first, of two equal ones the smaller id first."""
    import numpy as np

    if allowed is not None:
        scores = np.where(allowed, scores, np.float32(0))
    if k < len(scores):
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        places = np.flatnonzero((scores >= least) & (scores > 0))  # ties at the border too, so that ids decide
    else:
        places = np.flatnonzero(scores > 0)
    order = places[np.lexsort((ids[places], -scores[places]))[:k]]
    return [(int(ids[place]), float(scores[place])) for place in order]


def _score(postings: Postings) -> dict[str, NDArray[Any]]:
    """bm25s' sparse matrix for these words: how much each adds to each chunk that has it.

    score = idf · tf / (tf + k1 · (1 − b + b · length / mean length)), idf = ln(1 + (N − df + ½) / (df + ½))
    """
    import numpy as np

    chunks, words = len(postings.ids), len(postings.vocabulary)
    places = np.repeat(np.arange(chunks, dtype=np.int64), postings.counts)
    pairs, tf = np.unique(postings.words.astype(np.int64) * max(chunks, 1) + places, return_counts=True)
    word, place = np.divmod(pairs, max(chunks, 1))
    df = np.bincount(word, minlength=words)
    idf = np.log(1 + (chunks - df + 0.5) / (df + 0.5))
    lengths = postings.counts / max(postings.counts.mean(), 1e-9) if chunks else postings.counts
    data = idf[word] * tf / (tf + K1 * (1 - B + B * lengths[place])) if chunks else np.empty(0)
    return {
        "data": data.astype(np.float32),
        "indices": place.astype(np.int32),
        "indptr": np.concatenate([[0], np.cumsum(df)]).astype(np.int64),
    }


def build(texts: Iterable[tuple[int, str]], older: Postings | None = None, keep: Sequence[int] = ()) -> KeywordIndex:
    """An index over `(id, text)`, ids ascending, and over those chunks of `older` whose ids are in `keep`."""
    import numpy as np

    postings = (older or Postings.empty()).updated(np.array(keep, np.int64), texts)
    return KeywordIndex(postings)
