"""One model on held-out rows: what it answers, how good that is, and how surprised it was by the right answer.

Rows with labels are scored by rank classification (right or wrong); others by the words that a greedy answer shares
with the right one (F1 of SQuAD), on the first rows, since writing takes time; plain text by its loss alone. Knows
nothing of which model it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.evals.scorers.metrics.qa_f1 import compare as shared_words
from core.tuning.comparing.labels import likelihoods
from core.tuning.data import Encoded, Example, Rows, Tokens, encode, question
from core.tuning.settings import TuneSettings
from core.tuning.training.steps import filled

WRITTEN, MAX_NEW = 24, 64
"""Rows that are answered in writing, and tokens of an answer."""


@dataclass(frozen=True, slots=True)
class Score:
    """One row; `None` where it was not asked for."""

    number: int
    question: str
    target: str
    answer: str | None
    score: float | None
    """1 for the right label; F1 of words for a written answer."""
    loss: float | None
    """Mean negative log-likelihood of the right answer's tokens."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


class Asked:
    """A model with what asking it takes.

    Args:
        model: in eval mode.
        tokens: its tokenizer.
        settings: of the run: wording, longest row.
        logits: function of model and batch giving logits at kept positions.
        virtual: whether the model puts vectors of its own before a row.
    """

    def __init__(
        self, model: Any, tokens: Tokens, settings: TuneSettings, logits: Callable[..., Any], virtual: bool
    ) -> None:
        self.model, self.tokens, self.settings, self.logits, self.virtual = model, tokens, settings, logits, virtual
        self._together: bool | None = False if virtual else None

    def encoded(self, example: Example, labels: Sequence[str]) -> Encoded:
        """A row as it is trained, its answer alone learned."""
        return encode(
            example,
            self.tokens,
            max_length=self.settings.max_length,
            wording=self.settings.wording,
            labels=labels,
            chat=self.tokens.chat,
        )

    def label(self, example: Example, labels: Sequence[str]) -> tuple[str, float]:
        """The likeliest label, and the loss of the right one."""
        rows = [self.encoded(replace(example, answer=label, label=label), labels) for label in labels]
        found = self._likelihoods(rows)
        right = labels.index(str(example.label))
        return labels[max(range(len(labels)), key=found.__getitem__)], -found[right]

    def _likelihoods(self, rows: Sequence[Encoded]) -> list[float]:
        """All labels behind one prompt, where a first try shows that this model keeps them apart."""
        if self._together is None:
            apart = likelihoods(self.model, rows, self.logits)
            try:
                together = likelihoods(self.model, rows, None)
            except (TypeError, ValueError, RuntimeError):  # it takes no such mask
                together = []
            near = 1e-3 if self.model.dtype.itemsize == 4 else 5e-2
            same = (abs(one - other) <= near for one, other in zip(apart, together, strict=False))
            self._together = len(together) == len(apart) and all(same)
            return apart
        return likelihoods(self.model, rows, None if self._together else self.logits)

    def loss(self, row: Encoded) -> float:
        """Mean loss of the learned tokens of a row."""
        import torch

        batch = {name: value.to(self.model.device) for name, value in filled([row], self.tokens.pad).items()}
        with torch.inference_mode():
            logits = self.logits(self.model, batch)
        return float(torch.nn.functional.cross_entropy(logits[0].float(), batch["labels"][0]))

    def write(self, example: Example, labels: Sequence[str]) -> str:
        """A greedy answer."""
        import torch

        asked = question(example, wording=self.settings.wording, labels=labels, chat=self.tokens.chat)
        ids = self.tokens.text(asked) if isinstance(asked, str) else self.tokens.prompt(asked)
        ids = ids[-self.settings.max_length :]
        given = torch.tensor([ids], device=self.model.device)
        with torch.inference_mode():
            out = self.model.generate(
                input_ids=given,
                attention_mask=torch.ones_like(given),
                max_new_tokens=MAX_NEW,
                do_sample=False,
                eos_token_id=sorted(self.tokens.ends),
                pad_token_id=self.tokens.pad,
            )[0]
        # vectors before the prompt are no tokens: what comes back begins with the prompt either way
        return self.tokens.decode(out[len(ids) :].tolist()).strip()


def score_rows(
    asked: Asked, rows: Rows, *, most: int, told: Callable[[int, int], None] = lambda done, total: None
) -> list[Score]:
    """The first `most` rows, scored; `told` hears how many are done, and may raise to end it."""
    asked.model.eval()
    chosen = rows.examples[:most]
    found = []
    for place, example in enumerate(chosen):
        told(place, len(chosen))
        answer: str | None = None
        score: float | None = None
        if rows.labels:
            answer, loss = asked.label(example, list(rows.labels))
            score = float(answer == example.label)
        else:
            loss = asked.loss(asked.encoded(example, rows.labels))
            if place < WRITTEN and example.answer:
                answer = asked.write(example, rows.labels)
                score = shared_words(answer, example.answer)
        found.append(Score(example.number, _shown(example), example.answer, answer, score, loss))
    told(len(chosen), len(chosen))
    return found


def _shown(example: Example) -> str:
    if example.messages:
        return next((each["content"] for each in reversed(example.messages[:-1]) if each["role"] == "user"), "")
    return example.prompt or example.text
