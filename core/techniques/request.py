"""What is asked of a technique: a question, a model, and the options. Validated, frozen, stored with its run.

Knows nothing of how any technique works, beyond which options it has.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import InvalidInput
from core.evals.scorers.extraction import rule_of
from core.generation.params import SamplingParams, invalid
from core.generation.request import Mode
from core.techniques.technique import Option
from core.tools import chosen

Choice = Literal["fixed", "random", "nearest"]
Order = Literal["file", "reversed", "random", "nearest-last"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
ORDERS: tuple[Order, ...] = get_args(Order)
MAX_SHOTS = 64
MAX_SAMPLES = 64
MAX_STEPS = 50
_TEXTS = ("question", "model", "system", "examples", "collection", "expected", "prompt", "extract")


def options_of() -> tuple[str, ...]:
    """Fields of a request that only some techniques use."""
    names: tuple[str, ...] = get_args(Option)
    return names


class TechniqueRequest(BaseModel):
    """One question for one technique and one model. Build it with `TechniqueRequest.parse(...)` for readable errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    technique: str
    """A key of `core.techniques.TECHNIQUES`."""
    model: str
    """A model reference, see `core.models.reference`."""
    question: str
    system: str | None = None
    """A system prompt; without one, the wording's own, if it has any."""
    params: SamplingParams = SamplingParams(temperature=0)
    """How every call samples; how many answers it draws is the technique's own business."""
    expected: str | None = None
    """The right answer, if somebody knows it: kept with the run, never sent to the model."""
    examples: str | None = None
    """A file of examples or the name of a set that ships with Loupe; `None` is the technique's own."""
    shots: int | None = Field(None, ge=0, le=MAX_SHOTS)
    """How many examples to show; `None` is the technique's own number."""
    choose: Choice = "fixed"
    """Which: the first of the file, random ones (by the sampling seed, else by 0), or those most like the question."""
    order: Order = "file"
    """In which order they stand in the prompt; with "nearest-last" the one most like the question comes last."""
    samples: int | None = Field(None, ge=2, le=MAX_SAMPLES)
    """How many answers vote."""
    tools: tuple[str, ...] | None = Field(None, max_length=32)
    """Names of tools that may be called; `None` is all that can work: those over documents need a collection."""
    collection: str | None = None
    """A folder of text files that the tools search."""
    max_steps: int | None = Field(None, ge=1, le=MAX_STEPS)
    """How many actions may be taken."""
    extract: str | None = None
    """The rule that finds the answer in the text, see `core.evals.scorers`; `None` is the technique's own."""
    prompt: str | None = None
    """Name of a prompt in the library to use instead of the technique's own wording."""
    mode: Mode | None = None
    """Chat or plain completion; `None` leaves it to wording and model."""
    user: str = Field("", max_length=64)
    """Whose run it is: programs of one user wait for each other, not for those of others."""
    parent: str | None = None
    """Id of the run this one repeats."""

    @field_validator("technique")
    @classmethod
    def _known(cls, value: str) -> str:
        from core.techniques.registry import TECHNIQUES

        if value not in TECHNIQUES:
            raise ValueError(f"choose one of {', '.join(TECHNIQUES)}")
        return value

    @field_validator("tools", mode="before")
    @classmethod
    def _distinct(cls, value: Any) -> Any:
        return tuple(dict.fromkeys(value)) if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _usable(self) -> TechniqueRequest:
        if not self.question.strip():
            raise ValueError("the question is empty; write one")
        texts = {name: getattr(self, name) for name in _TEXTS}
        for name, text in texts.items():
            if text and any("\ud800" <= char <= "\udfff" for char in text):
                raise ValueError(f"the {name} holds a lone surrogate, which is not valid text; remove it")
        if self.params.n != 1:
            raise ValueError("a technique decides itself how many answers it draws; leave n at 1")
        return self

    @classmethod
    def parse(cls, **values: Any) -> TechniqueRequest:
        """The validated request.

        Raises:
            InvalidInput: a value is missing, malformed or out of range, or the technique does not use it; one sentence.
            NotFound: there is no such collection.
        """
        from core.techniques.registry import TECHNIQUES

        try:
            request = cls(**values)
        except ValidationError as error:
            raise invalid(error, "options of a technique") from None
        technique = TECHNIQUES[request.technique]
        for name in options_of():
            if name not in technique.options and getattr(request, name) != cls.model_fields[name].default:
                having = ", ".join(each.name for each in TECHNIQUES.values() if name in each.options)
                raise InvalidInput(f"{technique.name} has no {name}; leave it out, or use {having}.", name)
        # now, and not after the model has answered
        if request.extract is not None and rule_of(request.extract).name == "program":
            raise InvalidInput("The rule program runs programs; use the technique pal for that.", "extract")
        if "tools" in technique.options:
            chosen(request.tools, request.collection)
        return request
