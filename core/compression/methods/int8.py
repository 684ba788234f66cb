"""8 bits: LLM.int8() of bitsandbytes. Columns with outliers stay in half precision while they are multiplied.

Knows nothing of how the folder is written: `core.compression.bitsandbytes_folder`.
"""

from __future__ import annotations

from typing import Any

from core.compression import bitsandbytes_folder
from core.compression.bitsandbytes_folder import check
from core.compression.methods.base import Method, Work

METHOD = Method(
    name="int8",
    title="8 bits",
    does="Every row of a linear layer is stored as whole numbers from -127 to 127 with one scale. Inputs that are far "
    "larger than the rest are multiplied in half precision.",
    choose="When you want half the size at next to no loss, without a calibration text.",
    options=(),
    source="Dettmers et al., 2022 (LLM.int8()); bitsandbytes",
)


def run(work: Work) -> dict[str, Any]:
    """Write the folder; see `bitsandbytes_folder.pack`."""
    return bitsandbytes_folder.pack(work, load_in_8bit=True)


__all__ = ["METHOD", "check", "run"]
