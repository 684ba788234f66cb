"""Token probabilities: how likely a token was, what else could have come, and the mass of everything else.

Taken from the very logits that the token was drawn from, never from a second run. Knows nothing of how they came about.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.events import Alternative
from core.generation.samplers import Distribution

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Probabilities:
    """One place in an answer; log-probabilities are natural logs, `rest` are probabilities outside `top`."""

    logprob: float
    sampled_logprob: float
    top: tuple[Alternative, ...]
    rest: float | None
    rest_sampled: float | None


def at_token(
    logits: torch.Tensor, shaped: Distribution, token_id: int, top_n: int, text_of: Callable[[int], str]
) -> Probabilities:
    """What to report about `token_id`.

    Args:
        logits: the model's logits before penalties and samplers, float32, shape [vocabulary].
        shaped: the distribution the token was drawn from.
        token_id: the chosen token.
        top_n: how many of the most probable tokens (before the samplers) to list.
        text_of: text of a single token.
    """
    import torch

    best = logits.topk(min(top_n, len(logits))) if top_n else None
    ids = torch.tensor([token_id]) if best is None else torch.cat([best.indices, torch.tensor([token_id])])
    before = logits.log_softmax(0)[ids].tolist()
    after = shaped.logprobs(ids).tolist()
    if best is None:
        return Probabilities(before[0], after[0], (), None, None)
    listed = ids.tolist()[:-1]
    top = tuple(Alternative(i, text_of(i), b, a) for i, b, a in zip(listed, before, after, strict=False))
    return Probabilities(
        before[-1],
        after[-1],
        top,
        rest=_outside(before[:-1]),
        rest_sampled=_outside(after[:-1]),
    )


def _outside(logprobs: Iterable[float]) -> float:
    return max(0.0, 1.0 - math.fsum(math.exp(value) for value in logprobs))
