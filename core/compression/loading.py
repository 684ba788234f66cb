"""Loading and saving of models that are compressed or measured, through plain transformers.

Safetensors from this machine only, never code of a repository. Knows nothing of the methods.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import LoupeError, ModelLoadError, OutOfMemory
from core.models import safety
from core.models.device import default_dtype, device, free_memory, gib, give_back
from core.models.reading import READING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


def offline() -> None:
    """Before a library is imported that would fetch kernels from a hub (bitsandbytes does on some processors)."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def working_dtype(config: dict[str, Any]) -> torch.dtype:
    """The precision in which a model is calibrated: half where its weights are and this device computes it fast."""
    import torch

    fast = default_dtype(device())
    return fast if source_dtype(config) == fast else torch.float32


def load_model(folder: Path, dtype: torch.dtype | str = "auto", **options: Any) -> Any:
    """A causal model in eval mode, without gradients, on the device.

    Raises:
        OutOfMemory: it does not fit.
        ModelLoadError: the library could not load it, or tensors are missing.
    """
    offline()
    from transformers import AutoModelForCausalLM

    quiet()
    where = device()
    need, free = _need(folder, dtype, packing="quantization_config" in options), free_memory()
    if need > free:
        raise OutOfMemory(
            f"{folder.name} needs {gib(need)} for its weights and {gib(free)} are free; free some memory."
        )
    if where.type != "cpu" or "quantization_config" in options:
        options.setdefault("device_map", {"": str(where)})
    try:
        with READING:
            model, info = AutoModelForCausalLM.from_pretrained(
                folder, dtype=dtype, local_files_only=True, use_safetensors=True, output_loading_info=True, **options
            )
    except Exception as error:  # the library raises anything at all on files that somebody else wrote
        give_back()
        raise _explained(folder, error) from None
    if missing := sorted(info["missing_keys"]):
        raise ModelLoadError(f"The weights in {folder} lack {missing[0][:100]}; the folder is incomplete.")
    return model.eval().requires_grad_(False)


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder.

    Raises:
        ModelLoadError: there is none, or the library cannot read it.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # as above
        raise _explained(folder, error) from None


def save_model(model: Any, tokenizer: Any, folder: Path, dtype: torch.dtype | None = None) -> None:
    """Write weights, configuration and tokenizer; `dtype` casts floating-point weights first."""
    if dtype is not None:
        model.to(dtype)
    model.config._name_or_path = ""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def source_dtype(config: dict[str, Any]) -> torch.dtype:
    """The precision that a model's configuration names, fp32 where it names none."""
    import torch

    name = str(config.get("dtype") or config.get("torch_dtype") or "float32")
    return getattr(torch, name) if name in DTYPES.values() else torch.float32


def quiet() -> None:
    """No progress bars and no advice for programmers on stderr."""
    from transformers.utils import logging as library

    library.set_verbosity_error()
    library.disable_progress_bar()


@contextmanager
def released() -> Iterator[None]:
    """Give freed memory back at the end, however it ends."""
    try:
        yield
    finally:
        give_back()


def _need(folder: Path, dtype: torch.dtype | str, *, packing: bool) -> int:
    """Bytes that the weights will hold; twice those of the files where half precision is loaded as fp32."""
    config = safety.read_json(folder / "config.json")
    on_disk = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    if packing or isinstance(dtype, str) or config.get("quantization_config"):
        return on_disk
    return on_disk * dtype.itemsize // source_dtype(config).itemsize


def _explained(folder: Path, error: Exception) -> LoupeError:
    text = " ".join(str(error).split())[:300] or type(error).__name__
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "allocate memory" in text:
        return OutOfMemory(f"{folder.name} did not fit into memory; free some, or choose a smaller model.")
    return ModelLoadError(f"{folder} could not be loaded: {text}")
