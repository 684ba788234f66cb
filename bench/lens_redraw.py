"""Redrawing the lens after a slider moved: the engine's part, worst of several settings, two vocabularies."""

import statistics
import time

from bench.common import Figure, Setup

NAME = "lens redraw, engine part, milliseconds (49k and 150k vocabulary)"
TARGET = "≤ 50"
SETTINGS = [
    {"temperature": 0.8},
    {"top_k": 50},
    {"top_p": 0.95},
    {"min_p": 0.05},
    {"typical_p": 0.9},
    {"temperature": 0.8, "top_k": 100, "top_p": 0.9, "min_p": 0.02, "typical_p": 0.95, "repetition_penalty": 1.1},
]


def measure(setup: Setup) -> Figure:
    import torch

    from core.generation.lens import LensLogits, view
    from core.generation.params import SamplingParams

    worst = {}
    for vocabulary in (49_152, 151_936):
        logits = torch.randn(vocabulary, generator=torch.Generator().manual_seed(0)) * 2.5
        lens = LensLogits("none", logits, tuple(range(500)), tuple(range(100)), frozenset([2]), str)
        medians = []
        for values in SETTINGS:
            params, times = SamplingParams.parse(**values), []
            view(lens, params)
            for _ in range(setup.repeats):
                began = time.perf_counter()
                view(lens, params)
                times.append(1000 * (time.perf_counter() - began))
            medians.append(statistics.median(times))
        worst[vocabulary] = max(medians)
    return Figure(max(worst.values()), ", ".join(f"{v:,} tokens: {ms:.1f} ms" for v, ms in worst.items()))
