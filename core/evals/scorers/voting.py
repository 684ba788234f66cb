"""Right and wrong, and the vote of several answers.

Source of the vote: Wang et al. 2022, Self-Consistency. Knows nothing of how answers are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.evals.scorers.extraction import metric_of
from core.evals.scorers.metric import Metric


@dataclass(frozen=True, slots=True)
class Vote:
    """What several answers decide for."""

    answer: str | None
    """The answer that most gave, of tied ones the first seen; `None` when nobody gave one."""
    count: int
    """How many gave it."""
    groups: tuple[tuple[str, int, tuple[int, ...]], ...]
    """Every answer as it was first written, its votes, and the places of those who gave it, from 0; most votes first,
    of tied ones the first seen."""


def correct(metric: str, answer: str | None, target: str | Sequence[str]) -> float:
    """How right `answer` is, from 0.0 to 1.0; no answer is never right.

    Args:
        metric: a key of `METRICS`.
        answer: what was found; `None` or blank is no answer.
        target: the right answer, or several of which any one is right.

    Raises:
        InvalidInput: there is no such metric.
    """
    known = metric_of(metric)
    if answer is None or not answer.strip():
        return 0.0
    targets = [target] if isinstance(target, str) else target
    return max((known.compare(answer, each) for each in targets), default=0.0)


def vote(answers: Sequence[str | None], metric: str) -> Vote:
    """The answer that most give; two are one when the metric calls them equal. No answer has no vote.

    Raises:
        InvalidInput: there is no such metric.
    """
    known = metric_of(metric)
    members: dict[str, list[int]] = {}
    group_of: dict[str, str] = {}
    for place, answer in enumerate(answers):
        if answer is None or not answer.strip():
            continue
        if answer not in group_of:  # the very same text always is one answer, be it a number or not
            group_of[answer] = next((first for first in members if _same(known, answer, first)), answer)
        members.setdefault(group_of[answer], []).append(place)
    # Sorting keeps the order of what is equal, and that is the order of being seen.
    groups = sorted(members.items(), key=lambda group: -len(group[1]))
    counted = tuple((answer, len(places), tuple(places)) for answer, places in groups)
    return Vote(counted[0][0], counted[0][1], counted) if counted else Vote(None, 0, ())


def _same(metric: Metric, one: str, other: str) -> bool:
    """Whether the metric calls these different texts equal."""
    return metric.compare(one, other) == 1.0 and (not metric.one_sided or metric.compare(other, one) == 1.0)
