"""The result of work that asks a model several times: events folded into calls, steps, an answer and what it cost.

What is stored, shown, exported. Knows nothing of what the work is: techniques and answers from documents both end so.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from core.events import Call, Event, Failed, Finished, Step
from core.generation.result import GenerationResult, Timing, Usage
from core.store.runs import RunStatus


class CallResult(BaseModel):
    """One call to the model."""

    stage: str
    """What it asked for, such as "reasoning" or "answer"."""
    result: GenerationResult = GenerationResult()


class StepResult(BaseModel):
    """One step, see `core.events.Step`."""

    model_config = ConfigDict(ser_json_inf_nan="strings")

    kind: str
    text: str
    data: dict[str, Any] = {}


class CallsResult(BaseModel):
    """Everything a run produced; grows as events are folded in."""

    answer: str | None = None
    """`None` while there is none, and when none was found: a step of kind "problem" then says why."""
    calls: list[CallResult] = []
    steps: list[StepResult] = []
    usage: Usage = Usage(prompt_tokens=0)
    """Over all calls; `prompt_tokens` is `None` when an endpoint did not count them."""
    timing: Timing = Timing()
    """`ttft_s` is of the first call, `total_s` includes tools and programs, `tokens_per_s` counts generation only."""
    error: str | None = None
    error_kind: str | None = None

    def fold(self, event: Event) -> None:
        """Add one event."""
        match event:
            case Call():
                self.calls.append(CallResult(stage=event.stage, result=GenerationResult()))
            case Step():
                self.steps.append(StepResult(kind=event.kind, text=event.text, data=event.data))
                if event.kind == "answer":
                    self.answer = event.text if event.data.get("found", True) else None
            case Finished() if self._open is None:
                self.timing = self.timing.model_copy(update={"total_s": event.total_s})
            case Failed():
                self.error, self.error_kind = event.message, event.kind
                self.close()
            case _:
                if (call := self._open) is not None:
                    call.result.fold(event)
                    self._add_up()

    @property
    def prompt(self) -> str:
        """The first prompt exactly as it was sent; "" before that."""
        return self.calls[0].result.prompt if self.calls else ""

    @property
    def text(self) -> str:
        """The answer, or what the model said last."""
        return self.answer or (self.calls[-1].result.text if self.calls else "")

    def snapshot(self) -> Self:
        """A copy that later events leave alone. What has ended is shared, never copied."""
        calls = list(self.calls)
        if self._open is not None:
            calls[-1] = calls[-1].model_copy(update={"result": calls[-1].result.snapshot()})
        return self.model_copy(update={"calls": calls, "steps": list(self.steps)})

    def ended(self, cancelled: bool) -> RunStatus:
        """How it ended when its events are over; `cancelled` says that somebody asked it to stop."""
        if any(call.result.ended(False) == "interrupted" for call in self.calls):
            return "interrupted"
        return "cancelled" if cancelled and not any(step.kind == "answer" for step in self.steps) else "finished"

    def close(self) -> None:
        """Mark what was under way as interrupted."""
        if self._open is not None:
            self._open.result.close()

    def as_json(self) -> dict[str, Any]:
        """Plain data for JSON, without what is infinite."""
        calls = [{"stage": call.stage, "result": call.result.as_json()} for call in self.calls]
        return {**self.model_dump(mode="json", exclude={"calls"}), "prompt": self.prompt, "calls": calls}

    @property
    def _open(self) -> CallResult | None:
        """The call whose events are still coming."""
        last = self.calls[-1] if self.calls else None
        return last if last is not None and not last.result.timing.total_s else None

    def _add_up(self) -> None:
        results = [call.result for call in self.calls]
        prompts = [result.usage.prompt_tokens for result in results]
        self.usage = Usage(
            prompt_tokens=None if None in prompts else sum(count or 0 for count in prompts),
            completion_tokens=sum(result.usage.completion_tokens for result in results),
        )
        rates = [(_later(result), result.timing.tokens_per_s) for result in results]
        seconds = sum(later / rate for later, rate in rates if rate)
        self.timing = Timing(
            ttft_s=results[0].timing.ttft_s,
            total_s=sum(result.timing.total_s for result in results),
            tokens_per_s=sum(later for later, rate in rates if rate) / seconds if seconds else None,
        )


def _later(result: GenerationResult) -> int:
    """Tokens that `tokens_per_s` counts: all but the first of every answer."""
    return result.usage.completion_tokens - len(result.completions)
