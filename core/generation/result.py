"""A run's result: events folded into completions, usage and timing. What is stored, shown and exported.

Knows nothing of where events come from.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from core.events import Event, Failed, Finished, FinishReason, SampleFinished, Started, TextDelta, Token
from core.store.runs import RunStatus


class TokenChoice(BaseModel):
    """One alternative at one place; log-probabilities are natural logs."""

    model_config = ConfigDict(ser_json_inf_nan="strings")  # stored as "-Infinity", which reads back as it was

    id: int
    text: str
    logprob: float
    sampled_logprob: float | None = None


class TokenResult(BaseModel):
    """One generated token, see `core.events.Token`."""

    model_config = ConfigDict(ser_json_inf_nan="strings")

    id: int
    text: str
    logprob: float | None = None
    sampled_logprob: float | None = None
    top: list[TokenChoice] = []
    rest: float | None = None
    rest_sampled: float | None = None
    special: str | None = None


class Completion(BaseModel):
    """One answer."""

    text: str = ""
    finish_reason: FinishReason | None = None
    """`None` while it is being written."""
    tokens: list[TokenResult] = []


class Usage(BaseModel):
    """Tokens in and out; `prompt_tokens` is counted once however many samples share it."""

    prompt_tokens: int | None = None
    completion_tokens: int = 0


class Timing(BaseModel):
    """Seconds, and tokens per second over the whole request (all samples together)."""

    ttft_s: float | None = None
    total_s: float = 0.0
    tokens_per_s: float | None = None
    """Completion tokens after the first step, by the time they took."""


class GenerationResult(BaseModel):
    """Everything a run produced; grows as events are folded in."""

    model: str = ""
    prompt: str = ""
    seed: int | None = None
    completions: list[Completion] = []
    usage: Usage = Usage()
    timing: Timing = Timing()
    error: str | None = None
    error_kind: str | None = None

    def fold(self, event: Event) -> None:
        """Add one event."""
        match event:
            case Started():
                self.model, self.prompt, self.seed = event.model, event.prompt, event.seed
                self.usage = Usage(prompt_tokens=event.prompt_tokens)
                self.completions = [Completion() for _ in range(event.n)]
            case Token():
                self.usage.completion_tokens += 1
                self.completions[event.sample].tokens.append(_token(event))
            case TextDelta():
                self.completions[event.sample].text += event.text
            case SampleFinished():
                completion = self.completions[event.sample]
                completion.text, completion.finish_reason = event.text, event.finish_reason
            case Finished():
                self.usage = Usage(prompt_tokens=event.prompt_tokens, completion_tokens=event.completion_tokens)
                decode_s = event.total_s - (event.ttft_s or 0.0)
                later = event.completion_tokens - len(self.completions)
                self.timing = Timing(
                    ttft_s=event.ttft_s,
                    total_s=event.total_s,
                    tokens_per_s=later / decode_s if later > 0 and decode_s > 0 else None,
                )
            case Failed():
                self.error, self.error_kind = event.message, event.kind
                self.close()
            case _:
                pass

    @property
    def text(self) -> str:
        """The first answer."""
        return self.completions[0].text if self.completions else ""

    def snapshot(self) -> GenerationResult:
        """A copy that later events leave alone. Tokens are shared, never copied."""
        completions = [
            completion.model_copy(update={"tokens": list(completion.tokens)}) for completion in self.completions
        ]
        return self.model_copy(update={"completions": completions, "usage": self.usage.model_copy()})

    def ended(self, cancelled: bool) -> RunStatus:
        """How it ended when its events are over; `cancelled` says that somebody asked it to stop."""
        reasons = {completion.finish_reason for completion in self.completions}
        if "interrupted" in reasons:
            return "interrupted"
        return "cancelled" if "cancelled" in reasons or (cancelled and not reasons) else "finished"

    def close(self) -> None:
        """Mark answers that were under way as interrupted."""
        for completion in self.completions:
            completion.finish_reason = completion.finish_reason or "interrupted"

    def as_json(self) -> dict[str, Any]:
        """Plain data for JSON: a log-probability of minus infinity (removed by a sampler) becomes null."""
        data: dict[str, Any] = _finite(self.model_dump())
        return data


def _token(event: Token) -> TokenResult:
    return TokenResult(
        id=event.id,
        text=event.text,
        logprob=event.logprob,
        sampled_logprob=event.sampled_logprob,
        top=[
            TokenChoice(id=a.id, text=a.text, logprob=a.logprob, sampled_logprob=a.sampled_logprob) for a in event.top
        ],
        rest=event.rest,
        rest_sampled=event.rest_sampled,
        special=event.special,
    )


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return None
    return value
