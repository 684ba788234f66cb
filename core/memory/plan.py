"""What training a model of so many parameters takes on so many devices, from arithmetic alone: `loupe plan`.

Weights, gradients and optimizer follow Rajbhandari et al. 2020 (“ZeRO”, section 3.1): in mixed precision two bytes a
weight and a gradient, twelve for AdamW's states and fp32 copy. Activations follow Korthikanti et al. 2022, equation 2
without the attention matrix, which today's kernels do not keep. Without a model's configuration its width and depth are
guessed from its size. Knows nothing of models on a disk; `core.tuning.estimating` knows better for those.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from core.errors import InvalidInput

PlanMethod = Literal[
    "full", "last-layers", "lora", "dora", "qlora", "ia3", "prompt-tuning", "p-tuning", "prefix-tuning", "adapter"
]
PlanDType = Literal["fp32", "bf16", "fp16"]
Strategy = Literal["none", "ddp", "fsdp"]
BYTES = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0}
NF4 = 4.127 / 8
"""Bytes of a weight in NF4 with double quantization (Dettmers et al. 2023, section 3)."""
NF4_SINGLE = 4.5 / 8
"""And without it: an fp32 scale for every 64 weights."""
SHARES = {
    "full": 1.0, "last-layers": 0.1, "lora": 0.01, "dora": 0.0105, "qlora": 0.01, "ia3": 1e-4,
    "prompt-tuning": 1e-5, "p-tuning": 1e-3, "prefix-tuning": 1e-3, "adapter": 0.02,
}  # fmt: skip
"""Trained numbers over all, at usual settings."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Bytes; `total` is all devices together, `per_device` the most that one holds."""

    weights: int
    gradients: int
    optimizer: int
    activations: int
    total: int
    per_device: int

    def document(self) -> dict[str, int]:
        """As JSON."""
        return asdict(self)


def plan(
    parameters: float,
    method: str,
    dtype: str,
    devices: int = 1,
    strategy: str = "none",
    *,
    tokens: int = 2048,
    checkpointing: bool = False,
    trainable: float | None = None,
) -> Plan:
    """What training takes.

    Args:
        parameters: of the model.
        method: how it is trained.
        dtype: precision of weights and activations.
        devices: how many share the work.
        strategy: `none`, `ddp` (everything on each) or `fsdp` (weights, gradients and optimizer split).
        tokens: in one batch of one device.
        checkpointing: whether activations are computed twice instead of kept.
        trainable: numbers that are trained; by default a usual share of the method.

    Raises:
        InvalidInput: a value is not one of its kind; one sentence.
    """
    for name, value, known in (
        ("method", method, get_args(PlanMethod)),
        ("dtype", dtype, get_args(PlanDType)),
        ("strategy", strategy, get_args(Strategy)),
    ):
        if value not in known:
            raise InvalidInput(f"{name} is {value[:40]!r}; use one of {', '.join(known)}.", name)
    if not (math.isfinite(parameters) and 1 <= parameters <= 1e15):
        raise InvalidInput(f"parameters is {parameters:g}; give a number from 1 to 1e15, such as 7e9.", "parameters")
    if not 1 <= devices <= 100_000:
        raise InvalidInput(f"devices is {devices}; give 1 to 100,000.", "devices")
    if strategy == "none" and devices > 1:
        raise InvalidInput(f"{devices} devices need a strategy; choose ddp or fsdp.", "strategy")
    trained = parameters * SHARES[method] if trainable is None else trainable
    of_base = trained if method in ("full", "last-layers") else 0.0
    width = BYTES[dtype]
    frozen = parameters - of_base
    weights = frozen * (NF4 if method == "qlora" else width) + of_base * width + (trained - of_base) * 4
    half = of_base > 0 and width < 4  # mixed precision: gradients in half, an fp32 copy beside AdamW's two states
    gradients = trained * (width if half else 4)
    optimizer = trained * (12 if half else 8)
    layers, hidden = shape(parameters)
    kept = hidden * (2 if checkpointing else 17 * width)  # 34 bytes at two bytes a number
    activations = tokens * (layers * kept + (17 * width * hidden if checkpointing else 0))
    shared = devices if strategy == "fsdp" else 1
    per_device = (weights + gradients + optimizer) / shared + activations
    copies = devices if strategy == "ddp" else 1
    return Plan(
        weights=round(weights * copies),
        gradients=round(gradients * copies),
        optimizer=round(optimizer * copies),
        activations=round(activations * devices),
        total=round((weights + gradients + optimizer) * copies + activations * devices),
        per_device=math.ceil(per_device),
    )


def shape(parameters: float) -> tuple[int, int]:
    """Layers and width of a usual decoder of that size: 12 · layers · width² parameters, width 128 times the layers."""
    layers = max(1, round((parameters / (12 * 128**2)) ** (1 / 3)))
    return layers, max(64, round(math.sqrt(parameters / (12 * layers))))
