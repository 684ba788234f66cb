"""Whether an adapter belongs to a model: the base that it records, and the shapes of its tensors.

The first is looked at before any weights are read, the second against the modules of the loaded base. An error names
both models. Knows nothing of putting adapters on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import LoupeError, ModelLoadError
from core.models import bundled, safety
from core.models.adapters.library import CONFIG, Adapter
from core.models.reference import ModelRef, parse_ref

BUNDLED_NAMES = (bundled.REF, bundled.NAME, f"HuggingFaceTB/{bundled.NAME}")
SAMPLE = 64 * 1024
"""Bytes of each weights file that a fingerprint reads."""
OF_ADAPTERS = ("lora_", "ia3_", "modules_to_save", "token_adapter", "trainable_tokens", "base_layer")
"""How the names of what LoRA and IA3 add to a module begin."""
PREFIX = "base_model.model."
"""What PEFT writes before the name of a module."""


def require_base(adapter: Adapter, ref: ModelRef, folder: Path) -> None:
    """Refuse an adapter whose recorded base is another model than `ref`.

    A base that nobody here can identify (nothing recorded, a folder of another machine) is left to its shapes.

    Args:
        adapter: whose record is read.
        ref: the model it is to be put on.
        folder: of that model, in Hugging Face format.

    Raises:
        ModelLoadError: it was made for another model; both are named, and what to do if they are the same.
    """
    if adapter.base is None or same_base(adapter.base, ref, folder) is not False:
        return
    raise ModelLoadError(
        f"The adapter {adapter.name} was made for {adapter.base} and not for {ref.base}; load it on its own base, or, "
        f"if the two are the same model, correct base_model_name_or_path in {adapter.folder / CONFIG}."
    )


def same_base(recorded: str, ref: ModelRef, folder: Path) -> bool | None:
    """Whether `recorded` names the model `ref` in `folder`; `None` if that cannot be known."""
    names = {ref.base, str(folder)}
    if ref.kind == "bundled":
        names |= set(BUNDLED_NAMES)
    elif ref.kind == "hf":
        names |= {ref.name, f"hf:{ref.name}"}
    given = safety.read_json(folder / "config.json").get("_name_or_path")
    if isinstance(given, str) and given:
        names.add(given)
    if recorded in names:
        return True
    other = _folder(recorded)
    if other is not None:
        return fingerprint(other) == fingerprint(folder)
    if recorded.startswith(("path:", "gguf:", "/", "~", ".")) or recorded.count("/") > 1:
        return None  # a folder that is not here
    tail = recorded.removeprefix("hf:").partition("@")[0].rpartition("/")[2].lower()
    return tail in {name.rpartition("/")[2].lower() for name in names}  # a copy in a folder of the model's name


def fingerprint(folder: Path) -> str:
    """Of the weights in a folder in Hugging Face format: names, shapes and samples of the numbers; milliseconds.

    Raises:
        LoupeError: there are no weights, or they are not safe to read.
    """
    digest = hashlib.sha256()
    for file in safety.weight_files(folder):
        tensors = safety.safetensors_tensors(file)
        digest.update(repr(sorted(tensors.items())).encode())
        size = file.stat().st_size
        with file.open("rb") as stream:
            stream.seek(size // 2)
            digest.update(stream.read(SAMPLE))
            stream.seek(max(0, size - SAMPLE))
            digest.update(stream.read(SAMPLE))
    return digest.hexdigest()


def require_shapes(adapter: Adapter, model: Any, ref: ModelRef) -> None:
    """Refuse an adapter whose tensors do not fit the modules of `model`.

    Raises:
        ModelLoadError: a module is missing or has another size, or the adapter's own rank is not what its
            configuration says; the sentence names both models and the tensor.
    """
    wrong = _soft_prompt(adapter, model) if adapter.soft_prompt else _injected(adapter, model)
    if wrong:
        raise misfit(adapter, ref, wrong)


def misfit(adapter: Adapter, ref: ModelRef, why: str) -> ModelLoadError:
    """The error for an adapter that does not fit; names both bases."""
    return ModelLoadError(
        f"The adapter {adapter.name}, made for {adapter.base or 'a model that it does not name'}, does not fit "
        f"{ref.base}: {why}."
    )


def _soft_prompt(adapter: Adapter, model: Any) -> str:
    shape = adapter.tensors.get("prompt_embeddings", ())
    if len(shape) != 2 or not shape[0]:
        return "it holds no prompt_embeddings"
    if adapter.size != shape[0]:
        return f"its configuration says {adapter.size} virtual tokens and its weights hold {shape[0]:,}"
    config = model.config.get_text_config(decoder=True)
    width = model.get_input_embeddings().embedding_dim
    takes = f"vectors of {width:,} numbers"
    if adapter.peft_type == "PREFIX_TUNING":
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        width = 2 * config.num_hidden_layers * heads * head
        takes = f"{width:,} ({config.num_hidden_layers} layers of keys and values of {heads} heads of {head})"
        claimed = [adapter.config.get(key) for key in ("num_layers", "token_dim", "num_attention_heads")]
        if claimed != [config.num_hidden_layers, heads * head, heads]:
            return (
                f"it is for {_shown(claimed[0])} layers of {_shown(claimed[2])} heads with {_shown(claimed[1])} "
                f"numbers a layer, and the model has {config.num_hidden_layers} of {heads} heads with {heads * head}"
            )
    if shape[1] != width:
        return f"its virtual tokens have {shape[1]:,} numbers, and the model takes {takes}"
    return ""


def _shown(value: Any) -> str:
    return str(value)[:20]


def _injected(adapter: Adapter, model: Any) -> str:
    """The first tensor that does not fit, as words; empty if all do."""
    modules = dict(model.named_modules())
    ranks: set[int] = set()
    for name, shape in sorted(adapter.tensors.items()):
        path, rest = _module(name.removeprefix(PREFIX), modules)
        if not path or (adapter.peft_type in ("LORA", "IA3") and not _belongs(rest, modules[path])):
            return f"it has the tensor {name[:120]}, and the model has no such module"
        wanted = _wanted(rest, modules[path], shape)
        if wanted is not None and wanted != shape:
            return f"its tensor {name[:120]} is {_by(shape)}, where the model takes {_by(wanted)}"
        if adapter.peft_type == "LORA" and rest.startswith(("lora_A", "lora_embedding_A")):
            ranks.add(shape[0])
    claimed = _ranks(adapter.config)
    if adapter.peft_type == "LORA" and not adapter.config.get("rank_pattern") and ranks - claimed:
        return f"its configuration says rank {adapter.size} and its weights have rank {min(ranks - claimed):,}"
    if ranks and max(claimed, default=0) > max(ranks):
        return f"its configuration says rank {max(claimed):,} and its weights have rank {max(ranks):,}"
    return ""


def _ranks(config: Mapping[str, Any]) -> set[int]:
    pattern = config.get("rank_pattern") or {}
    return {value for value in (config.get("r"), *pattern.values()) if type(value) is int}


def _module(name: str, modules: Mapping[str, Any]) -> tuple[str, str]:
    """The longest beginning of a tensor's name that is a module, and the rest."""
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        if (path := ".".join(parts[:cut])) in modules:
            return path, ".".join(parts[cut:])
    return "", ""


