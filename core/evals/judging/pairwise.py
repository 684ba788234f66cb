"""Answers to the same question beside each other: a judge chooses the best one, asked in both orders.

A judge likes what stands first, or last. So it is asked twice, the second time in reversed order; a choice that does
not survive that is a flip and counts as a tie. Knows nothing of assertions.

Source: Zheng et al. 2023, “Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena”, section 3.4 (swapping positions).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from core.errors import InvalidInput
from core.evals.judging import wording
from core.evals.judging.consulting import consult
from core.evals.judging.means import Judging
from core.evals.judging.replies import choice
from core.prompts.file import PromptMessage
from core.statistics import wilson

CRITERION = "The answer is the more helpful, correct and clear one."
AGAIN = 'That holds no choice. Reply with one JSON object only: {"reason": "…", "best": NUMBER or "tie"}.'
MOST = 20
"""Answers beside each other."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a judge says of several answers to one question."""

    best: int | None
    """Place of the best answer, from 0; `None`: neither, or the two orders say different things."""
    flipped: bool
    """Whether the two orders say different things."""
    chosen: tuple[int | None, int | None] = (None, None)
    """What was chosen as the answers stand, and in reversed order; places as they stand."""
    reasons: tuple[str, str] = ("", "")
    details: dict[str, Any] = field(default_factory=dict)
    """Judge, both prompts and replies, tokens and cost."""

    @property
    def side(self) -> Literal["left", "right", "tie"]:
        """Of two answers: which is better."""
        return "tie" if self.best is None else "left" if self.best == 0 else "right"


@dataclass(frozen=True, slots=True)
class Summary:
    """Many comparisons of two answers."""

    n: int
    left: int
    right: int
    ties: int
    """Flips among them."""
    flips: int
    flip_rate: float
    """Of all comparisons; far above 0 the judge chooses by place, not by content."""
    flip_ci95: tuple[float, float]


def compare(
    question: str,
    answers: Sequence[str],
    judging: Judging,
    *,
    criterion: str = CRITERION,
    model: str | None = None,
    own_wording: Any = None,
) -> Comparison:
    """Which of the answers is best; two calls of the judge, none where all are the same text.

    Args:
        question: what they answer; "" where it is not known.
        answers: at least two.
        judging: models and limits.
        criterion: what best means.
        model: reference of the judge; `None`: the usual one.
        own_wording: a wording of one's own (`rubricPrompt`) with `{{outputs}}` and `{{criteria}}`.

    Raises:
        JudgeFailed: the judge cannot be reached or says nothing that can be read.
        InvalidInput: fewer than two answers, or too long ones.
    """
    if not 2 <= len(answers) <= MOST:
        raise InvalidInput(f"A judge compares 2 to {MOST} answers, not {len(answers)}.")
    if len(set(answers)) == 1:
        return Comparison(None, False, reasons=("They are the same text.",) * 2)
    if (length := sum(map(len, answers))) > judging.judge_characters:
        raise InvalidInput(
            f"The answers have {length:,} characters together; a judge is shown {judging.judge_characters:,} at most."
        )
    orders = (list(range(len(answers))), list(reversed(range(len(answers)))))
    chosen: list[int | None] = []
    reasons, kept = [], []
    for order in orders:
        asked = _messages(question, [answers[place] for place in order], criterion, own_wording)
        (number, reason), details = consult(
            judging, model or judging.model, asked, partial(choice, count=len(answers)), AGAIN
        )
        chosen.append(None if number is None else order[number - 1])
        reasons.append(reason)
        kept.append(details)
    first, second = chosen
    return Comparison(
        best=first if first == second else None,
        flipped=first != second,
        chosen=(first, second),
        reasons=(reasons[0], reasons[1]),
        details={"judge": model or judging.model, "orders": kept},
    )


def summary(comparisons: Iterable[Comparison]) -> Summary:
    """How often each side was better, and how often the judge changed its mind with the order."""
    found = list(comparisons)
    sides = [each.side for each in found]
    flips = sum(each.flipped for each in found)
    return Summary(
        n=len(found),
        left=sides.count("left"),
        right=sides.count("right"),
        ties=sides.count("tie"),
        flips=flips,
        flip_rate=flips / len(found) if found else 0.0,
        flip_ci95=wilson(flips, len(found)),
    )


def _messages(question: str, answers: Sequence[str], criterion: str, own: Any) -> list[PromptMessage]:
    mark = wording.mark_for([question, criterion, *answers])
    blocks = "\n".join(wording.block(f"answer {number}", each, mark) for number, each in enumerate(answers, start=1))
    if own is not None:
        return wording.own_messages(own, {"outputs": blocks, "criteria": criterion, "question": question})
    asked = wording.block("question", question or "(not known)", mark)
    return wording.shipped("best", {"question": asked, "answers": blocks, "criterion": criterion}, mark)
