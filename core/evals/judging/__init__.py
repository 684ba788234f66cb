"""Models as judges: a rubric, two answers beside each other, the facts of a reference; prompts and reasoning are kept.

    ruling, kept = by_rubric("The answer is polite.", output, Judging())
    comparison = compare(question, [left, right], Judging())    # both orders; .side, .flipped
    summary(comparisons).flip_rate

What is judged is data from anybody: it stands between marks that it cannot contain. Knows nothing of assertions, files
or what is kept where.
"""

from __future__ import annotations

from core.evals.judging.failure import JudgeFailed
from core.evals.judging.means import Judging
from core.evals.judging.pairwise import Comparison, Summary, compare, summary
from core.evals.judging.replies import Ruling
from core.evals.judging.rubric import by_criterion, by_facts, by_rubric, by_steps

__all__ = [
    "Comparison",
    "JudgeFailed",
    "Judging",
    "Ruling",
    "Summary",
    "by_criterion",
    "by_facts",
    "by_rubric",
    "by_steps",
    "compare",
    "summary",
]
