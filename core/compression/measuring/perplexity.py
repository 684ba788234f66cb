"""Perplexity with a sliding window: exp of the mean surprise of a text's tokens, each counted once.

A window of `window` tokens moves on by `stride`; of each, only the tokens that no window before it has counted are.
Source: transformers' documentation, "Perplexity of fixed-length models". Knows nothing of how a model is loaded.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Surprise:
    """What a text cost a model.

    Attributes:
        nats: sum over the counted tokens.
        tokens: how many were counted; see `windows`.
        windows: (nats, tokens) of each window.
    """

    nats: float
    tokens: int
    windows: tuple[tuple[float, int], ...]

    @property
    def perplexity(self) -> float:
        """exp(nats / tokens); infinity where that is more than a float can hold."""
        mean = self.nats / self.tokens
        return math.exp(mean) if mean < 700 else math.inf

    def bits_per_byte(self, size: int) -> float:
        """Bits that the model needs for a byte of text: comparable between vocabularies, where perplexity is not."""
        return self.nats / math.log(2) / size


def windows(count: int, window: int, stride: int) -> Iterator[tuple[int, int, int]]:
    """`(begin, end, counted)` of each window over `count` tokens: the last `counted` of `[begin, end)` count.

    A window's first token is never counted, since nothing in the window comes before it: with a stride below the window
    that is the first token of the text alone.
    """
    before = 0
    for begin in range(0, count, stride):
        end = min(begin + window, count)
        counted = end - max(before, begin + 1)
        if counted > 0:
            yield begin, end, counted
        before = end
        if end == count:
            return


def surprise_of(
    model: Any, ids: Sequence[int], window: int, stride: int, tell: Callable[[float], None] = lambda share: None
) -> Surprise:
    """What `ids` cost a transformers model.

    Args:
        model: loaded, in eval mode.
        ids: token ids of the text.
        window: tokens that it sees at once.
        stride: tokens by which the window moves on.
        tell: called with the share that is done, from 0 to 1; may raise to stop.

    Raises:
        InvalidInput: there are less than two tokens.
    """
    import torch

    if len(ids) < 2:
        raise InvalidInput(
            "The text has less than two tokens, so there is nothing to predict; name a longer one.", "text"
        )
    few = "logits_to_keep" in inspect.signature(model.forward).parameters
    tokens = torch.tensor(ids, dtype=torch.int64)
    spans = list(windows(len(ids), window, stride))
    found: list[tuple[float, int]] = []
    with torch.no_grad():
        for number, (begin, end, counted) in enumerate(spans):
            row = tokens[begin:end][None].to(model.device)
            options = {"logits_to_keep": counted + 1} if few else {}
            logits = model(input_ids=row, use_cache=False, **options).logits[0, -counted - 1 : -1].float()
            nats = torch.nn.functional.cross_entropy(logits, row[0, -counted:], reduction="sum")
            found.append((float(nats), counted))
            tell((number + 1) / len(spans))
    return Surprise(math.fsum(nats for nats, _ in found), sum(count for _, count in found), tuple(found))
