"""One output by a rubric, a criterion, the facts of a reference, or steps that a judge has thought of.

Each is one function: the question to the judge and how its reply is read. Knows nothing of assertions.

Sources: promptfoo, “Model-graded metrics”; OpenAI Evals, closedqa and fact; Liu et al. 2023, “G-Eval”.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from core.errors import InvalidInput
from core.evals.judging import wording
from core.evals.judging.consulting import consult
from core.evals.judging.means import Judging
from core.evals.judging.replies import Ruling, option, ruling, steps_in

AGAIN = 'That holds no verdict. Reply with one JSON object only: {"reason": "…", "pass": true or false, "score": …}.'
CASES = {
    "A": "It says a part of what the reference says.",
    "B": "It says what the reference says, and more.",
    "C": "It says what the reference says.",
    "D": "It contradicts the reference.",
    "E": "It differs from the reference in what does not matter.",
}
HIGHEST = 10
Kept = dict[str, Any]


def by_rubric(
    rubric: str,
    output: str,
    judging: Judging,
    *,
    model: str | None = None,
    own: Any = None,
    values: Mapping[str, str] | None = None,
) -> tuple[Ruling, Kept]:
    """Whether the output meets the rubric.

    Args:
        rubric: in words.
        output: from anybody.
        judging: models and limits.
        model: reference of the judge; `None`: the usual one.
        own: a wording of one's own with `{{output}}` and `{{rubric}}`; it marks off the output itself.
        values: the row's variables, for a wording of one's own.

    Raises:
        JudgeFailed: the judge cannot be reached or says nothing that can be read.
        InvalidInput: the output is too long, or the wording is malformed.
    """
    _check(output, judging)
    if own is None:
        asked = wording.messages("rubric", {"rubric": rubric}, {"answer": output})
    else:
        asked = wording.own_messages(own, {**(values or {}), "output": output, "rubric": rubric})
    return consult(judging, model or judging.model, asked, ruling, AGAIN)


def by_criterion(
    criterion: str, task: str, output: str, judging: Judging, *, model: str | None = None
) -> tuple[Ruling, Kept]:
    """Whether the output meets a criterion, yes or no, after reasoning.

    Raises:
        JudgeFailed, InvalidInput: see `by_rubric`.
    """
    _check(output, judging)
    asked = wording.messages("criterion", {"criterion": criterion}, {"task": task, "answer": output})
    (letter, reason), kept = consult(
        judging, model or judging.model, asked, partial(option, options="YN", keys=("verdict", "answer")),
        "That holds no verdict. Reply with the letter Y or N only.",
    )  # fmt: skip
    return Ruling(letter == "Y", float(letter == "Y"), reason), kept


def by_facts(
    reference: str, question: str, output: str, judging: Judging, *, model: str | None = None
) -> tuple[tuple[str, str], Kept]:
    """Which of `CASES` holds, and the judge's reason.

    Raises:
        JudgeFailed, InvalidInput: see `by_rubric`.
    """
    _check(output, judging)
    data = {"question": question, "reference": reference, "answer": output}
    asked = wording.messages("facts", {}, data)
    return consult(
        judging, model or judging.model, asked, partial(option, options="ABCDE", keys=("category", "case")),
        'That holds no case. Reply with one JSON object only: {"reason": "…", "category": "A", "B", "C", "D" or "E"}.',
    )  # fmt: skip


def by_steps(
    criterion: str, task: str, output: str, judging: Judging, *, model: str | None = None
) -> tuple[Ruling, Kept]:
    """How far the output meets a criterion, from 0 to 10 as the judge says it, by steps that it has thought of first.

    The steps depend on the criterion alone, so that a judge that keeps its answers thinks of them once.

    Raises:
        JudgeFailed, InvalidInput: see `by_rubric`.
    """
    _check(output, judging)
    judge = model or judging.model
    planned, first = consult(
        judging, judge, wording.messages("steps", {"criterion": criterion}, {}), steps_in,
        'That holds no steps. Reply with one JSON object only: {"steps": ["…", "…"]}.',
    )  # fmt: skip
    asked = wording.messages(
        "graded", {"criterion": criterion, "steps": _numbered(planned)}, {"task": task, "answer": output}
    )
    read = partial(ruling, lowest=0, highest=HIGHEST)
    again = 'That holds no grade. Reply with one JSON object only: {"reason": "…", "score": 0 to 10}.'
    found, kept = consult(judging, judge, asked, read, again)
    return found, {**kept, "steps": list(planned), "planning": first}


def _numbered(steps: Sequence[str]) -> str:
    return "\n".join(f"{number}. {each}" for number, each in enumerate(steps, start=1))


def _check(output: str, judging: Judging) -> None:
    if len(output) > judging.judge_characters:
        raise InvalidInput(
            f"The output has {len(output):,} characters; a judge is shown {judging.judge_characters:,} at most."
        )
