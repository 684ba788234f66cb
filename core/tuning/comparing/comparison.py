"""Two lists of scores on the same rows: means with intervals, the paired difference, what got better and worse most.

Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.statistics import pairs
from core.statistics.bootstrap import difference
from core.statistics.means import mean_interval
from core.statistics.wilson import wilson
from core.tuning.comparing.scoring import Score

SHOWN = 5
"""Rows of each kind that are shown."""


def compare(base: Sequence[Score], tuned: Sequence[Score]) -> dict[str, Any]:
    """Base against tuned, as JSON.

    Returns:
        n; what is counted (`accuracy` or `f1`, `None` for plain text); both with 95 % intervals; the paired difference,
        its p and a sentence; both mean losses and their paired difference; the best and worst rows.
    """
    import numpy as np

    both = list(zip(base, tuned, strict=True))
    scored = [(one, other) for one, other in both if one.score is not None and other.score is not None]
    found: dict[str, Any] = {"n": len(both), "scored": len(scored), "metric": None}
    if scored:
        table = np.array([[other.score, one.score] for one, other in scored], dtype=np.float64)
        whole = bool(np.isin(table, (0.0, 1.0)).all())
        pair = pairs.compare(table)[0]
        found |= {
            "metric": "accuracy" if whole else "f1",
            "base": _mean(table[:, 1], whole),
            "tuned": _mean(table[:, 0], whole),
            "difference": pair.difference,
            "ci95": list(pair.ci95),
            "p": pair.p,
            "decisive": pair.decisive,
            "sentence": _begun(pair.sentence(["the tuned model", "the base"])),
        }
    losses = [(one.loss, other.loss) for one, other in both if one.loss is not None and other.loss is not None]
    if losses:
        away = difference([other for _, other in losses], [one for one, _ in losses])
        found["loss"] = {
            "base": float(np.mean([one for one, _ in losses])),
            "tuned": float(np.mean([other for _, other in losses])),
            "difference": away.value,
            "ci95": [away.low, away.high],
        }
    order = sorted(both, key=_gain)
    found["worst"] = [_row(*each) for each in order[:SHOWN]]
    found["best"] = [_row(*each) for each in order[::-1][:SHOWN]]
    return found


def _begun(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _gain(both: tuple[Score, Score]) -> float:
    one, other = both
    if one.score is not None and other.score is not None and one.score != other.score:
        return 1000 * (other.score - one.score)
    return (one.loss or 0.0) - (other.loss or 0.0)


def _mean(values: Any, whole: bool) -> dict[str, Any]:
    mean = float(values.mean())
    if whole:
        return {"score": mean, "ci95": list(wilson(float(values.sum()), len(values)))}
    low, high = mean_interval(values)
    return {"score": mean, "ci95": [low, high]}


def _row(one: Score, other: Score) -> dict[str, Any]:
    return {
        "number": one.number, "question": one.question, "target": one.target,
        "base": one.answer, "tuned": other.answer,
        "base_score": one.score, "tuned_score": other.score, "base_loss": one.loss, "tuned_loss": other.loss,
    }  # fmt: skip
