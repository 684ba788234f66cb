"""Whether a model keeps packed rows apart: by trying it, since not every attention looks at positions.

Models with recurrent or convolutional layers, and those with masks of their own, let a row see the one before it. Knows
nothing of losses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.errors import InvalidInput
from core.tuning.data import Encoded
from core.tuning.training import steps
from core.tuning.training.logits import KeptLogits

TOKENS = 24
"""Of each row that is tried."""


def require_rows_apart(model: Any, rows: Sequence[Encoded]) -> None:
    """Refuse packing where a row's logits depend on the row before it in the sequence.

    Args:
        model: as a method prepared it; its mode is put back.
        rows: of the data; two are tried.

    Raises:
        InvalidInput: they do; one sentence.
    """
    import torch

    pair = [_short(rows[0]), _short(rows[-1])]
    logits, training = KeptLogits(model, "causal"), model.training
    model.eval()
    with torch.inference_mode():
        alone = logits(model, _on(model, steps.packed([pair[1:]], 0)))[0]
        behind = logits(model, _on(model, steps.packed([pair], 0)))[0, -len(alone) :]
    model.train(training)
    away = float((behind - alone).float().norm() / alone.float().norm())
    if not away < (1e-3 if model.dtype == torch.float32 else 5e-2):
        raise InvalidInput(
            "Rows cannot be packed here: this model lets a row see the one before it in the sequence; set batching to "
            "group.",
            "batching",
        )


def _short(row: Encoded) -> Encoded:
    ids = row.ids[:TOKENS]
    return replace(row, ids=ids, trained=[place > 0 for place in range(len(ids))])


def _on(model: Any, batch: dict[str, Any]) -> dict[str, Any]:
    return {name: value.to(model.device) for name, value in batch.items()}
