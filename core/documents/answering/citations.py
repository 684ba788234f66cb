"""Citations of an answer, checked: numbers against the passages that were read, sentences against what stands in them.

A number that is no passage is never a citation; it is named. Where the model cites nothing, Loupe names the passage in
which it found the sentence, and says that it did. Knows nothing of prompts or models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.documents.answering.markers import Marker, markers
from core.documents.answering.passages import Passage
from core.documents.answering.result import Citation, Sentence
from core.documents.answering.support import SentenceSupport, share


@dataclass(frozen=True, slots=True)
class Checked:
    """Every citation of an answer."""

    citations: list[Citation]
    markers: list[Marker]
    """Where the answer holds one."""

    @property
    def unknown(self) -> list[int]:
        """Numbers that the model made up."""
        return sorted({number for each in self.markers for number in each.unknown})

    @property
    def sentence(self) -> str:
        """For a person."""
        if not self.citations:
            said = "No citation."
        else:
            by = {who: [f"[{each.n}]" for each in self.citations if each.by == who] for who in ("model", "loupe")}
            parts = [
                f"{' '.join(by['model'])} cited by the model" if by["model"] else "",
                f"{' '.join(by['loupe'])} found by Loupe" if by["loupe"] else "",
            ]
            said = ", ".join(filter(None, parts)) + "."
        if self.unknown:
            made_up = ", ".join(f"[{number}]" for number in self.unknown)
            said += f" {made_up} {'is' if len(self.unknown) == 1 else 'are'} no passage: the model made it up."
        return said

    def as_data(self) -> dict[str, Any]:
        """Plain values for a step."""
        return {
            "citations": [each.model_dump(mode="json") for each in self.citations],
            "markers": [asdict(each) for each in self.markers],
            "unknown": self.unknown,
        }


def checked(answer: str, found: Sequence[SentenceSupport], used: Sequence[Passage], *, refused: bool) -> Checked:
    """The citations of `answer`; a refusal has none.

    Args:
        answer: what the model said.
        found: its sentences, places counted in `used`.
        used: the passages that the model read.
        refused: whether the answer is “not in the documents”.
    """
    seen = markers(answer, len(used))
    if refused:
        return Checked([], seen)
    by_model = {number - 1 for each in seen for number in each.numbers}
    by_loupe = {each.passage for each in found if each.passage is not None and not each.cited_support}
    citations = []
    for place in sorted(by_model | by_loupe):
        supporting = [each for each in found if each.passage == place]
        citations.append(_citation(used[place], supporting, by_model=place in by_model))
    return Checked(citations, seen)


def row(each: SentenceSupport, used: Sequence[Passage]) -> dict[str, Any]:
    """One sentence as plain values, passages by their numbers."""
    return Sentence(
        start=each.start,
        end=each.end,
        claim=each.claim,
        supported=each.supported,
        by=None if each.passage is None else "model" if each.passage in each.cites else "loupe",
        n=None if each.passage is None else used[each.passage].n,
        cites=tuple(used[place].n for place in each.cites),
        cited_support=each.cited_support,
        score=round(each.score, 4),
        words=round(each.words, 4),
        similarity=round(each.similarity, 4),
        missing=each.missing,
    ).model_dump(mode="json")


def told(found: Sequence[SentenceSupport]) -> str:
    """How much is supported, for a person."""
    said = [each for each in found if each.claim]
    if not said:
        return "The answer claims nothing that could be checked."
    good = sum(each.supported for each in said)
    text = f"{good} of {len(said)} sentence{'' if len(said) == 1 else 's'} supported by a passage"
    wrong = sum(each.cited_support is False for each in said)
    return text + (f"; {wrong} cited a passage that does not support it." if wrong else ".")


def _citation(passage: Passage, supporting: Sequence[SentenceSupport], *, by_model: bool) -> Citation:
    at = passage.context_start
    spans = {(at + each.evidence.start, at + each.evidence.end) for each in supporting if each.evidence is not None}
    return Citation(
        n=passage.n,
        id=passage.id,
        document=passage.document,
        source=passage.source,
        title=passage.title,
        page=passage.page,
        page_label=passage.page_label,
        quote=passage.quote,
        start=passage.start,
        end=passage.end,
        by="model" if by_model else "loupe",
        supported=bool(supporting),
        evidence=tuple(sorted(spans)),
    )


__all__ = ["Checked", "checked", "row", "share", "told"]
