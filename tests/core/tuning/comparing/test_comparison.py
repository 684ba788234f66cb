"""Base against tuned: shares with Wilson's intervals, a paired difference, the rows that moved most."""

from __future__ import annotations

import pytest

from core.statistics.wilson import wilson
from core.tuning.comparing.comparison import compare
from core.tuning.comparing.scoring import Score


def scores(right: list[int], loss: float) -> list[Score]:
    return [Score(n, f"q{n}", "yes", "yes" if r else "no", float(r), loss + n / 100) for n, r in enumerate(right, 1)]


def test_shares_intervals_and_the_difference() -> None:
    base, tuned = scores([1] * 10 + [0] * 30, 2.0), scores([0] * 2 + [1] * 38, 0.5)
    found = compare(base, tuned)
    assert found["metric"] == "accuracy"
    assert found["base"] == {"score": 0.25, "ci95": list(wilson(10, 40))}
    assert found["tuned"]["score"] == 0.95
    assert found["difference"] == pytest.approx(0.7)
    assert found["decisive"]
    assert found["loss"]["difference"] == pytest.approx(-1.5)
    assert {row["number"] for row in found["worst"][:2]} == {1, 2}
    assert all(row["tuned_score"] > row["base_score"] for row in found["best"])


def test_plain_text_is_compared_by_loss_alone() -> None:
    base = [Score(n, "", "", None, None, 3.0) for n in range(5)]
    tuned = [Score(n, "", "", None, None, 2.0) for n in range(5)]
    found = compare(base, tuned)
    assert found["metric"] is None
    assert found["loss"]["ci95"] == [-1.0, -1.0]
