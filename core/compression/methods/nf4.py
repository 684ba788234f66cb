"""4 bits, NormalFloat: sixteen values placed where normally distributed weights are equally likely to fall.

Knows nothing of how the folder is written: `core.compression.bitsandbytes_folder`.
"""

from __future__ import annotations

from typing import Any

from core.compression import bitsandbytes_folder
from core.compression.bitsandbytes_folder import check
from core.compression.methods.base import Method, Work

METHOD = Method(
    name="nf4",
    title="4 bits, NF4",
    does="Blocks of 64 weights are divided by their largest and rounded to sixteen values, spaced as a normal "
    "distribution is. QLoRA trains adapters on top of weights packed this way.",
    choose="When memory is short and there is no calibration text; it is rounding alone, so GPTQ at 4 bits can be "
    "closer to the original.",
    options=("double_quantization", "compute_dtype"),
    source="Dettmers et al., 2023 (QLoRA); bitsandbytes",
)


def run(work: Work) -> dict[str, Any]:
    """Write the folder; see `bitsandbytes_folder.pack`."""
    double = work.request.double_quantization
    return bitsandbytes_folder.pack(
        work, load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=double
    )


__all__ = ["METHOD", "check", "run"]
