"""A fine-tuning run as it is asked for: model, method, data, name, settings. Validated; says in words what is wrong.

Knows nothing of files' contents or of models: `start.py` looks at those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.errors import InvalidInput
from core.generation.params import invalid
from core.prompts import files
from core.prompts.names import short
from core.tuning.methods import METHODS
from core.tuning.settings import TuneSettings

Format = Literal["prompt-completion", "messages", "alpaca", "sharegpt", "text", "text-label"]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MOST_BYTES = 1024 * 1024
"""Of a settings file."""


class TuneRequest(BaseModel):
    """What is to be trained on what. Build it with `TuneRequest.parse(...)`, which fills in the method's preset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str
    """A key of `core.tuning.methods.METHODS`."""
    model: str = Field(min_length=1, description="The model that is trained: a reference without adapters.")
    data: str = Field(min_length=1, description="File of rows to train on: JSON Lines, CSV, Parquet or JSON.")
    name: str = Field(description="What the result is called; afterwards MODEL+NAME is a model like any other.")
    eval_data: str = Field("", description="File of held-out rows. Empty: a share of the training rows is held out.")
    format: Format | None = Field(None, description="What the rows are. Empty: seen from their columns.")
    columns: dict[str, str] = Field({}, description="Where the file's columns have other names: field to column.")
    skip_broken: bool = Field(False, description="Leave out rows that cannot be used, and say which.")
    settings: TuneSettings = TuneSettings()

    @field_validator("name")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not NAME.fullmatch(value) or ".." in value:
            raise ValueError("use 1 to 64 letters, digits, '.', '_' and '-', beginning with a letter or digit")
        return value

    @classmethod
    def parse(cls, *, method: str, settings: Mapping[str, Any] | None = None, **values: Any) -> TuneRequest:
        """The validated request; settings that are not given are the method's preset.

        Raises:
            InvalidInput: there is no such method, or a value is missing, malformed or out of range; one sentence.
        """
        if method not in METHODS:
            raise InvalidInput(f"There is no method {method[:64]!r}; there are {', '.join(METHODS)}.", "method")
        try:
            chosen = TuneSettings(**{**METHODS[method].preset, **(settings or {})})
        except ValidationError as error:
            raise invalid(error, "settings of a fine-tuning run") from None
        try:
            made = cls(method=method, settings=chosen, **values)
        except ValidationError as error:
            raise invalid(error, "fields of a fine-tuning run") from None
        METHODS[method].check(chosen)
        if chosen.processes > 1 and chosen.strategy == "none":
            raise InvalidInput(
                f"processes is {chosen.processes} and strategy is none, which trains in one process; set strategy to "
                f"ddp or fsdp, or processes to 1.",
                "processes",
            )
        return made

    def command(self) -> list[str]:
        """The words of the `loupe` command that repeats this run exactly."""
        words = ["loupe", "tune", self.method, "--model", self.model, "--data", self.data, "--name", self.name]
        if self.eval_data:
            words += ["--eval-data", self.eval_data]
        if self.format:
            words += ["--format", self.format]
        for field, column in self.columns.items():
            words += ["--column", f"{field}={column}"]
        words += ["--skip-broken"] if self.skip_broken else []
        preset = TuneSettings(**METHODS[self.method].preset)
        for field in TuneSettings.model_fields:
            value = getattr(self.settings, field)
            if value != getattr(preset, field):
                flag = "--" + field.replace("_", "-")
                if isinstance(value, bool):
                    words.append(flag if value else "--no-" + flag.removeprefix("--"))
                else:
                    words += [flag, str(value)]  # a float in full: the run must repeat exactly
        return words


def read_request(
    file: Path, *, method: str | None = None, settings: Mapping[str, Any] = MappingProxyType({}), **values: Any
) -> TuneRequest:
    """A request that was written as JSON, as the page gives it, with what is named here in its place.

    Args:
        file: of JSON.
        method: another one; then the settings are its preset.
        settings: settings that differ.
        values: fields that differ.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it is no such JSON, or a value is missing, malformed or out of range; one sentence.
    """
    shown = short(file.name)
    try:
        document = json.loads(files.read(file, "settings file", shown, MOST_BYTES))
    except (ValueError, RecursionError):
        raise InvalidInput(f"{shown} is not JSON; download the settings of a run again.", "settings") from None
    if not isinstance(document, dict):
        raise InvalidInput(f"{shown} holds no object {{…}}; download the settings of a run again.", "settings")
    try:
        whole = TuneRequest.model_validate(document)
    except ValidationError as error:
        raise invalid(error, f"fields of {shown}") from None
    kept = whole.model_dump(exclude={"method", "settings"})
    before = whole.settings.model_dump() if method in (None, whole.method) else {}
    return TuneRequest.parse(method=method or whole.method, settings=before | dict(settings), **kept | values)
