"""`g-eval`: a model thinks of steps to judge by, follows them, and grades from 0 to 10.

Two calls; the first depends on the criterion alone. The grade is the one that the model writes, not weighted by the
probabilities of its tokens as in the paper. Knows nothing of prompts.
"""

from __future__ import annotations

from core.evals.assertions.case import Finding, Judged, graded
from core.evals.assertions.judges import judge_of, question, refuse_judge
from core.evals.assertions.kind import Kind
from core.evals.assertions.values import references
from core.evals.judging.rubric import by_steps

USUAL = 0.7


def look(judged: Judged) -> Finding:
    """The mean of the grades by each criterion."""
    scores, reasons, kept = [], [], []
    for criterion in references(judged.value):
        ruling, details = by_steps(
            criterion, question(judged.case), judged.text, judged.case.judging, model=judge_of(judged.assertion)
        )
        scores.append(ruling.score)
        reasons.append(ruling.reason)
        kept.append(details)
    finding = graded(sum(scores) / len(scores), judged.threshold(USUAL), "The grade")
    details = kept[0] if len(kept) == 1 else {"criteria": kept}
    return Finding(finding.passed, finding.score, " ".join([finding.reason, *reasons]).strip(), details)


KINDS = (
    Kind(
        "g-eval",
        "A model grades the output by one criterion or several; the mean reaches the threshold, 0.7.",
        "Liu et al. 2023, G-Eval; promptfoo, G-Eval",
        "references",
        look,
        usual=USUAL,
        threshold=(0.0, 1.0),
        options=("provider",),
        asks_model=True,
        refuse=refuse_judge,
    ),
)
