"""4 or 8 bits with groups of weights that share a scale, the rounding chosen by GPTQ; or plain rounding to nearest.

The work is llm-compressor's; the folder is in its format compressed-tensors (pack-quantized), which transformers and
vLLM load. Knows nothing of jobs beyond progress and cancelling.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.compression.calibration import Calibration
from core.compression.layers import decoder_layers, linear_layers
from core.compression.loading import load_model, load_tokenizer, offline, save_model, source_dtype, working_dtype
from core.compression.methods.base import CALIBRATION, Method, Work
from core.compression.request import GROUP_SIZES, CompressRequest
from core.compression.source import Source, weight_file_bytes
from core.compression.storage import bits_per_linear_weight
from core.compression.workspace import require_space
from core.errors import InvalidInput
from core.models import safety

if TYPE_CHECKING:
    import torch

METHOD = Method(
    name="gptq",
    title="4 bits, GPTQ",
    does="Layer by layer, weights are rounded one column after the other, and the columns still to come are moved so "
    "that the layer's output on the calibration text changes least.",
    choose="When 4 bits should stay close to the original and you have a text like the one the model will meet. Takes "
    "minutes. Without calibration it is the plain rounding that it is compared with.",
    options=(*CALIBRATION, "bits", "group_size", "symmetric", "calibrated", "dampening"),
    source="Frantar et al., 2023 (GPTQ); llm-compressor",
)


def check(request: CompressRequest, source: Source) -> None:
    """Check the group size against the width of every layer, from the headers.

    Raises:
        InvalidInput: it does not divide one.
    """
    group_size(request, source.folder)
    require_space(weight_file_bytes(source.folder), "The packed model")


def run(work: Work) -> dict[str, Any]:
    """Write the folder.

    Returns:
        `{"linear_bits_per_weight", "group_size"}` and, where a text was looked at, `"calibration"`.
    """
    offline()
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
    from llmcompressor.modifiers.gptq import GPTQModifier
    from llmcompressor.modifiers.quantization import QuantizationModifier

    request, job = work.request, work.job
    size = group_size(request, work.source.folder)
    job.progress(0, None, "", "opening the model")
    tokenizer = load_tokenizer(work.source.folder)
    text = work.text(tokenizer) if request.calibrated else None
    job.check()
    model = load_model(work.source.folder, working_dtype(work.source.config))
    weights = QuantizationArgs(
        num_bits=request.bits, type="int", symmetric=request.symmetric, strategy="group", group_size=size
    )
    linear_layers(decoder_layers(model)[0])
    head = model.get_output_embeddings()
    whole = [name for name, module in model.named_modules() if module is head]
    groups = {"group_0": QuantizationScheme(targets=["Linear"], weights=weights)}
    if text is None:
        _apply(model, QuantizationModifier(config_groups=groups, ignore=whole), None, work)
    else:
        recipe = GPTQModifier(config_groups=groups, ignore=whole, dampening_frac=request.dampening)
        _apply(model, recipe, text, work)
    job.check()
    job.progress(0, None, "", "writing")
    _whole_to(model, source_dtype(work.source.config))
    save_model(model, tokenizer, work.target)
    (work.target / "recipe.yaml").unlink(missing_ok=True)  # llm-compressor's own record; ours says more
    made = {"linear_bits_per_weight": round(bits_per_linear_weight(work.target), 4), "group_size": size}
    return made | ({"calibration": text.described} if text is not None else {})


def group_size(request: CompressRequest, folder: Path) -> int:
    """The group size asked for, or the largest usual one that divides every layer's width.

    Raises:
        InvalidInput: it does not divide the width of a layer; the sentence names both, and a size that does.
    """
    widths = layer_widths(folder)
    fitting = [size for size in GROUP_SIZES if all(width % size == 0 for width in widths.values())]
    if request.group_size is None:
        if not fitting:
            name, width = next((name, width) for name, width in widths.items() if width % GROUP_SIZES[-1])
            raise InvalidInput(
                f"No usual group size divides the width {width} of {name}; this model cannot be quantized in groups.",
                "group_size",
            )
        return fitting[0]
    for name, width in widths.items():
        if width % request.group_size:
            advice = f"use {fitting[0]}" if fitting else "no usual size does"
            raise InvalidInput(
                f"group_size is {request.group_size}, which does not divide the width {width} of {name[:80]}; "
                f"{advice}.",
                "group_size",
            )
    return request.group_size


def layer_widths(folder: Path) -> dict[str, int]:
    """Inputs of every linear layer inside the decoder layers, by name; from the headers of the weights."""
    widths = {}
    for file in safety.weight_files(folder):
        for name, (_, shape) in safety.safetensors_tensors(file).items():
            inside = any(part.isdigit() for part in name.split("."))
            if name.endswith(".weight") and len(shape) == 2 and inside:
                widths[name.removesuffix(".weight")] = int(shape[1])
    return widths


def _whole_to(model: Any, dtype: torch.dtype) -> None:
    """Cast what was not rounded: it was read in the precision of the calibration, and is kept in the source's.

    Scales stay: packing divides the weights by them once more. So do rounded weights, but not the bias beside them.
    """
    for module in model.modules():
        rounded = hasattr(module, "quantization_scheme")
        for name, parameter in module.named_parameters(recurse=False):
            if not rounded or name == "bias":
                parameter.data = parameter.data.to(dtype)


def _apply(model: Any, recipe: Any, text: Calibration | None, work: Work) -> None:
    """Let llm-compressor do it, with progress counted at the layers and cancelling between their calls."""
    import torch
    from llmcompressor import oneshot

    _hush()
    job, layers = work.job, decoder_layers(model)
    if text is None:
        job.progress(0, 1, "steps", "rounding to nearest")
        oneshot(model=model, recipe=[recipe], pipeline="datafree")
        return
    total, done = 2 * len(layers) * len(text), 0  # each piece goes through each layer before and after rounding
    job.progress(0, total, "pieces", "calibrating")

    def passed(module: Any, args: Any, output: Any) -> None:
        nonlocal done
        job.check()
        done += 1
        layer = min(done // (2 * len(text)) + 1, len(layers))
        job.progress(min(done, total), total, "pieces", f"layer {layer} of {len(layers)}")

    handles = [layer.register_forward_hook(passed) for layer in layers]
    rows = [{"input_ids": row, "attention_mask": torch.ones_like(row)} for row in text.ids]
    try:
        oneshot(
            model=model,
            dataset=torch.utils.data.DataLoader(rows, batch_size=1),  # type: ignore[arg-type]
            recipe=[recipe],
            pipeline="sequential",
            num_calibration_samples=len(text),
            max_seq_length=int(text.ids.shape[1]),
        )
    finally:
        for handle in handles:
            handle.remove()


def _hush() -> None:
    """llm-compressor logs every module, and draws progress bars of its own."""
    from loguru import logger

    logger.disable("llmcompressor")
    logger.disable("compressed_tensors")
