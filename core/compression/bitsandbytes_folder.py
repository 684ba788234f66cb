"""What int8, nf4 and fp4 have in common: load with bitsandbytes, which packs the linear layers, and save the folder.

The head and the embedding stay whole, as the library does it. Nothing is computed before saving: on some processors the
first forward pass repacks the weights for this machine alone. Knows nothing of jobs beyond progress and cancelling.
"""

from __future__ import annotations

from typing import Any

from core.compression.loading import DTYPES, load_model, load_tokenizer, offline, save_model
from core.compression.methods.base import Work
from core.compression.request import CompressRequest
from core.compression.source import Source, weight_file_bytes
from core.compression.storage import bits_per_linear_weight
from core.compression.workspace import require_space
from core.models.device import default_dtype, device


def check(request: CompressRequest, source: Source) -> None:
    """Nothing beyond what `open_source` looks at: bitsandbytes takes any model with linear layers."""
    require_space(weight_file_bytes(source.folder), "The packed model")


def pack(work: Work, **settings: Any) -> dict[str, Any]:
    """Write the packed folder.

    Args:
        work: what was asked for.
        settings: of transformers' BitsAndBytesConfig, besides the compute dtype.

    Returns:
        `{"linear_bits_per_weight"}`: stored bits of a weight of the packed layers, scales included.
    """
    offline()
    import torch
    from transformers import BitsAndBytesConfig

    job = work.job
    job.progress(0, 3, "steps", "packing the weights")
    if settings.get("load_in_4bit"):
        wanted = work.request.compute_dtype
        settings["bnb_4bit_compute_dtype"] = getattr(torch, DTYPES[wanted]) if wanted else default_dtype(device())
    model = load_model(work.source.folder, quantization_config=BitsAndBytesConfig(**settings))
    tokenizer = load_tokenizer(work.source.folder)
    job.check()
    job.progress(1, 3, "steps", "writing")
    save_model(model, tokenizer, work.target)
    del model
    job.check()
    job.progress(2, 3, "steps", "counting bits")
    bits = bits_per_linear_weight(work.target)
    job.progress(3, 3, "steps")
    return {"linear_bits_per_weight": round(bits, 4)}
