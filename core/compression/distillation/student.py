"""The student: some of the teacher's own layers, or a smaller model with the same vocabulary.

Knows nothing of training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.compression.layers import decoder_layers
from core.compression.loading import load_model
from core.compression.pruning.parts import evenly
from core.compression.pruning.structured import copy_of_layers
from core.errors import InvalidInput, OutOfMemory
from core.models.device import free_memory, gib
from core.models.stored import count_parameters

TRAINING_BYTES = 16
"""For each number of a student in training: itself, its gradient and AdamW's two moments, in fp32."""


def chosen_layers(count: int, layers: tuple[int, ...], keep: float) -> list[int]:
    """Which of the teacher's `count` layers the student keeps.

    Raises:
        InvalidInput: a layer that is not there, or all of them.
    """
    if layers:
        if layers[-1] >= count:
            raise InvalidInput(f"layers names {layers[-1]}, and the model has the layers 0 to {count - 1}.", "layers")
        chosen = list(layers)
    else:
        chosen = evenly(count, max(1, round(count * keep)))
    if len(chosen) == count:
        raise InvalidInput(
            f"The student would keep all {count} layers; leave some out.", "layers" if layers else "keep"
        )
    return chosen


def from_layers(teacher: Any, keep: list[int]) -> Any:
    """A copy of the teacher with these layers only, in fp32 so that small updates count.

    Raises:
        OutOfMemory: it cannot be trained in what is free.
    """
    gone = [layer for index, layer in enumerate(decoder_layers(teacher)) if index not in keep]
    _require_memory(_numbers(teacher) - sum(_numbers(layer) for layer in gone))
    return copy_of_layers(teacher, keep).float()


def from_folder(folder: Path) -> Any:
    """A smaller model, in fp32.

    Raises:
        OutOfMemory: it cannot be trained in what is free.
    """
    import torch

    _require_memory(count_parameters(folder))
    return load_model(folder, torch.float32)


def same_vocabulary(
    teacher: Any, student: Any, texts: tuple[str, ...] = ("Plain text.", "x = 3.14\n", "Größe, 東京")
) -> None:
    """Check that both tokenizers give the same ids, without which the probabilities of one mean nothing to the other.

    Args:
        teacher: its tokenizer.
        student: its tokenizer.
        texts: what both cut into tokens.

    Raises:
        InvalidInput: they do not.
    """
    if teacher.get_vocab() != student.get_vocab() or any(
        teacher(text, add_special_tokens=False)["input_ids"] != student(text, add_special_tokens=False)["input_ids"]
        for text in texts
    ):
        raise InvalidInput(
            f"The student has another vocabulary ({len(student.get_vocab()):,} tokens) than the teacher "
            f"({len(teacher.get_vocab()):,}), so it cannot learn from its probabilities; name one of its family.",
            "student",
        )


def _require_memory(parameters: int) -> None:
    need, free = TRAINING_BYTES * parameters, free_memory()
    if need > free:
        raise OutOfMemory(
            f"Training a student of {parameters:,} numbers needs about {gib(need)}, the activations not counted, and "
            f"{gib(free)} are free; choose a smaller student, or free some memory."
        )


def _numbers(module: Any) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def layer_count(model: Any) -> int:
    """Decoder layers of a model."""
    return len(decoder_layers(model))
