"""Tokens per second of a transformers model, alone and one sequence at a time: reading a prompt, and writing.

Medians of several runs after one that warms up. Knows nothing of Loupe's decode loop, which answers several requests at
once and so gives more in all.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

PROMPT, WRITTEN, RUNS = 512, 32, 3
"""Tokens read (fewer where the context is small), tokens written, runs that count."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens per second."""

    prefill: float
    decode: float


def speed_of(model: Any, ids: Sequence[int], check: Callable[[], None]) -> Speed:
    """Read a prompt, write 32 tokens greedily; the median of three runs each.

    Args:
        model: loaded, in eval mode.
        ids: the prompt.
        check: called between runs; may raise to stop.
    """
    import torch

    prompt = torch.tensor([list(ids)], dtype=torch.int64, device=model.device)
    reading, writing = [], []
    with torch.no_grad():
        for run in range(RUNS + 1):
            check()
            wait(model)
            began = time.perf_counter()
            out = model(input_ids=prompt, use_cache=True)
            wait(model)
            read = time.perf_counter()
            cache, token = out.past_key_values, out.logits[:, -1:].argmax(-1)
            for _ in range(WRITTEN):
                out = model(input_ids=token, past_key_values=cache, use_cache=True)
                cache, token = out.past_key_values, out.logits[:, -1:].argmax(-1)
            wait(model)
            if run:
                reading.append(prompt.shape[1] / (read - began))
                writing.append(WRITTEN / (time.perf_counter() - read))
    return Speed(statistics.median(reading), statistics.median(writing))


def prompt_of(ids: Sequence[int], length: int) -> list[int]:
    """A prompt of exactly so many tokens: the text's first, over and over where it is shorter."""
    return list(islice(cycle(ids), length))


def wait(model: Any) -> None:
    """Until the device has done what it was given."""
    if model.device.type == "cuda":
        import torch

        torch.cuda.synchronize(model.device)
