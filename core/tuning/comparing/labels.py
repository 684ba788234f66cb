"""Rank classification: the label whose tokens the model finds likeliest, per token.

Every label of a row is computed behind one copy of its prompt where the model takes an attention mask of its own:
labels see the prompt and themselves, and not each other. Source: Brown et al. 2020, section 2.4; T-Few (Liu et al.
2022) averages over tokens, as here. Knows nothing of rows' files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.tuning.data import Encoded
from core.tuning.training.steps import filled

if TYPE_CHECKING:
    import torch

AT_ONCE = 2048
"""Tokens of a batch at most where rows are computed one label at a time."""


def likelihoods(model: Any, candidates: Sequence[Encoded], logits: Any) -> list[float]:
    """Mean log-probability of the learned tokens of each candidate of one row.

    Args:
        model: in eval mode.
        candidates: the same prompt with each label behind it.
        logits: function of a batch of `filled` giving its logits, for models that put vectors before a row; `None`
            computes all labels behind one prompt.
    """
    import torch

    if logits is None:
        return _behind_one_prompt(model, candidates)
    found: list[float] = []
    width = max(len(each.ids) for each in candidates)
    size = max(1, AT_ONCE // width)
    with torch.inference_mode():
        for start in range(0, len(candidates), size):
            batch = filled(candidates[start : start + size], 0)
            batch = {name: value.to(model.device) for name, value in batch.items()}
            found += _means(logits(model, batch), batch["labels"])
    return found


def _means(logits: torch.Tensor, labels: torch.Tensor) -> list[float]:
    import torch

    there = labels != -100
    logs = torch.log_softmax(logits.float(), dim=-1).gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1) * there
    return [float(value) for value in logs.sum(dim=1) / there.sum(dim=1).clamp(min=1)]


def _behind_one_prompt(model: Any, candidates: Sequence[Encoded]) -> list[float]:
    import torch

    shared = _shared([each.ids for each in candidates], min(each.trained.index(True) for each in candidates))
    ids, positions, parts = list(candidates[0].ids[:shared]), list(range(shared)), []
    for each in candidates:
        rest = each.ids[shared:]
        parts.append((len(ids), len(rest)))
        ids += rest
        positions += range(shared, shared + len(rest))
    length = len(ids)
    sees = torch.zeros(length, length, dtype=torch.bool)
    sees[:shared, :shared] = torch.ones(shared, shared, dtype=torch.bool).tril()
    for start, size in parts:
        sees[start : start + size, :shared] = True
        sees[start : start + size, start : start + size] = torch.ones(size, size, dtype=torch.bool).tril()
    where, dtype = model.device, model.dtype
    mask = torch.zeros(length, length, dtype=dtype).masked_fill(~sees, torch.finfo(dtype).min)
    with torch.inference_mode():
        logits = model(
            input_ids=torch.tensor([ids], device=where),
            attention_mask=mask[None, None].to(where),
            position_ids=torch.tensor([positions], device=where),
            use_cache=False,
            logits_to_keep=torch.arange(shared - 1, length, device=where),
        ).logits[0]
    logs = torch.log_softmax(logits.float(), dim=-1)
    found = []
    for (start, size), each in zip(parts, candidates, strict=True):
        wanted = [place for place in range(size) if each.trained[shared + place]]
        # the first token behind the prompt is predicted at the prompt's last one, which is the first row kept
        rows = [0 if place == 0 else start - shared + place for place in wanted]
        tokens = [each.ids[shared + place] for place in wanted]
        found.append(float(logs[rows, tokens].mean()))
    return found


def _shared(lists: Sequence[Sequence[int]], most: int) -> int:
    """How many ids all of them begin with; at most `most`, at least one."""
    count = 0
    while count < most and len({each[count] for each in lists}) == 1:
        count += 1
    return max(count, 1)
