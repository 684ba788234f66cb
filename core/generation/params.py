"""Sampling parameters: what each means, what it does, and which values are allowed.

Names and formulas are those of transformers' GenerationConfig; presence and frequency penalty are OpenAI's. Knows
nothing of models: whether a back end honours a field is in `core.models.capabilities`.
"""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import InvalidInput

MAX_SEED = 2**63 - 1


class SamplingParams(BaseModel):
    """How the next token is chosen and when to stop. Build it with `SamplingParams.parse(...)` for readable errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    max_tokens: int = Field(
        256, ge=1, le=1_000_000, description="Most tokens to generate. The answer is cut there, even mid-sentence."
    )
    min_tokens: int = Field(
        0, ge=0, le=1_000_000, description="The end-of-answer token is forbidden until this many tokens are generated."
    )
    temperature: float = Field(
        1.0,
        ge=0,
        le=2,
        description="Divides the logits before the softmax. Below 1 the favourites gain, above 1 the field levels out; "
        "0 always takes the most probable token (greedy).",
    )
    top_k: int = Field(
        0, ge=0, le=1_000_000, description="Keep only the k most probable tokens. 0 keeps all; 1 is greedy."
    )
    top_p: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Nucleus sampling (Holtzman et al., 2020): keep the fewest most probable tokens whose "
        "probabilities add up to p. 1 keeps all.",
    )
    min_p: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Keep tokens at least this fraction as probable as the favourite (Nguyen et al., 2024): strict "
        "when the model is sure, lenient when it is not. 0 keeps all.",
    )
    typical_p: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Locally typical sampling (Meister et al., 2023): keep the tokens whose surprise is nearest to the "
        "expected surprise until their mass is p. It can drop the favourite. 1 keeps all.",
    )
    repetition_penalty: float = Field(
        1.0,
        gt=0,
        le=10,
        description="Above 1, tokens already in prompt or answer get less likely (CTRL, Keskar et al., 2019): positive "
        "logits are divided, negative ones multiplied. 1 is off.",
    )
    presence_penalty: float = Field(
        0.0,
        ge=-2,
        le=2,
        description="Taken once from the logit of every token that the answer already holds. 0 is off.",
    )
    frequency_penalty: float = Field(
        0.0,
        ge=-2,
        le=2,
        description="Taken from the logit of a token for every time that the answer already holds it. 0 is off.",
    )
    no_repeat_ngram_size: int = Field(
        0, ge=0, le=1000, description="No run of this many tokens occurs twice in prompt and answer. 0 is off."
    )
    stop: tuple[str, ...] = Field(
        (), max_length=16, description="Strings that end the answer; they are found across tokens and never shown."
    )
    seed: int | None = Field(
        None,
        ge=0,
        le=MAX_SEED,
        description="Start of the random numbers: the same seed gives the same answer. Empty draws one and notes it.",
    )
    n: int = Field(1, ge=1, le=128, description="How many answers to the same prompt; they share one prefill.")
    num_beams: int = Field(
        1,
        ge=1,
        le=64,
        description="Beam search: keep this many partial answers and return the most probable whole one. 1 is off. "
        "Nothing is streamed until it ends.",
    )
    length_penalty: float = Field(
        1.0,
        ge=-10,
        le=10,
        description="Beams only: a beam's score is its log-probability divided by length to this power. Above 0 "
        "favours long answers, below 0 short ones.",
    )
    early_stopping: bool | Literal["never"] = Field(
        False,
        description="Beams only: true ends as soon as there are num_beams candidates, false when better ones are "
        'unlikely, "never" when better ones are impossible.',
    )

    @field_validator("stop", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("stop")
    @classmethod
    def _not_empty(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not text for text in value):
            raise ValueError("a stop string is empty")
        if any(len(text) > 1000 for text in value):
            raise ValueError("a stop string is longer than 1,000 characters")
        return value

    @model_validator(mode="after")
    def _together(self) -> SamplingParams:
        if self.min_tokens > self.max_tokens:
            raise ValueError(
                f"the answer needs {self.min_tokens} min_tokens but may have only {self.max_tokens} max_tokens"
            )
        if self.num_beams > 1 and self.n > self.num_beams:
            raise ValueError(f"each answer is one beam, and n is {self.n} with {self.num_beams} num_beams")
        return self

    @property
    def greedy(self) -> bool:
        """Whether the most probable token is always taken."""
        return self.temperature == 0

    @classmethod
    def parse(cls, **values: Any) -> SamplingParams:
        """The validated parameters.

        Raises:
            InvalidInput: a value is out of range; the sentence names field, value and range.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise invalid(error, "sampling settings") from None


def invalid(error: ValidationError, what: str) -> InvalidInput:
    """One sentence from pydantic's first complaint about `what`."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or None
    message = str(first["msg"]).removeprefix("Value error, ")
    value = first.get("input")
    if first["type"] == "extra_forbidden":
        return InvalidInput(f"{field} is not one of the {what}.", field)
    if field is None:
        return InvalidInput(f"{message[:1].upper()}{message[1:]}.")
    shown = repr(value) if not (isinstance(value, float) and not math.isfinite(value)) else str(value)
    if len(shown) > 60:
        shown = shown[:57] + "…"
    return InvalidInput(f"{field} is {shown}: {message[:1].lower()}{message[1:]}.", field)
