"""What a fine-tuning method is: words for a person, the settings it uses, and how it makes a model trainable.

One file a method beside this one, each with `METHOD`. Knows nothing of data or of the training loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from core.tuning.settings import TuneSettings

Task = Literal["causal", "seq2seq", "classification"]
Part = Literal["prompt", "embedding", "keys-values", "attention", "mlp", "norm", "head"]
PARTS: tuple[Part, ...] = ("prompt", "embedding", "keys-values", "attention", "mlp", "norm", "head")


def _fine(settings: TuneSettings) -> None:
    """Nothing to complain about."""


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes:
        name: in the command line and in files.
        title: for a person.
        trains: in plain words, what is trained.
        when: in plain words, when to choose it.
        source: the paper.
        options: fields of `TuneSettings` that are its own, beside `settings.COMMON`.
        preset: what differs from the defaults of `TuneSettings`; see docs/tuning.md for where it comes from.
        parts: where the trained numbers sit, for the picture.
        prepare: makes a loaded base trainable and returns the model to train; everything else is frozen.
        result: an adapter beside the base, or a whole model of its own.
        quantized: the base is loaded in 4 bits.
        virtual: it puts vectors before the prompt, so that rows cannot be packed.
        tasks: kinds of model that it can train.
        check: raises InvalidInput where settings contradict each other.
    """

    name: str
    title: str
    trains: str
    when: str
    source: str
    options: tuple[str, ...]
    preset: Mapping[str, Any]
    parts: tuple[Part, ...]
    prepare: Callable[[Any, TuneSettings, Preparing], Any]
    result: Literal["adapter", "model"] = "adapter"
    quantized: bool = False
    virtual: bool = False
    tasks: tuple[Task, ...] = ("causal", "seq2seq", "classification")
    check: Callable[[TuneSettings], None] = field(default=_fine)


@dataclass(frozen=True)
class Preparing:
    """What a method may want to know beside its settings.

    Attributes:
        task: what the model is.
        folder: of the base, in Hugging Face format.
        base: its canonical reference.
        text: at whose vectors a soft prompt starts.
        empty: the weights are not there (only counting): nothing may be looked up in them.
    """

    task: Task
    folder: Path
    base: str
    text: str = ""
    empty: bool = False
