"""The losses: cross-entropy over the tokens that are trained, and T-Few's two further ones.

Every loss is a sum divided by how many targets a whole update has, so that batches, accumulation and processes come to
the same. Source of T-Few's: Liu et al. 2022, section 3.2. Knows nothing of models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor, targets: torch.Tensor | float) -> torch.Tensor:
    """Mean negative log-likelihood of the targets.

    Args:
        logits: … × classes.
        labels: …, -100 where nothing is predicted.
        targets: how many labels the whole update has.
    """
    from torch.nn import functional

    flat = logits.reshape(-1, logits.shape[-1])
    wanted = labels.reshape(-1).to(flat.device)
    there = wanted != -100
    return functional.cross_entropy(flat[there].float(), wanted[there], reduction="sum") / targets


def t_few(
    logits: torch.Tensor, labels: torch.Tensor, group: int, *, unlikelihood: bool, length_normalised: bool
) -> torch.Tensor:
    """T-Few's sum of losses for rows that come in groups: the right label first, then wrong ones.

    Language-model loss of the right label per token; unlikelihood of the wrong ones' tokens; and the cross-entropy of
    choosing the right one by mean log-probability of its tokens.

    Args:
        logits: rows × positions × vocabulary.
        labels: rows × positions, -100 where nothing is predicted.
        group: rows that belong together.
        unlikelihood: whether the second loss counts.
        length_normalised: whether the third one does.
    """
    import torch

    there = labels != -100
    logs = torch.log_softmax(logits.float(), dim=-1)
    picked = logs.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1) * there
    # groups × rows × positions: cut by place and not by a mask, so that shapes are known without values
    picked, there = (each.reshape(-1, group, each.shape[-1]) for each in (picked, there))
    loss = -picked[:, 0].sum() / there[:, 0].sum()
    if unlikelihood and group > 1:
        counted = there[:, 1:]
        unlikely = -torch.log1p(-picked[:, 1:].exp().clamp(max=1 - 1e-6)) * counted
        loss = loss + unlikely.sum() / counted.sum()
    if length_normalised and group > 1:
        means = picked.sum(dim=2) / there.sum(dim=2).clamp(min=1)
        loss = loss - torch.log_softmax(means, dim=-1)[:, 0].mean()
    return loss
