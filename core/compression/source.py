"""The model that is compressed: found, and refused where it cannot be, before anything heavy is imported.

Reads configuration and headers only. Knows nothing of the methods.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Conflict, NotFound, Unsupported
from core.models import bundled, hub, safety
from core.models.reference import ModelRef, parse_ref
from core.models.registry import local_dir


@dataclass(frozen=True, slots=True)
class Source:
    """A model in Hugging Face format on this machine.

    Attributes:
        ref: its canonical reference.
        folder: config.json, safetensors, tokenizer.
        config: config.json.
    """

    ref: str
    folder: Path
    config: dict[str, Any]

    @property
    def family(self) -> str:
        """Transformers' model type, such as llama."""
        return str(self.config.get("model_type", "unnamed"))[:60]

    def number(self, key: str) -> int | None:
        """A positive whole number of the configuration, `None` where there is none."""
        value = self.config.get(key)
        return value if type(value) is int and value > 0 else None

    @property
    def context_length(self) -> int | None:
        """Tokens."""
        return self.number("max_position_embeddings")


def open_source(text: str) -> Source:
    """The model of a reference; the bundled one is unpacked if that has not happened yet.

    Raises:
        InvalidInput, NotFound: the reference is malformed, or the model is not on this machine.
        UnsafeModel: files that Loupe refuses to load.
        Unsupported: behind an endpoint, a GGUF file, with adapters, quantized already, or no decoder-only text model.
    """
    ref = parse_ref(text)
    _refuse_kind(ref)
    folder = bundled.ensure_converted() if ref.kind == "bundled" else ref.path or hub.local_folder(ref)
    if ref.kind != "bundled":
        safety.inspect_folder(folder)
    config = safety.read_json(folder / "config.json")
    if config.get("quantization_config"):
        kind = config["quantization_config"]
        name = kind.get("quant_method", "quantized") if isinstance(kind, dict) else "quantized"
        raise Unsupported(
            f"{ref.base} is quantized already ({str(name)[:40]}); compressing it again would add error upon error, so "
            f"start from the model that it was made of."
        )
    names = config.get("architectures")
    if config.get("is_encoder_decoder") or not (
        isinstance(names, list) and names and str(names[0]).endswith(("ForCausalLM", "LMHeadModel"))
    ):
        shown = str(names[0])[:80] if isinstance(names, list) and names else "a model without a named architecture"
        raise Unsupported(f"{ref.base} is {shown}; Loupe compresses decoder-only text models (…ForCausalLM).")
    return Source(ref.base, folder, config)


def refuse_existing(name: str, *, file: bool) -> Path:
    """Where the result of that name will lie.

    Raises:
        Conflict: something of that name is there already.
    """
    for taken in (local_dir() / name, local_dir() / f"{name}.gguf"):
        if taken.exists() or taken.is_symlink():
            raise Conflict(f"There is a local model {taken.name} already; choose another name, or delete it first.")
    return local_dir() / (f"{name}.gguf" if file else name)


def _refuse_kind(ref: ModelRef) -> None:
    if ref.kind == "api":
        raise Unsupported(f"{ref.base} lives behind an endpoint, which does not hand out weights; name a local model.")
    if ref.kind == "gguf":
        raise Unsupported(
            f"{ref.base} is a GGUF file, quantized already or made for llama.cpp alone; name the model that it was "
            f"made of, in Hugging Face format."
        )
    if ref.adapters:
        raise Unsupported(f"{ref} has adapters on it; merge them into a model of its own first, and compress that.")
    if ref.quantize:
        raise Unsupported(f"{ref} is quantized as it is loaded; name {ref.base}, and choose the method {ref.quantize}.")


def require_parts(source: Source, what: str, *keys: str) -> None:
    """Check that the configuration holds these numbers.

    Raises:
        Unsupported: it does not; `what` cannot be done with this family.
    """
    missing = [key for key in keys if source.number(key) is None]
    if missing:
        raise Unsupported(
            f"{source.ref} is of the family {source.family}, whose configuration has no {missing[0]}; {what} knows "
            f"models built like Llama (Llama, Mistral, Qwen2, Qwen3, SmolLM)."
        )


def weight_file_bytes(folder: Path) -> int:
    """Bytes of the safetensors files.

    Raises:
        NotFound: there are none.
    """
    files = safety.weight_files(folder)
    if not files:
        raise NotFound(f"{folder} holds no weights.")
    return sum(file.stat().st_size for file in files)
