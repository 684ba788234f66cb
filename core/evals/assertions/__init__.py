"""Assertions: what is demanded of an output, one file a type, names and meanings as in promptfoo.

    check_known(file.default_assertions)                 InvalidInput before anything runs
    verdicts = judge(row, variant, output, Judging())    one Verdict each, in order
    passed, score = total(verdicts, row.threshold)

Knows nothing of where rows come from, who asks for outputs and where verdicts are kept.
"""

from __future__ import annotations

from core.evals.assertions.case import Case
from core.evals.assertions.checking import check_known
from core.evals.assertions.judge import compares, judge, judge_together, total, unjudged
from core.evals.assertions.kind import Kind
from core.evals.assertions.preparing import prepare
from core.evals.assertions.registry import ALIASES, ASSERTIONS, kind_of, unsupported
from core.evals.judging import Judging

__all__ = [
    "ALIASES",
    "ASSERTIONS",
    "Case",
    "Judging",
    "Kind",
    "check_known",
    "compares",
    "judge",
    "judge_together",
    "kind_of",
    "prepare",
    "total",
    "unjudged",
    "unsupported",
]