def _belongs(rest: str, module: Any) -> bool:
    """Whether the rest of a tensor's name can be something of this very module, and not of one that it lacks."""
    return rest.startswith(OF_ADAPTERS) or getattr(module, rest, None) is not None


def _wanted(rest: str, module: Any, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape that a tensor must have in `module`; `None` where the method decides."""
    takes, gives = _widths(module)
    if takes is None or gives is None or not shape:
        return None
    rank = {"lora_A": shape[0], "lora_B": shape[-1], "lora_embedding_A": shape[0], "lora_embedding_B": shape[-1]}
    kind = rest.split(".")[0]
    match kind:
        case "lora_A" if rest.endswith("weight"):
            return (rank[kind], takes)
        case "lora_B" if rest.endswith("weight"):
            return (gives, rank[kind])
        case "lora_embedding_A":
            return (rank[kind], takes)
        case "lora_embedding_B":
            return (gives, rank[kind])
        case "lora_magnitude_vector":
            return (gives,)
        case "ia3_l":
            return (1, takes) if shape[0] == 1 else (gives, 1)
        case "weight" if getattr(module, "weight", None) is not None and module.weight.is_floating_point():
            return tuple(module.weight.shape)
    return None


def _widths(module: Any) -> tuple[int | None, int | None]:
    if hasattr(module, "in_features"):
        return module.in_features, module.out_features
    if hasattr(module, "num_embeddings"):
        return module.num_embeddings, module.embedding_dim
    if hasattr(module, "nf"):  # GPT-2's Conv1D keeps its weight the other way round
        return module.weight.shape[0], module.nf
    return None, None


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{size:,}" for size in shape)


def _folder(recorded: str) -> Path | None:
    """The folder that a recorded base means, if it is a model here."""
    try:
        if recorded == bundled.REF:
            return bundled.converted()
        if recorded.startswith(("hf:", "path:")):
            from core.models.hub import local_folder

            ref = parse_ref(recorded)
            found = local_folder(ref) if ref.path is None else ref.path
        else:
            found = Path(recorded).expanduser()
        return found if (found / "config.json").is_file() and safety.weight_files(found) else None
    except (LoupeError, OSError, RuntimeError, ValueError):  # not here, or not a model: then its name must do
        return None
