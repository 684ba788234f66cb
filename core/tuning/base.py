"""The base of a fine-tuning run: which folder a reference means, what kind of model it is, and loading it for training.

Reads safetensors of this machine only. Knows nothing of methods or data.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import LoupeError, ModelLoadError, Unsupported
from core.models import bundled, hub, safety
from core.models.reading import READING
from core.models.reference import parse_ref
from core.tuning.methods import Task

AUTO: dict[Task, str] = {
    "causal": "AutoModelForCausalLM",
    "seq2seq": "AutoModelForSeq2SeqLM",
    "classification": "AutoModelForSequenceClassification",
}


@dataclass(frozen=True, slots=True)
class Base:
    """Where a base lies and what it is; `ref` is canonical and without adapters or options."""

    ref: str
    folder: Path
    task: Task
    family: str
    """`model_type` of its configuration."""

    @property
    def hub_name(self) -> str:
        """What PEFT writes into an adapter and looks for when it loads one alone: ORG/NAME of a hub model, or a folder.

        A base that lies in a folder has no other name: by it the adapter is listed under its model, and its weights are
        told from others'.
        """
        if self.ref.startswith("path:"):
            return str(self.folder)
        return self.ref.removeprefix("hf:").partition("@")[0]


def find_base(ref: str) -> Base:
    """The base that a reference names, checked as for generating.

    Raises:
        InvalidInput, NotFound: it is no reference, or not on this machine.
        Unsupported: a GGUF file, an endpoint, a model with adapters or in low precision, or of a kind that cannot be
            trained here; one sentence.
        UnsafeModel, ModelLoadError: its files cannot be used.
    """
    parsed = parse_ref(ref)
    if parsed.kind in ("gguf", "api"):
        what = "a GGUF file" if parsed.kind == "gguf" else "behind an endpoint"
        raise Unsupported(f"{parsed} is {what} and cannot be trained; choose a model in Hugging Face format.")
    if parsed.adapters:
        raise Unsupported(
            f"{parsed} has an adapter; train the base {parsed.base}, or merge it first (loupe adapters merge)."
        )
    if parsed.quantize or parsed.dtype:
        raise Unsupported(
            f"{parsed}: leave out '?…'; the setting dtype says the precision, and the method qlora trains in 4 bits."
        )
    try:
        if parsed.kind == "bundled":
            folder = bundled.ensure_converted()
        else:
            folder = parsed.path or hub.local_folder(parsed)
            safety.inspect_folder(folder)
    except OSError as error:
        raise ModelLoadError(f"{parsed} cannot be read: {error.strerror or error}.") from None
    config = safety.read_json(folder / "config.json")
    if config.get("quantization_config"):
        raise Unsupported(f"{parsed} is quantized already and cannot be trained; train the original, with qlora.")
    return Base(parsed.base, folder, _task(parsed.base, config), str(config.get("model_type", ""))[:64])


def _task(ref: str, config: dict[str, Any]) -> Task:
    names = config.get("architectures") or []
    name = str(names[0]) if isinstance(names, list) and names else ""
    if name.endswith("ForSequenceClassification"):
        return "classification"
    if config.get("is_encoder_decoder"):
        return "seq2seq"
    if name.endswith(("ForCausalLM", "LMHeadModel")):
        return "causal"
    raise Unsupported(
        f"{ref} is a {name[:80] or 'model without a named architecture'}; trained are …ForCausalLM, encoder-decoders "
        f"and …ForSequenceClassification."
    )


def load_base(base: Base, *, dtype: Any, device: Any, four_bit: bool, double: bool = True, labels: int = 0) -> Any:
    """The model with its weights, on `device`.

    Args:
        base: of `find_base`.
        dtype: torch's.
        device: torch's.
        four_bit: quantize to NF4 while loading.
        double: quantize the constants too.
        labels: classes of a classifier; 0 leaves what the folder says.

    Raises:
        ModelLoadError: the library could not load it.
    """
    import transformers

    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # bitsandbytes looks for a kernel on the hub when it is imported
    options: dict[str, Any] = {}
    if four_bit:
        options["quantization_config"] = transformers.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=double,
            bnb_4bit_compute_dtype=dtype,
        )
    if four_bit or device.type != "cpu":
        options["device_map"] = {"": device}
    if labels and base.task == "classification":
        options |= {"num_labels": labels, "ignore_mismatched_sizes": True}
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        with READING:
            model = getattr(transformers, AUTO[base.task]).from_pretrained(
                base.folder, dtype=dtype, use_safetensors=True, local_files_only=True, **options
            )
    except LoupeError:
        raise
    except Exception as error:  # the library raises anything at all on files that somebody else wrote
        text = " ".join(str(error).split())[:300] or type(error).__name__
        raise ModelLoadError(f"{base.ref} could not be loaded for training: {text}") from None
    if four_bit:
        _keep_gradients(model)
    model.name_or_path = base.hub_name  # PEFT writes it into the adapter; the hub's cache or a conversion says nothing
    return model


def _keep_gradients(model: Any) -> None:
    """Keep bitsandbytes from packing weights anew for processors with AVX512-BF16 at the first look in eval mode.

    Packed, a layer passes no gradient on, and nothing unpacks it when training goes on: the run would learn noise
    (`Linear4bit.forward` and `matmul_4bit` of bitsandbytes 0.50).
    """
    from bitsandbytes.nn import Linear4bit

    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False


def empty_model(base: Base, labels: int = 0) -> Any:
    """The model without weights (on the meta device), to count what a method would train; takes no memory."""
    import transformers
    from accelerate import init_empty_weights

    config = transformers.AutoConfig.from_pretrained(base.folder, local_files_only=True)
    if labels and base.task == "classification":
        config.num_labels = labels
    with init_empty_weights(include_buffers=True):
        model = getattr(transformers, AUTO[base.task]).from_config(config)
    model.name_or_path = base.hub_name
    return model
