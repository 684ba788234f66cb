"""An answer from documents: calls, steps, passages, citations, what is supported. What is stored, shown, exported.

Knows nothing of how any of it came about: everything is read from the steps.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from core.documents.answering.passages import Passage
from core.documents.answering.refusal import Reason
from core.generation.calls import CallsResult

ANSWER = "answer"
"""The stage of the call that answers."""


class Citation(BaseModel):
    """A passage that stands behind the answer."""

    model_config = ConfigDict(frozen=True)

    n: int
    """The passage's number."""
    id: int
    """Of the chunk."""
    document: int
    source: str
    title: str
    page: int | None
    page_label: str = ""
    quote: str
    """The chunk: exactly the document's text from `start` to `end`."""
    start: int
    end: int
    by: Literal["model", "loupe"]
    """Who named it: the model in its answer, or Loupe, which found the sentence in it."""
    supported: bool
    """Whether a sentence of the answer was found in it."""
    evidence: tuple[tuple[int, int], ...] = ()
    """The sentences of the document that support the answer, as `[start, end)` of its text."""


class Sentence(BaseModel):
    """One sentence of the answer, as its characters `[start, end)`."""

    model_config = ConfigDict(frozen=True)

    start: int
    end: int
    claim: bool
    """Whether it says anything that could be supported."""
    supported: bool
    by: Literal["model", "loupe"] | None = None
    """Whose citation it is: the model's, where the passage it cites does support it, else Loupe's."""
    n: int | None = None
    """The passage that supports it best."""
    cites: tuple[int, ...] = ()
    """Passages that the model cites there."""
    cited_support: bool | None = None
    """Whether one of those supports it; `None` without a citation."""
    score: float = 0.0
    words: float = 0.0
    similarity: float = 0.0
    missing: tuple[str, ...] = ()
    """Numbers that no passage has beside the rest of the sentence."""


class AnswerResult(CallsResult):
    """Everything that a question produced; grows as events are folded in."""

    @property
    def refused(self) -> Reason | None:
        """Why the answer is “not in the documents”; `None` when it is an answer."""
        data = self._data("answer")
        reason: Reason | None = data.get("refused")
        return reason

    @property
    def said(self) -> str:
        """What the model said, whatever became of it."""
        call = next((call for call in reversed(self.calls) if call.stage == ANSWER), None)
        return call.result.text if call else ""

    @property
    def prompt(self) -> str:
        """The prompt of the answer exactly as it was sent; "" when the model was not asked."""
        call = next((call for call in reversed(self.calls) if call.stage == ANSWER), None)
        return call.result.prompt if call else ""

    @property
    def question(self) -> str | None:
        """The question as it was searched for; `None` where it was not rewritten."""
        data = self._data("question")
        return str(data["question"]) if data.get("rewritten") else None

    @property
    def passages(self) -> list[Passage]:
        """Every passage that was found, those that the model read marked as used."""
        return [Passage.model_validate(row) for row in self._data("passages").get("passages", ())]

    @property
    def citations(self) -> list[Citation]:
        """Passages behind the answer, by number; none for a refusal."""
        return [Citation.model_validate(row) for row in self._data("citations").get("citations", ())]

    @property
    def support(self) -> list[Sentence]:
        """The sentences of the answer; empty without documents."""
        return [Sentence.model_validate(row) for row in self._data("support").get("sentences", ())]

    @property
    def groundedness(self) -> float | None:
        """Share of the claims that a passage supports; `None` where there is no claim or no passage."""
        share: float | None = self._data("support").get("groundedness")
        return share

    def as_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            **super().as_json(),
            "refused": self.refused,
            "question": self.question,
            "passages": [each.model_dump(mode="json") for each in self.passages],
            "citations": [each.model_dump(mode="json") for each in self.citations],
            "support": [each.model_dump(mode="json") for each in self.support],
            "groundedness": self.groundedness,
        }

    def _data(self, kind: str) -> dict[str, Any]:
        """What the last step of this kind holds."""
        return next((step.data for step in reversed(self.steps) if step.kind == kind), {})
