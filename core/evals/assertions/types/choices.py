"""`llm-choices`: a model is asked in the file's own words, and its reply names one of several choices with scores.

As the evaluator `llm` of GitHub Models: the first choice that the reply contains, in any case, is the one; a score
above 0 passes. A reply without a choice is an error, where GitHub's tool calls it a failure. Knows nothing of prompts.
"""

from __future__ import annotations

import math
from typing import Any

from core.errors import InvalidInput
from core.evals.assertion import Assertion
from core.evals.assertions.case import Finding, Judged, quoted
from core.evals.assertions.judges import OPTIONS, judge_of, refuse_judge
from core.evals.assertions.kind import Kind
from core.evals.judging.consulting import consult
from core.evals.judging.wording import own_messages
from core.prompts.inputs import as_text

MOST = 100
"""Choices."""
_HOW = "needs a list of choices, each with a choice and a score from 0 to 1"


def look(judged: Judged) -> Finding:
    """The score of the choice that the judge's reply holds."""
    choices, judging = _choices(judged.value), judged.case.judging
    values = {name: as_text(value) for name, value in judged.case.row.vars.items()}
    asked = own_messages(
        judged.assertion.options.get("rubricPrompt"), {**values, "completion": judged.text, "output": judged.text}
    )
    names = ", ".join(name for name, _ in choices)
    (name, score), kept = consult(
        judging,
        judge_of(judged.assertion) or judging.model,
        asked,
        lambda reply: _chosen(reply, choices),
        f"That holds none of the choices. Reply with one of them only: {names}.",
    )
    threshold = judged.assertion.threshold
    passed = score > 0 if threshold is None else score >= threshold - 1e-9
    return Finding(passed, score, f"The judge chose {quoted(name)}, which scores {score:g}.", kept)


def _chosen(reply: str, choices: list[tuple[str, float]]) -> tuple[str, float]:
    said = reply.casefold()
    found = next((each for each in choices if each[0].casefold() in said), None)
    if found is None:
        raise InvalidInput("Its reply holds none of the choices.")
    return found


def _choices(value: Any) -> list[tuple[str, float]]:
    """The choices and their scores.

    Raises:
        InvalidInput: they are malformed; the rest of a sentence.
    """
    if not isinstance(value, list | tuple) or not value or len(value) > MOST:
        raise InvalidInput(_HOW)
    found = []
    for each in value:
        if not isinstance(each, dict) or each.get("choice") in (None, "") or isinstance(each.get("score"), bool):
            raise InvalidInput(_HOW)
        try:
            score = float(each.get("score"))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise InvalidInput(_HOW) from None
        if math.isnan(score) or not 0 <= score <= 1:
            raise InvalidInput(f"has a score of {score:g}; scores are from 0 to 1")
        found.append((as_text(each["choice"]), score))
    return found


def _refuse(assertion: Assertion) -> str | None:
    if assertion.options.get("rubricPrompt") is None:
        return "needs a rubricPrompt: the question to the judge, with {{completion}} in it"
    try:
        _choices(assertion.value)
    except InvalidInput as error:
        return str(error)
    return refuse_judge(assertion)


KINDS = (
    Kind(
        "llm-choices",
        "A model is asked by rubricPrompt, which holds {{completion}}, and its reply has a choice that scores above 0.",
        "GitHub Models, evaluators (llm)",
        "nothing",
        look,
        threshold=(0.0, 1.0),
        options=OPTIONS,
        asks_model=True,
        refuse=_refuse,
    ),
)
