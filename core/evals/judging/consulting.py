"""Asking a judge until its reply can be read: once, and once more where the first reply holds no verdict.

Knows nothing of rubrics or of what a verdict is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from core.errors import InvalidInput
from core.evals.judging.failure import JudgeFailed
from core.evals.judging.means import Judging
from core.evals.output import Output
from core.generation.params import SamplingParams
from core.generation.request import ChatMessage, GenerationRequest
from core.prompts.file import PromptMessage

T = TypeVar("T")
KEPT = 8_000
"""Characters of a prompt or a reply that are kept with a verdict."""


def consult(
    judging: Judging,
    model: str,
    messages: Sequence[PromptMessage],
    read: Callable[[str], T],
    again: str,
) -> tuple[T, dict[str, Any]]:
    """What the judge says, and what is kept of it: model, prompt, replies, tokens, cost.

    Greedy: the same judge says the same of the same.

    Args:
        judging: models and limits.
        model: reference of the judge.
        messages: what it is asked.
        read: the verdict in a reply; raises InvalidInput where there is none, one sentence why.
        again: what it is told after a reply without a verdict.

    Raises:
        JudgeFailed: it cannot be reached, or neither of two replies holds a verdict.
        InvalidInput: the request is malformed.
    """
    chat = [ChatMessage(role=each.role, content=each.content) for each in messages]
    details, asked = _details(model, chat), []
    for last in (False, True):
        asked.append(_request(model, chat, judging))
        output = judging.ask(asked[-1], judging.cancel)
        _note(details, output)
        if output.error is not None:
            raise JudgeFailed(f"The judge {model} gave no verdict: {output.error}", details)
        try:
            return read(output.text), details
        except InvalidInput as error:
            if last:
                for each in asked:
                    judging.forget(each)
                raise JudgeFailed(f"The judge {model} gave no verdict: {error}", details) from None
        said = output.text[: judging.judge_characters]
        chat += [ChatMessage(role="assistant", content=said or "…"), ChatMessage(role="user", content=again)]
    raise JudgeFailed(f"The judge {model} gave no verdict.", details)


def _request(model: str, chat: list[ChatMessage], judging: Judging) -> GenerationRequest:
    params = SamplingParams(temperature=0, max_tokens=judging.judge_tokens)
    return GenerationRequest.parse(model=model, messages=tuple(chat), params=params)


def _details(model: str, chat: list[ChatMessage]) -> dict[str, Any]:
    prompt = [{"role": each.role, "content": each.content[:KEPT]} for each in chat]
    return {"judge": model, "prompt": prompt, "replies": [], "tokens": 0, "seconds": 0.0, "cost_usd": None}


def _note(details: dict[str, Any], output: Output) -> None:
    if output.kept:  # by it the store knows which verdicts the reply is for
        details.setdefault("kept", []).append(output.kept)
    if output.text:
        details["replies"].append(output.text[:KEPT])
    details["tokens"] += (output.prompt_tokens or 0) + output.completion_tokens
    details["seconds"] += output.seconds
    if output.cost_usd is not None:
        details["cost_usd"] = (details["cost_usd"] or 0.0) + output.cost_usd
