"""Quantized weights: at load time by bitsandbytes (`?quantize=`), or as they lie in a folder; what they take in memory.

bitsandbytes keeps every linear layer but the head in 8 or 4 bits, on CPU and GPU; embeddings and norms stay in the
reference's precision, which is also the one it computes in. A folder in compressed-tensors' packed format is read and
unpacked to that precision: it is small on disk, not in memory. Knows nothing of adapters.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import Unsupported
from core.models import safety
from core.models.reference import ModelRef, Quantize

if TYPE_CHECKING:
    import torch

BLOCK = 64
"""Weights that share one scale in bitsandbytes' 4-bit formats."""
NESTED_BLOCK = 256
"""Scales that share one scale of their own with double quantization."""
METHODS = ("bitsandbytes", "compressed-tensors")
"""`quant_method` of folders that load."""
WHOLE = ("embed", "wte", "wpe", "lm_head", "embed_out", "output_projection", "norm", "router", "gate.weight")
"""Parts of the names of two-dimensional tensors that are not quantized."""


def stored_config(folder: Path) -> dict[str, Any] | None:
    """The `quantization_config` of a model folder; `None` of one in full precision."""
    found = safety.read_json(folder / "config.json").get("quantization_config")
    return found if isinstance(found, dict) and found else None


def require_loadable(ref: ModelRef, folder: Path) -> None:
    """Refuse quantized folders that no library here reads, and quantizing what is quantized.

    Raises:
        Unsupported: one sentence.
    """
    stored = stored_config(folder)
    if stored is None:
        return
    method = str(stored.get("quant_method") or ("bitsandbytes" if stored.get("load_in_4bit") else "unnamed"))[:40]
    if ref.quantize:
        raise Unsupported(
            f"{ref.base} is quantized already ({method}); leave '?quantize={ref.quantize}' out, or start from the "
            f"original weights."
        )
    if method not in METHODS:
        raise Unsupported(
            f"{ref.base} holds weights quantized by {method}, which cannot be loaded here; {' and '.join(METHODS)} can."
        )


def stays_quantized(ref: ModelRef, folder: Path) -> bool:
    """Whether the loaded weights are quantized, so that nothing can be added to them."""
    stored = stored_config(folder)
    return ref.quantize is not None or (stored is not None and stored.get("quant_method") != "compressed-tensors")


def config_for(ref: ModelRef, folder: Path, dtype: torch.dtype) -> Any | None:
    """What transformers is to do with the weights; `None` for weights in full precision."""
    stored = stored_config(folder)
    if ref.quantize is None and stored is None:
        return None
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # bitsandbytes asks the hub for CPU kernels when it is imported
    from bitsandbytes.autograd import _functions

    _functions.logger.setLevel("ERROR")  # it warns at every product of 8-bit weights that float32 inputs are cast
    if ref.quantize is not None:
        return bitsandbytes_config(ref.quantize, dtype)
    if stored is not None and stored.get("quant_method") == "compressed-tensors":
        from transformers import CompressedTensorsConfig

        return CompressedTensorsConfig(dequantize=True)
    return None  # bitsandbytes' own settings lie in the folder


def bitsandbytes_config(quantize: Quantize, dtype: torch.dtype) -> Any:
    """Settings of bitsandbytes for a precision; NF4 with double quantization. It computes in `dtype`."""
    from transformers import BitsAndBytesConfig

    if quantize == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=quantize,
        bnb_4bit_compute_dtype=dtype,
        bnb_4bit_use_double_quant=quantize == "nf4",
    )


def weight_bytes(ref: ModelRef, folder: Path, itemsize: int) -> int | None:
    """Bytes the weights will hold, from the headers; `None` for weights in full precision.

    Args:
        ref: how they are loaded.
        folder: in Hugging Face format.
        itemsize: bytes a number that is not quantized.
    """
    stored = stored_config(folder)
    if ref.quantize is None and stored is None:
        return None
    tensors = [
        (name, *entry)
        for file in safety.weight_files(folder)
        for name, entry in safety.safetensors_tensors(file).items()
    ]
    if ref.quantize is not None:
        return int(sum(_bytes(name, shape, ref.quantize, itemsize) for name, _, shape in tensors))
    packed = stored is not None and stored.get("quant_method") == "compressed-tensors"
    return int(sum(_stored_bytes(name, kind, shape, stored, itemsize, packed) for name, kind, shape in tensors))


def _bytes(name: str, shape: tuple[int, ...], quantize: Quantize, itemsize: int) -> float:
    count = math.prod(shape)
    if len(shape) != 2 or any(part in name for part in WHOLE):
        return count * itemsize
    match quantize:
        case "int8":
            return count + 4 * shape[0]  # a float32 scale a row
        case "nf4":
            return count / 2 + count / BLOCK + 4 * count / BLOCK / NESTED_BLOCK
        case "fp4":
            return count / 2 + 4 * count / BLOCK


def _stored_bytes(
    name: str, kind: str, shape: tuple[int, ...], stored: dict[str, Any] | None, itemsize: int, packed: bool
) -> float:
    count = math.prod(shape)
    if packed and name.endswith(".weight_packed"):
        return count * 32 / bits(stored) * itemsize  # unpacked when read
    if kind in ("F32", "F16", "BF16") and not name.endswith("absmax"):
        return count * itemsize
    return count * safety.DTYPE_BITS[kind] / 8


def bits(stored: dict[str, Any] | None) -> int:
    """Bits a weight of compressed-tensors' first group; 4 if it does not say."""
    groups = (stored or {}).get("config_groups")
    for group in groups.values() if isinstance(groups, dict) else ():
        weights = group.get("weights") if isinstance(group, dict) else None
        found = weights.get("num_bits") if isinstance(weights, dict) else None
        if type(found) is int and 1 <= found <= 8:
            return found
    return 4
