"""Pruning: weights set to zero, or whole parts taken out.

Zeros make a model neither smaller nor faster by themselves, except two of four on GPUs that have kernels for it; parts
that are taken out do. Knows nothing of how weights are chosen: `core.compression.pruning`.
"""

from __future__ import annotations

from typing import Any

from core.compression.loading import load_model, load_tokenizer, save_model, source_dtype, working_dtype
from core.compression.methods.base import CALIBRATION, Method, Work
from core.compression.pruning import count_zeros
from core.compression.pruning.shares import KEYS, PARTS, how_many
from core.compression.request import CompressRequest
from core.compression.source import Source, require_parts, weight_file_bytes
from core.compression.workspace import require_space
from core.errors import InvalidInput

METHOD = Method(
    name="prune",
    title="Pruning",
    does="Weights that count least are set to zero, or whole heads, channels or layers are taken out and the model "
    "gets really smaller.",
    choose="Heads, channels or layers for speed, followed by training to recover; single weights to see how much of a "
    "model is idle, or 2:4 for a GPU that computes it faster.",
    options=(*CALIBRATION, "criterion", "structure", "sparsity", "dampening"),
    source="Wanda (Sun et al., 2024); SparseGPT (Frantar & Alistarh, 2023); ShortGPT (Men et al., 2024) for layers",
)


def check(request: CompressRequest, source: Source) -> None:
    """Check that the parts can be taken out of this family.

    Raises:
        Unsupported: they cannot.
        InvalidInput: widths that four does not divide, for 2:4; a share of heads that the family does not take.
    """
    if request.structure in PARTS:
        require_parts(source, f"taking out {request.structure}", *KEYS[request.structure])
        how_many(source.config, request.structure, request.sparsity)
    if request.structure == "2:4":
        for key in ("hidden_size", "intermediate_size"):
            width = source.number(key)
            if width is not None and width % 4:
                raise InvalidInput(f"2:4 needs widths that 4 divides, and {key} is {width}.", "structure")
    require_space(weight_file_bytes(source.folder), "The pruned model")


def run(work: Work) -> dict[str, Any]:
    """Write the folder.

    Returns:
        `{"zeros", "weights", "sparsity"}` counted over the linear layers of what was saved; for parts also `{"kept",
        "of"}`; where a text was looked at, `"calibration"`.
    """
    from core.compression.pruning import parts, weights

    request, job = work.request, work.job
    tokenizer = load_tokenizer(work.source.folder)
    text = work.text(tokenizer) if request.criterion != "magnitude" else None
    job.check()
    model = load_model(work.source.folder, working_dtype(work.source.config))
    made: dict[str, Any] = {}
    if request.structure in PARTS:
        made = parts.take_out(model, request.structure, request.sparsity, None if text is None else text.ids, job)
    elif text is None:
        weights.by_magnitude(model, request.sparsity, request.structure == "2:4", job)
    elif request.criterion == "wanda":
        weights.by_wanda(model, text.ids, request.sparsity, request.structure == "2:4", job)
    else:
        weights.by_sparsegpt(model, text.ids, request.sparsity, request.structure == "2:4", request.dampening, job)
    job.check()
    job.progress(0, None, "", "writing")
    save_model(model, tokenizer, work.target, source_dtype(work.source.config))
    zeros, count = count_zeros(model)
    made |= {"zeros": zeros, "weights": count, "sparsity": round(zeros / count, 6)}
    return made | ({"calibration": text.described} if text is not None else {})
