"""4 bits, floating point: sign, two bits of exponent, one of mantissa.

Knows nothing of how the folder is written: `core.compression.bitsandbytes_folder`.
"""

from __future__ import annotations

from typing import Any

from core.compression import bitsandbytes_folder
from core.compression.bitsandbytes_folder import check
from core.compression.methods.base import Method, Work

METHOD = Method(
    name="fp4",
    title="4 bits, FP4",
    does="As NF4, with the sixteen values of a 4-bit floating-point number instead of those of a normal distribution.",
    choose="To compare with NF4, which is the better of the two on weights that are about normally distributed.",
    options=("double_quantization", "compute_dtype"),
    source="Dettmers et al., 2023 (QLoRA, table 2); bitsandbytes",
)


def run(work: Work) -> dict[str, Any]:
    """Write the folder; see `bitsandbytes_folder.pack`."""
    double = work.request.double_quantization
    return bitsandbytes_folder.pack(
        work, load_in_4bit=True, bnb_4bit_quant_type="fp4", bnb_4bit_use_double_quant=double
    )


__all__ = ["METHOD", "check", "run"]
