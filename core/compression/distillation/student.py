"""The student: some of the teacher's own layers, or a smaller model with the same vocabulary.

Knows nothing of training.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from core.compression.layers import decoder_layers
from core.compression.loading import load_model
from core.compression.pruning.parts import evenly
from core.compression.pruning.structured import keep_layers
from core.errors import InvalidInput


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
    """A copy of the teacher with these layers only, in fp32 so that small updates count."""
    student = copy.deepcopy(teacher).float()
    keep_layers(student, keep)
    return student


def from_folder(folder: Path) -> Any:
    """A smaller model, in fp32."""
    import torch

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


def layer_count(model: Any) -> int:
    """Decoder layers of a model."""
    return len(decoder_layers(model))
