"""What is measured: models, a text, how the window slides. Validated here; the sentence says what is wrong.

Descriptions are the help texts of page and command line. Knows nothing of how it is measured.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import InvalidInput

WINDOW, STRIDE = 512, 256


class MeasureRequest(BaseModel):
    """Models and a text. Build it with `MeasureRequest.parse(...)` for readable errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    models: tuple[str, ...] = Field(
        min_length=1,
        max_length=32,
        description="References; each is compared with the first. ?quantize= and ?dtype= count.",
    )
    text: str = Field(
        "", max_length=4096, description="UTF-8 text file to predict. Empty takes the text that comes with Loupe."
    )
    window: int | None = Field(
        None,
        ge=8,
        le=131_072,
        description="Tokens that a model sees at once. Empty takes 512, or the smallest context among the models.",
    )
    stride: int | None = Field(
        None,
        ge=1,
        le=131_072,
        description="Tokens by which the window moves on; only these count each time, so every counted token but the "
        "first ones has at least window - stride before it. Empty takes half the window.",
    )
    tokens: int | None = Field(None, ge=16, le=100_000_000, description="Only so many tokens of the text. Empty: all.")
    speed: bool = Field(True, description="Also measure tokens per second, of reading a prompt and of writing.")

    eval_file: str = Field(
        "",
        max_length=4096,
        description="Eval file with one prompt: its questions are asked of every model, and the share that passes is "
        "the accuracy. Empty: none.",
    )
    eval_rows: int | None = Field(None, ge=1, le=100_000, description="Only the first rows of the eval. Empty: all.")

    @field_validator("models")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a model is named twice")
        return value

    @model_validator(mode="after")
    def _together(self) -> MeasureRequest:
        if self.stride is not None and self.stride > (self.window or WINDOW):
            raise ValueError(
                f"the stride is {self.stride} and the window {self.window or WINDOW}: tokens between two windows would "
                f"be left out; lower the stride"
            )
        if self.eval_rows is not None and not self.eval_file:
            raise ValueError("eval_rows is given and no eval_file; name one or leave both out")
        return self

    @classmethod
    def parse(cls, **values: Any) -> MeasureRequest:
        """The validated request.

        Raises:
            InvalidInput: a value is wrong; the sentence names field and value.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            field = str(first["loc"][0]) if first["loc"] else None
            message = str(first["msg"]).removeprefix("Value error, ")
            if field is None:
                raise InvalidInput(f"{message[:1].upper()}{message[1:]}.") from None
            shown = ascii(first.get("input"))[:60]
            raise InvalidInput(f"{field} is {shown}: {message[:1].lower()}{message[1:]}.", field) from None
