"""Bottleneck adapters: a small network of its own after attention and after feed-forward in every layer.

Source: Houlsby et al. 2019, “Parameter-Efficient Transfer Learning for NLP”. Written in
`core.models.adapters.bottleneck`, since no kept library has them for transformers 5. Knows nothing of training.
"""

from __future__ import annotations

from typing import Any

from core.tuning.methods.method import Method, Preparing
from core.tuning.settings import TuneSettings


def prepare(model: Any, settings: TuneSettings, preparing: Preparing) -> Any:
    """The model itself, with adapters in its layers and everything else frozen."""
    from core.models.adapters.bottleneck import BottleneckConfig, attach

    return attach(model, BottleneckConfig(size=settings.bottleneck, base=preparing.base))


METHOD = Method(
    name="adapter",
    title="Adapter",
    trains="A narrow network after attention and after the feed-forward block of every layer: down, bend, up, added.",
    when="The classic for one base and many tasks. It stays a part of its own: it cannot be merged, and costs a little "
    "time in every answer.",
    source="Houlsby et al. 2019",
    options=("bottleneck",),
    preset={"learning_rate": 1e-3, "epochs": 5},
    parts=("attention", "mlp"),
    prepare=prepare,
)
