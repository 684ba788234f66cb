"""Batches as they are trained: rows filled up or packed, which positions are predicted, and which token each should be.

A plan for the whole run is made at the beginning from the seed, so that the first batch can be shown before the start
and a resumed run sees what the straight one sees. Knows nothing of models.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from core.tuning.data import Encoded, plan_batches
from core.tuning.settings import TuneSettings

if TYPE_CHECKING:
    import torch

IGNORED = -100
"""A target that does not count, as in torch."""


def plan(lengths: Sequence[int], settings: TuneSettings) -> list[list[int]]:
    """The batches of the whole run, epoch after epoch: indices of rows.

    Args:
        lengths: tokens of each row.
        settings: of the run.
    """
    epochs, batches = settings.epochs, []
    for epoch in range(math.ceil(epochs)):
        some = plan_batches(
            lengths,
            size=settings.batch_size,
            how=settings.batching,
            max_length=settings.max_length,
            seed=settings.seed,
            epoch=epoch,
        )
        part = min(1.0, epochs - epoch)
        batches += some if part == 1 else some[: max(1, round(part * len(some)))]
        if settings.max_steps and len(batches) >= settings.max_steps * settings.accumulate * settings.processes:
            break
    at_once = settings.accumulate * settings.processes
    steps = settings.max_steps or math.ceil(len(batches) / at_once)
    while len(batches) < steps * at_once:  # max_steps beyond the epochs, or a last update that is not full
        batches += batches[: steps * at_once - len(batches)]
    return batches[: steps * at_once]


def filled(rows: Sequence[Encoded], pad: int) -> dict[str, torch.Tensor]:
    """Rows beside each other, filled up on the right.

    Returns:
        input_ids and attention_mask (rows × longest), `keep`: positions whose prediction is needed in any row, and
        `labels`: the token to predict at each of them, or `IGNORED` (rows × kept).
    """
    import torch

    width = max(len(row.ids) for row in rows)
    ids = torch.full((len(rows), width), pad, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    targets = torch.full((len(rows), width), IGNORED, dtype=torch.long)
    for number, row in enumerate(rows):
        length = len(row.ids)
        ids[number, :length] = torch.tensor(row.ids, dtype=torch.long)
        mask[number, :length] = 1
        trained = torch.tensor(row.trained[1:], dtype=torch.bool)
        targets[number, : length - 1][trained] = ids[number, 1:length][trained]
    keep = (targets != IGNORED).any(dim=0).nonzero().flatten()
    return {"input_ids": ids, "attention_mask": mask, "keep": keep, "labels": targets[:, keep]}


def packed(sequences: Sequence[Sequence[Encoded]], pad: int) -> dict[str, torch.Tensor]:
    """Several rows one after another in each sequence; positions begin anew with each row.

    By that the library's attention keeps rows apart (no mask is given); what fills a sequence up counts as one more.
    """
    import torch

    width = max(sum(len(row.ids) for row in each) for each in sequences)
    ids = torch.full((len(sequences), width), pad, dtype=torch.long)
    positions = torch.zeros((len(sequences), width), dtype=torch.long)
    targets = torch.full((len(sequences), width), IGNORED, dtype=torch.long)
    for number, rows in enumerate(sequences):
        start = 0
        for row in rows:
            end = start + len(row.ids)
            ids[number, start:end] = torch.tensor(row.ids, dtype=torch.long)
            positions[number, start:end] = torch.arange(len(row.ids))
            trained = torch.tensor(row.trained[1:], dtype=torch.bool)
            targets[number, start : end - 1][trained] = ids[number, start + 1 : end][trained]
            start = end
        positions[number, start:] = torch.arange(width - start)
    keep = (targets != IGNORED).any(dim=0).nonzero().flatten()
    return {"input_ids": ids, "position_ids": positions, "keep": keep, "labels": targets[:, keep]}


def with_wrong(
    rows: Sequence[Encoded], wrong: Callable[[Encoded], Sequence[Encoded]], pad: int
) -> dict[str, torch.Tensor]:
    """Every row followed by the same prompt with wrong labels; `group` says how many rows belong together."""
    import torch

    several = [each for row in rows for each in (row, *wrong(row))]
    return {**filled(several, pad), "group": torch.tensor(len(several) // len(rows))}


class Steps:
    """The plan as a data set of torch: one item a batch, collated when it is asked for."""

    def __init__(self, plan: Sequence[Sequence[int]], collate: Callable[[Sequence[int]], dict[str, Any]]) -> None:
        self._plan = plan
        self._collate = collate

    def __len__(self) -> int:
        return len(self._plan)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._collate(self._plan[index])


def drawn(labels: Sequence[str], right: str | None, count: int, seed: int, number: int) -> list[str]:
    """`count` wrong labels of a row, the same ones whenever they are asked for."""
    others = [label for label in labels if label != right]
    return random.Random(f"{seed} {number}").sample(others, min(count, len(others)))


def pairs(rows: Sequence[Any], pad: int) -> dict[str, torch.Tensor]:
    """For an encoder-decoder: what it reads and, as `labels`, what it learns to write."""
    return _padded([row.ids for row in rows], pad) | {"labels": _matrix([row.labels for row in rows], IGNORED)}


def classes(rows: Sequence[Any], pad: int) -> dict[str, torch.Tensor]:
    """For a classifier: texts, and the place of each one's label."""
    import torch

    return _padded([row.ids for row in rows], pad) | {"labels": torch.tensor([row.label for row in rows])}


def _padded(lists: Sequence[Sequence[int]], pad: int) -> dict[str, torch.Tensor]:
    return {"input_ids": _matrix(lists, pad), "attention_mask": _matrix([[1] * len(each) for each in lists], 0)}


def _matrix(lists: Sequence[Sequence[int]], fill: int) -> torch.Tensor:
    import torch

    width = max(len(each) for each in lists)
    return torch.tensor([[*each, *[fill] * (width - len(each))] for each in lists], dtype=torch.long)
