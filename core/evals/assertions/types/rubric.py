"""`llm-rubric` and `model-graded-closedqa`: a model says whether the output meets a rubric or a criterion.

The judge's prompt, replies and tokens are kept with the verdict. A judge that gives no verdict is an error, not a
failure of the output. Knows nothing of prompts.
"""

from __future__ import annotations

from core.evals.assertion import Assertion
from core.evals.assertions.case import Finding, Judged
from core.evals.assertions.judges import OPTIONS, judge_of, question, refuse_judge
from core.evals.assertions.kind import Kind
from core.evals.judging.rubric import by_criterion, by_rubric
from core.prompts.inputs import as_text


def _rubric(judged: Judged) -> Finding:
    own = judged.assertion.options.get("rubricPrompt")
    ruling, kept = by_rubric(
        "" if judged.value is None else as_text(judged.value),
        judged.text,
        judged.case.judging,
        model=judge_of(judged.assertion),
        own=own,
        values={name: as_text(value) for name, value in judged.case.row.vars.items()} if own is not None else None,
    )
    passed, least = ruling.passed, judged.assertion.threshold
    reason = ruling.reason or f"The judge says that it {'passes' if passed else 'fails'}."
    if least is not None and passed and ruling.score < least - 1e-9:
        passed, reason = False, f"Its score is {ruling.score:.3g}, below {least:g}: {reason}"
    return Finding(passed, ruling.score, reason, kept)


def _closed_qa(judged: Judged) -> Finding:
    ruling, kept = by_criterion(
        as_text(judged.value),
        question(judged.case),
        judged.text,
        judged.case.judging,
        model=judge_of(judged.assertion),
    )
    return Finding(ruling.passed, ruling.score, ruling.reason, kept)


def _refuse(assertion: Assertion) -> str | None:
    if assertion.value in (None, "") and assertion.options.get("rubricPrompt") is None:
        return "needs a value: the rubric in words"
    return refuse_judge(assertion)


KINDS = (
    Kind(
        "llm-rubric",
        "A model finds that the output meets the rubric, and gives a score that reaches the threshold if there is one.",
        "promptfoo, LLM Rubric",
        "nothing",
        _rubric,
        threshold=(0.0, 1.0),
        options=OPTIONS,
        asks_model=True,
        refuse=_refuse,
    ),
    Kind(
        "model-graded-closedqa",
        "A model finds that the output meets the criterion, after reasoning: yes or no.",
        "OpenAI Evals, closedqa; promptfoo, Model-graded closed QA",
        "text",
        _closed_qa,
        options=("provider",),
        asks_model=True,
        refuse=refuse_judge,
    ),
)
