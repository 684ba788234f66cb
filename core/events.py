"""What work tells whoever watches it: frozen events, the same for page, command line and test.

Every kind of work is `request → iterator of events → stored run`. Events know nothing of how they are drawn or stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

FinishReason = Literal["stop", "length", "cancelled", "interrupted", "content_filter"]


@dataclass(frozen=True, slots=True)
class Alternative:
    """A token that could have come at this place."""

    id: int
    text: str
    logprob: float
    """Natural log of its probability under the model, before the samplers."""
    sampled_logprob: float | None
    """The same after the samplers; `None` when the back end does not tell, `-inf` when they removed it."""


@dataclass(frozen=True, slots=True)
class Started:
    """The prompt is accepted: nothing has been computed yet."""

    model: str
    prompt: str
    """The whole rendered prompt as the model sees it ("" where only the endpoint knows)."""
    prompt_tokens: int | None
    seed: int
    n: int


@dataclass(frozen=True, slots=True)
class Token:
    """One token of sample `sample`."""

    sample: int
    id: int
    text: str
    """The characters this token completed; "" while one is incomplete and for special tokens. The texts of a sample's
    tokens add up to its text: what is left of a cut character goes to the last token."""
    logprob: float | None
    sampled_logprob: float | None
    top: tuple[Alternative, ...] = ()
    rest: float | None = None
    """Probability (before the samplers) of every token that is not in `top`."""
    rest_sampled: float | None = None
    special: str | None = None
    """The name of a special token such as `<|im_end|>`, which is never part of the text."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Whole characters that can be shown; never part of a stop string."""

    sample: int
    text: str


@dataclass(frozen=True, slots=True)
class SampleFinished:
    """Sample `sample` is complete; `text` is its whole text."""

    sample: int
    text: str
    finish_reason: FinishReason


@dataclass(frozen=True, slots=True)
class Call:
    """A technique asks the model; the generation events from here to their `Finished` belong to this call."""

    stage: str
    """What it asks for, such as "reasoning" or "extraction"."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something a technique did on the way: a thought, a program, a tool call, passages."""

    kind: str
    text: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far long work has come; `rate` is in `unit` per second, `eta_s` in seconds."""

    done: float
    total: float | None
    unit: str
    rate: float | None = None
    eta_s: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """A measured value at a step."""

    name: str
    step: int
    value: float


@dataclass(frozen=True, slots=True)
class Finished:
    """All of it is done."""

    prompt_tokens: int | None
    completion_tokens: int
    ttft_s: float | None
    """Seconds from the request until the first token of any sample."""
    total_s: float


@dataclass(frozen=True, slots=True)
class Failed:
    """It ended with an error; `message` is one sentence for a person."""

    message: str
    kind: str
    """Name of the class in `core.errors`."""


Event = Started | Token | TextDelta | SampleFinished | Call | Step | Progress | Metric | Finished | Failed
