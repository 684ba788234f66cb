"""Scorers: rules that find the answer in an output, metrics that say how right it is, and what they add up to.

    extract("letter", "The answer is (B).")       → "B"
    correct("numeric", "1,200", ["1200", "12e2"]) → 1.0
    vote(["4", "4.0", None, "5"], "numeric")      → Vote(answer="4", count=2, …)
    wilson(34, 100)                               → (0.255, 0.437)

Knows nothing of models and techniques. Techniques use it to find answers and to vote, `loupe score` to score outputs
that already exist.
"""

from __future__ import annotations

from core.evals.scorers.extraction import extract
from core.evals.scorers.intervals import Mean, wilson
from core.evals.scorers.metric import Metric
from core.evals.scorers.metrics import METRICS
from core.evals.scorers.rule import Rule
from core.evals.scorers.rules import RULES
from core.evals.scorers.voting import Vote, correct, vote

__all__ = ["METRICS", "RULES", "Mean", "Metric", "Rule", "Vote", "correct", "extract", "vote", "wilson"]
