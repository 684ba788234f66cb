"""Whether sentences stand in passages: shared words, shared meaning, and no number that the passage lacks.

A sentence is compared with every passage; the score is the mean of two shares, each from 0 to 1: how many of its words
(stems, without stop words) the passage has, and the cosine of all-MiniLM-L6-v2 with the passage's nearest sentence. A
number that the passage does not have makes it unsupported, however alike the rest is: that is how a small model goes
wrong. It is a measure of likeness, not of truth: a sentence that denies what the passage says can pass. Knows nothing
of prompts or of who wrote the sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.documents.answering.markers import claims, without_markers
from core.documents.answering.sentences import sentences
from core.documents.answering.words import content_stems, numbers
from core.documents.spans import Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUPPORTED = 0.6
"""Least score of a supported sentence; docs/documents_answering.md says how it was found."""
MAX_SENTENCES = 400
"""Of all passages together; what comes later is compared by its words alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceSupport:
    """One sentence of an answer, as the characters `[start, end)` of it."""

    start: int
    end: int
    claim: bool
    """Whether it says anything that can be supported: “Yes.” and “Sure!” do not."""
    cites: tuple[int, ...] = ()
    """Places of passages (from 0) that the sentence itself cites."""
    passage: int | None = None
    """Place (from 0) of the passage that supports it best, if any does."""
    score: float = 0.0
    """Of the best passage."""
    words: float = 0.0
    """Share of its words that this passage has."""
    similarity: float = 0.0
    """Cosine with this passage's nearest sentence."""
    missing: tuple[str, ...] = ()
    """Numbers of it that this passage lacks."""
    evidence: Span | None = None
    """That nearest sentence, as characters of the passage."""
    cited_support: bool | None = None
    """Whether a passage that it cites supports it; `None` when it cites none."""

    @property
    def supported(self) -> bool:
        """Whether some passage supports it."""
        return self.passage is not None


@dataclass(frozen=True, slots=True)
class _Match:
    """How one sentence fits one passage."""

    place: int
    words: float
    similarity: float
    missing: tuple[str, ...]
    evidence: Span | None

    @property
    def score(self) -> float:
        return (self.words + max(0.0, self.similarity)) / 2

    @property
    def enough(self) -> bool:
        return self.score >= SUPPORTED and not self.missing


@dataclass(slots=True)
class _Read:
    """A passage taken apart once for all sentences."""

    text: str
    words: set[str] = field(init=False)
    numbers: set[str] = field(init=False)
    spans: list[Span] = field(init=False)

    def __post_init__(self) -> None:
        self.words, self.numbers = set(content_stems(self.text)), numbers(self.text)
        self.spans = sentences(self.text)


def support(answer: str, passages: Sequence[str]) -> list[SentenceSupport]:
    """Every sentence of `answer` against `passages`; `[n]` in it cites the nth of them, counted from 1."""
    found = claims(answer, len(passages))
    texts = [without_markers(answer[each.start : each.end]) for each in found]
    stems = [[] if text.startswith("#") else content_stems(text) for text in texts]  # a heading claims nothing
    read = [_Read(text) for text in passages]
    said = [place for place, words in enumerate(stems) if words]
    vectors = _Vectors([texts[place] for place in said], read)
    results = []
    for place, claim in enumerate(found):
        cites = tuple(number - 1 for number in claim.cites)
        if not stems[place] or not read:
            results.append(SentenceSupport(start=claim.start, end=claim.end, claim=bool(stems[place]), cites=cites))
            continue
        row = said.index(place)
        matches = [_match(texts[place], stems[place], number, each, vectors, row) for number, each in enumerate(read)]
        # of those that are alike, the one that the model cites
        best = max(matches, key=lambda each: (each.enough, each.place in cites and each.enough, each.score))
        results.append(
            SentenceSupport(
                start=claim.start,
                end=claim.end,
                claim=True,
                cites=cites,
                passage=best.place if best.enough else None,
                score=best.score,
                words=best.words,
                similarity=best.similarity,
                missing=best.missing,
                evidence=best.evidence if best.enough else None,
                cited_support=any(matches[number].enough for number in cites) if cites else None,
            )
        )
    return results


def groundedness(answer: str, passages: Sequence[str]) -> float | None:
    """Share of the answer's claims that a passage supports, from 0 to 1; `None` when it claims nothing."""
    return share(support(answer, passages))


def share(found: Sequence[SentenceSupport]) -> float | None:
    """Share of the claims that are supported; `None` without one."""
    said = [each for each in found if each.claim]
    return sum(each.supported for each in said) / len(said) if said else None


class _Vectors:
    """Cosines of an answer's sentences with the sentences of every passage, all embedded in one batch."""

    def __init__(self, texts: Sequence[str], read: Sequence[_Read]) -> None:
        self._first: list[int] = []
        parts: list[str] = []
        for each in read:
            self._first.append(len(parts))
            parts += [each.text[span.start : span.end] for span in each.spans[: MAX_SENTENCES - len(parts)]]
        self._first.append(len(parts))
        self._cosines: NDArray[np.float32] | None = None
        if texts and parts:
            from core.models.embedding import embed

            vectors = embed([*texts, *parts])
            self._cosines = vectors[: len(texts)] @ vectors[len(texts) :].T

    def nearest(self, row: int, place: int) -> tuple[int, float]:
        """Which sentence of passage `place` is nearest to text `row`, and its cosine; -1 and 0 where none was read."""
        first, last = self._first[place], self._first[place + 1]
        if self._cosines is None or first == last:
            return -1, 0.0
        cosines = self._cosines[row, first:last]
        return int(cosines.argmax()), float(cosines.max())


def _match(text: str, stems: list[str], place: int, read: _Read, vectors: _Vectors, row: int) -> _Match:
    nearest, similarity = vectors.nearest(row, place)
    return _Match(
        place=place,
        words=sum(stem in read.words for stem in stems) / len(stems),
        similarity=similarity,
        missing=tuple(sorted(numbers(text) - read.numbers)),
        evidence=read.spans[nearest] if nearest >= 0 else None,
    )
