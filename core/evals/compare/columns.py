"""Variants side by side on one input: started together as live runs, found again by their ids, stopped one by one.

Every column is a run of its kind, the very one that the Playground, the Prompt lab or Ask would start; columns on one
model decode in one batch, since each is a thread that asks the same decode loop. Knows nothing of pages, nor of how the
columns are compared.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.documents.answering import runs as answers
from core.errors import InvalidInput, LoupeError, NotFound
from core.evals.variant import Request, Variant
from core.events import FinishReason
from core.generation import runs as generations
from core.generation.calls import CallsResult, StepResult
from core.generation.request import GenerationRequest
from core.generation.result import TokenResult
from core.models.loaders import capabilities_of
from core.models.reference import parse_ref
from core.store import runs as store
from core.techniques import runs as techniques
from core.techniques.request import TechniqueRequest

MOST = 6
ALTERNATIVES = 10
"""How many rivals of every token a column keeps, where its model reports them: what the other column took is among them
more often than not."""
LiveRun = generations.LiveRun | techniques.LiveRun | answers.LiveRun
_SEEDS = 2**31


@dataclass(frozen=True, slots=True)
class Started:
    """What became of one variant: a run, or why there is none."""

    variant: Variant
    run: str | None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A run of any kind at one moment, live or stored, as a column shows it."""

    id: str
    request: Request
    status: store.RunStatus
    text: str
    tokens: Sequence[TokenResult] = ()
    """Of the text; none where several calls made it, or nobody reports them."""
    finish_reason: FinishReason | None = None
    """Of the call that wrote the text."""
    error: str | None = None
    unsaved: str | None = None
    prompt: str = ""
    """The first prompt exactly as it was sent."""
    calls: int = 1
    steps: Sequence[StepResult] = ()
    seed: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int = 0
    ttft_s: float | None = None
    """Seconds to the first token, waiting for a place in the batch and loading the model included."""
    total_s: float | None = None
    tokens_per_s: float | None = None
    cost_usd: float | None = None

    @property
    def running(self) -> bool:
        """Whether more is to come."""
        return self.status == "running"


def start(variants: Sequence[Variant], values: Mapping[str, Any]) -> list[Started]:
    """Start them all at once; what cannot be started says why and stops no other.

    Variants that sample without a seed of their own share one drawn here, so that chance is the same in every column.

    Args:
        variants: one to six.
        values: by variable of their prompts.

    Raises:
        InvalidInput: there are none, or more than six.
    """
    if not 1 <= len(variants) <= MOST:
        raise InvalidInput(f"There are {len(variants)} columns; compare one to {MOST}.", "columns")
    seed = secrets.randbelow(_SEEDS)
    found = []
    for each in variants:
        if each.params.seed is None and not each.params.greedy:
            each = each.model_copy(update={"params": each.params.model_copy(update={"seed": seed})})
        try:
            found.append(Started(each, begin(each.request(values), ALTERNATIVES).id))
        except LoupeError as error:
            found.append(Started(each, None, str(error)))
    return found


def begin(request: Request, alternatives: int = 0) -> LiveRun:
    """Start one request as a run of its kind.

    Args:
        request: what a variant asks.
        alternatives: rivals to keep of every token, at most as many as the model reports; plain generations only.

    Raises:
        LoupeError: it cannot be started; one sentence.
    """
    if isinstance(request, TechniqueRequest):
        return techniques.start(request)
    if not isinstance(request, GenerationRequest):
        return answers.start(request)
    able = capabilities_of(parse_ref(request.model))
    most = 0 if able.reason("token_probabilities") else min(alternatives, able.max_alternatives)
    return generations.start(request.model_copy(update={"top_logprobs": most}))


def find(run_id: str) -> Column:
    """The run as it is now.

    Raises:
        NotFound: there is none, or it is no run that a column can show.
        StoreError: the store cannot be read.
    """
    match _kind(run_id):
        case generations.KIND:
            return _generated(generations.get(run_id))
        case techniques.KIND:
            return _called(techniques.get(run_id))
        case answers.KIND:
            return _called(answers.get(run_id))
    raise NotFound(f"The run {run_id} cannot be compared; open it from the Runs page.")


def stop(run_id: str) -> None:
    """End a column within one token; what has come stays.

    Raises:
        NotFound: this process does not work on it.
    """
    match _kind(run_id):
        case generations.KIND:
            generations.cancel(run_id)
        case techniques.KIND:
            techniques.cancel(run_id)
        case answers.KIND:
            answers.cancel(run_id)


@lru_cache(maxsize=1024)
def _kind(run_id: str) -> str:
    """A run is stored before it begins, and never changes its kind."""
    return store.get(run_id).kind


def _generated(view: generations.RunView) -> Column:
    result = view.result
    done = result.completions[0] if result.completions else None
    return Column(
        id=view.id,
        request=view.request,
        status=view.status,
        text=view.request.answer_text + result.text,
        tokens=done.tokens if done else (),
        finish_reason=done.finish_reason if done else None,
        error=result.error,
        unsaved=view.unsaved,
        prompt=result.prompt,
        seed=result.seed,
        prompt_tokens=result.usage.prompt_tokens,
        completion_tokens=result.usage.completion_tokens,
        ttft_s=result.timing.ttft_s,
        total_s=result.timing.total_s or None,
        tokens_per_s=result.timing.tokens_per_s,
        cost_usd=view.cost_usd,
    )


def _called(view: techniques.RunView | answers.RunView) -> Column:
    result: CallsResult = view.result
    last = result.calls[-1].result if result.calls else None
    own = last.completions[0] if last is not None and len(last.completions) == 1 and last.text == result.text else None
    return Column(
        id=view.id,
        request=view.request,
        status=view.status,
        text=result.text,
        tokens=own.tokens if own else (),
        finish_reason=own.finish_reason if own else None,
        error=result.error,
        unsaved=view.unsaved,
        prompt=result.prompt,
        calls=len(result.calls),
        steps=result.steps,
        seed=result.calls[0].result.seed if result.calls else None,
        prompt_tokens=result.usage.prompt_tokens,
        completion_tokens=result.usage.completion_tokens,
        ttft_s=result.timing.ttft_s,
        total_s=result.timing.total_s or None,
        tokens_per_s=result.timing.tokens_per_s,
        cost_usd=view.cost_usd,
    )
