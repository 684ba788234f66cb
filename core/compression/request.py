"""What a person asks of a compression: model, method, settings. Validated here; the sentence says what is wrong.

Descriptions are the help texts of page and command line. Knows nothing of how a method works; which settings a method
reads is said by the method (`core.compression.methods`).
"""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import InvalidInput

MethodName = Literal["int8", "nf4", "fp4", "gptq", "gguf", "prune", "distill"]
Precision = Literal["f16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"]
Criterion = Literal["magnitude", "wanda", "sparsegpt"]
Structure = Literal["unstructured", "2:4", "heads", "channels", "layers"]
ComputeDtype = Literal["bf16", "fp16", "fp32"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
GROUP_SIZES = (128, 64, 32, 16)
"""What an empty group size chooses from, the coarsest first."""


class CompressRequest(BaseModel):
    """One model, one method, its settings. Build it with `CompressRequest.parse(...)` for readable errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    method: MethodName = Field(description="How the model is made smaller.")
    model: str = Field("smollm2", description="Reference of the model to compress: smollm2, hf:ORG/NAME, path:FOLDER.")
    name: str = Field(description="Name of the result; a folder (for gguf a file) of that name among the local models.")
    calibration: str = Field(
        "",
        max_length=4096,
        description="UTF-8 text file that shows the method how the model is used; for distillation, what the student "
        "is trained on. Empty takes the text that comes with Loupe.",
    )
    samples: int = Field(64, ge=1, le=100_000, description="Pieces of the calibration text that the method looks at.")
    sample_tokens: int = Field(512, ge=8, le=32_768, description="Tokens of each piece.")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Which pieces are taken, and in which order.")

    double_quantization: bool = Field(
        False,
        description="Quantize the scales of the blocks too (QLoRA, 2023): 4.127 instead of 4.5 bits a weight.",
    )
    compute_dtype: ComputeDtype | None = Field(
        None,
        description="Precision in which the unpacked weights are multiplied: speed, not size. Empty takes the one that "
        "this device computes fast.",
    )
    bits: Literal[4, 8] = Field(4, description="Bits of a weight.")
    group_size: int | None = Field(
        None,
        ge=8,
        le=4096,
        description="Weights in a row that share one scale; it must divide the width of every layer. Empty takes the "
        "largest of 128, 64, 32 and 16 that does.",
    )
    symmetric: bool = Field(True, description="Zero lies in the middle of the grid; without, each group has an offset.")
    calibrated: bool = Field(
        True,
        description="Choose the rounding by what the layer sees (GPTQ). Without, every weight is rounded to the "
        "nearest value: the plain method to compare with.",
    )
    dampening: float = Field(
        0.01,
        gt=0,
        le=1,
        description="Added to the diagonal of the Hessian, as a share of its mean, so it can be inverted.",
    )
    precision: Precision = Field("q8_0", description="Type of the tensors in the GGUF file.")
    criterion: Criterion = Field(
        "wanda",
        description="Which weights count least: magnitude (the smallest), wanda (smallest times the size of its "
        "input), sparsegpt (smallest loss of the layer's output; the other weights make up for it).",
    )
    structure: Structure = Field(
        "unstructured",
        description="unstructured: any weight. 2:4: two of every four in a row, which some GPUs compute faster. heads, "
        "channels, layers: whole parts are taken out, so that the model really gets smaller and faster.",
    )
    sparsity: float = Field(0.5, gt=0, lt=1, description="Share of the weights, or of the parts, that goes.")
    student: str = Field(
        "",
        max_length=4096,
        description="Reference of a smaller model with the same vocabulary to teach. Empty makes the student from the "
        "model's own layers.",
    )
    layers: tuple[int, ...] = Field(
        (), max_length=1000, description="The model's layers that the student keeps, counted from 0. Empty: see keep."
    )
    keep: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Share of the layers that the student keeps, evenly spaced, first and last included.",
    )
    temperature: float = Field(
        2.0, gt=0, le=20, description="Softens both distributions, so that the student also learns what is unlikely."
    )
    alpha: float = Field(
        0.5, ge=0, le=1, description="Weight of the soft labels; the rest is for the text's own next tokens."
    )
    hard_only: bool = Field(
        False, description="Train the same student on the text alone, without the teacher: the twin to compare with."
    )
    steps: int = Field(300, ge=1, le=1_000_000, description="Updates of the student's weights.")
    batch_size: int = Field(4, ge=1, le=1024, description="Pieces of the text in an update.")
    learning_rate: float = Field(2e-4, gt=0, le=0.1, description="Peak of the learning rate; typical 1e-5 to 1e-3.")

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not NAME.fullmatch(value) or value.endswith(".gguf") or ".." in value:
            raise ValueError(
                "a name begins with a letter or digit and holds letters, digits, '.', '_' and '-', 64 at most"
            )
        return value

    @field_validator("layers", mode="before")
    @classmethod
    def _layers(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        return tuple(value) if isinstance(value, list) else value

    @field_validator("layers")
    @classmethod
    def _layers_in_order(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(each < 0 for each in value) or list(value) != sorted(set(value)):
            raise ValueError("write layers counted from 0, each once, in ascending order, such as 0,2,4")
        return value

    @model_validator(mode="after")
    def _together(self) -> CompressRequest:
        if (
            self.method == "prune"
            and self.structure in ("heads", "channels", "layers")
            and self.criterion == "sparsegpt"
        ):
            raise ValueError(f"sparsegpt is about single weights; for {self.structure} choose magnitude or wanda")
        return self

    @property
    def changed(self) -> set[str]:
        """Settings that differ from their defaults."""
        fields = type(self).model_fields
        return {name for name in self.model_fields_set if getattr(self, name) != fields[name].default}

    @property
    def in_use(self) -> tuple[str, ...]:
        """Settings that the method reads and that have an effect, the others being what they are."""
        from core.compression.idle import idle
        from core.compression.methods import find_method

        unused = idle(self.method, lambda name: getattr(self, name))
        return tuple(name for name in find_method(self.method).options if name not in unused)

    @classmethod
    def parse(cls, **values: Any) -> CompressRequest:
        """The validated request.

        Raises:
            InvalidInput: a value is wrong, or has no effect with this method and the other settings; the sentence names
                field and value.
        """
        from core.compression.idle import idle
        from core.compression.methods import find_method

        try:
            request = cls(**values)
        except ValidationError as error:
            raise _sentence(error) from None
        unread = sorted(request.changed - {"method", "model", "name", *find_method(request.method).options})
        if unread:
            raise InvalidInput(
                f"{unread[0]} is given, and {request.method} does not read it; it reads "
                f"{', '.join(find_method(request.method).options) or 'no settings'}.",
                unread[0],
            )
        unused = idle(request.method, lambda name: getattr(request, name))
        for name in sorted(request.changed & unused.keys()):
            raise InvalidInput(f"{name} is given, and {unused[name]}; leave it out.", name)
        return request


def _sentence(error: ValidationError) -> InvalidInput:
    """One sentence from pydantic's first complaint."""
    first = error.errors()[0]
    field = str(first["loc"][0]) if first["loc"] else None
    message = str(first["msg"]).removeprefix("Value error, ")
    if field is None:
        return InvalidInput(f"{message[:1].upper()}{message[1:]}.")
    if first["type"] == "extra_forbidden":
        return InvalidInput(f"{field[:60]} is not one of the settings of a compression.", field)
    if first["type"] == "missing":
        return InvalidInput(f"{field} is missing.", field)
    return InvalidInput(f"{field} is {ascii(first.get('input'))[:60]}: {message[:1].lower()}{message[1:]}.", field)
