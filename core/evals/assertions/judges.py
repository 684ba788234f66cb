"""What types that ask a model have in common: which model judges, what was asked, and what can be wrong with either.

Knows no type of assertion.
"""

from __future__ import annotations

from collections.abc import Callable

from core.errors import InvalidInput, LoupeError
from core.evals.assertion import Assertion
from core.evals.assertions.case import Case
from core.evals.judging.wording import own_wording
from core.models.reference import parse_ref

OPTIONS = ("provider", "rubricPrompt")


def judge_of(assertion: Assertion) -> str | None:
    """Reference of the model that judges; `None`: the usual one."""
    return assertion.options.get("provider") or None


def question(case: Case) -> str:
    """What the model was asked; "" where it cannot be told."""
    try:
        return case.variant.request(case.row.vars).question
    except LoupeError:  # the row lacks a variable: then there was no output to judge either
        return case.output.prompt


def refuse_provider(assertion: Assertion, parse: Callable[[str], object], example: str) -> str | None:
    """What is wrong with the model that an assertion names, as the rest of a sentence."""
    provider = assertion.options.get("provider")
    if provider is None:
        return None
    if not isinstance(provider, str):
        return f"has a provider that is no text; write a model's reference, such as {example}"
    try:
        parse(provider)
    except LoupeError as error:
        return f"has a wrong provider: {str(error).rstrip('.')}"
    return None


def refuse_judge(assertion: Assertion) -> str | None:
    """What is wrong with a judge's model or wording, as the rest of a sentence."""
    if (wrong := refuse_provider(assertion, parse_ref, "smollm2")) is not None:
        return wrong
    own = assertion.options.get("rubricPrompt")
    if own is not None:
        try:
            own_wording(own)
        except InvalidInput as error:
            return f"has a wrong rubricPrompt: {str(error).rstrip('.')}"
    return None
