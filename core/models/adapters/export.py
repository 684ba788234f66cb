"""A reference with adapters written as a whole model: merged safetensors, with the tokenizer, in the base's precision.

Written beside its place and renamed, so that it is there whole or not at all; never over anything. A quantized base is
read unquantized, because weights in 4 or 8 bits cannot take a sum. Knows nothing of the pool: what is loaded stays so.
"""

from __future__ import annotations

import errno
import json
import re
import shutil
import uuid
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import Conflict, InvalidInput, LoupeError, OutOfMemory, StoreError, Unsupported
from core.models import safety
from core.models.adapters import combining
from core.models.adapters.combining import Weighted
from core.models.device import device, give_back
from core.models.reference import ModelRef, parse_ref

if TYPE_CHECKING:
    import torch

DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
RECORD = "loupe.json"
LIBRARIES = ("torch", "transformers", "peft")


def target_of(name: str) -> Path:
    """Where a merged model of this name goes: beside a person's own models, so that the registry lists it.

    Raises:
        InvalidInput: it is not a name.
    """
    from core.models.registry import local_dir

    if not NAME.fullmatch(name) or ".." in name:
        raise InvalidInput(
            f"{name[:60]!a} is not a name: use 1 to 64 letters, digits, '.', '_' and '-', beginning with a letter or "
            f"digit.",
            "name",
        )
    return local_dir() / name


def merged(ref: ModelRef | str, folder: Path) -> Path:
    """Merge the adapters of `ref` into its base and write the model to `folder`, which must not exist.

    Raises:
        InvalidInput: the reference has no adapters, or asks for a quantized result.
        Unsupported: the method cannot be merged, or the base lies quantized in its folder.
        Conflict: there is something at `folder` already.
        ModelLoadError: an adapter was made for another model; both are named.
        StoreError: the disk is full, or the folder cannot be written.
        LoupeError: as `core.models.loaders.load`.
    """
    from core.models.loaders import transformers as loader

    ref, base, chosen = check(ref, folder)
    place = folder.parent / f".{folder.name}-{uuid.uuid4().hex[:8]}"
    try:
        model, tokenizer = loader.read(ref, base, _dtype(ref, base), device())
        model = combining.merged(model, chosen, ref)
        place.mkdir(parents=True)
        model.save_pretrained(place, safe_serialization=True)
        tokenizer.save_pretrained(place)
        _record(place, ref)
        _require_free(folder)
        place.rename(folder)
    except LoupeError:
        raise
    except Exception as error:  # the libraries wrap the system's error in ones of their own
        raise _explained(error, folder) from None
    finally:
        shutil.rmtree(place, ignore_errors=True)
        give_back()
    return folder


def check(ref: ModelRef | str, folder: Path) -> tuple[ModelRef, Path, Weighted]:
    """What `merged` refuses without loading a weight.

    Returns:
        the reference, the folder of its base, and the adapters with their weights.

    Raises:
        LoupeError: as `merged`.
    """
    from core.models.loaders import quantized
    from core.models.loaders import transformers as loader

    ref = parse_ref(ref) if isinstance(ref, str) else ref
    if not ref.adapters:
        raise InvalidInput(f"{ref} has no adapter to merge; write {ref.base}+NAME.", "model")
    if ref.quantize:
        raise InvalidInput(
            f"{ref} cannot be merged as it is, since quantized weights cannot take a sum; leave "
            f"'?quantize={ref.quantize}' out and compress the merged model.",
            "model",
        )
    _require_free(folder)
    base, chosen, _ = loader.checked(ref)
    combining.require_mergeable(chosen)
    if quantized.stored_config(base) is not None:
        raise Unsupported(
            f"{ref.base} lies quantized in its folder, and quantized weights cannot take a sum; merge into the "
            f"original weights and compress the result."
        )
    return ref, base, chosen


def _dtype(ref: ModelRef, folder: Path) -> torch.dtype:
    """The reference's precision, else the one that the base has on disk, else bf16."""
    import torch

    config = safety.read_json(folder / "config.json")
    stored = str(config.get("dtype") or config.get("torch_dtype"))
    name = DTYPES[ref.dtype] if ref.dtype else stored if stored in DTYPES.values() else "bfloat16"
    found: torch.dtype = getattr(torch, name)
    return found


def _require_free(folder: Path) -> None:
    if folder.exists() or folder.is_symlink():
        raise Conflict(f"{folder} exists already, and nothing is written over; choose another name.")


def _record(place: Path, ref: ModelRef) -> None:
    document: dict[str, Any] = {
        "method": "merge",
        "from": str(ref),
        "base": ref.base,
        "versions": {name: version(name) for name in LIBRARIES},
    }
    (place / RECORD).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _explained(error: Exception, folder: Path) -> LoupeError:
    text = " ".join(str(error).split())
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return OutOfMemory(f"There was not enough memory to write {folder.name}; unload a model.")
    if (isinstance(error, OSError) and error.errno == errno.ENOSPC) or "No space left" in text:
        return StoreError(f"The disk is full, so {folder.name} was not written; make room and merge again.")
    return StoreError(f"{folder} could not be written: {text[:200] or type(error).__name__}.")
