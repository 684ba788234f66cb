"""The result of a run into its place: an adapter in PEFT's format, or a whole model with its tokenizer.

Written beside and renamed, so that it is there whole or not at all. Knows nothing of training.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import uuid
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from core.errors import Conflict, StoreError
from core.tuning.methods import METHODS
from core.tuning.places import ABOUT, taken
from core.tuning.request import TuneRequest
from core.tuning.writing import no_room

LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes")


def save_result(
    model: Any, request: TuneRequest, base_ref: str, base_folder: Path, folder: Path, about: dict[str, Any]
) -> None:
    """Write the trained model to `folder`, which must not exist.

    Args:
        model: as it was trained.
        request: what was asked for.
        base_ref: canonical reference of the base.
        base_folder: whose tokenizer a whole model gets.
        folder: where to.
        about: further facts for `loupe.json`.

    Raises:
        Conflict: something has come to lie there meanwhile.
        StoreError: the disk is full, or the folder cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.parent / f".{folder.name}-{uuid.uuid4().hex[:8]}"
    try:
        beside.mkdir()
        if METHODS[request.method].result == "model":
            model.save_pretrained(beside, safe_serialization=True)
            _copy_tokenizer(base_folder, beside)
        elif request.method == "adapter":
            from core.models.adapters import bottleneck

            bottleneck.save(model, beside)
        else:
            model.save_pretrained(beside, safe_serialization=True)
        (beside / "README.md").unlink(missing_ok=True)  # peft's empty model card
        document = {
            "method": request.method,
            "base": base_ref,
            "request": request.model_dump(),
            "command": request.command(),
            "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
            **about,
        }
        (beside / ABOUT).write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
        beside.rename(folder)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(beside, ignore_errors=True)
        if folder.exists():
            raise Conflict(taken(folder)) from None
        why, what = no_room(error), " ".join(str(getattr(error, "strerror", None) or error).split())[:200]
        raise StoreError(
            f"{request.name} could not be written: {why or what}; {'make room' if why else 'see to it'} and resume."
        ) from None
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _copy_tokenizer(base: Path, folder: Path) -> None:
    known = ("tokenizer", "special_tokens", "vocab", "merges", "chat_template", "added_tokens", "generation_config")
    for file in sorted(base.iterdir()):
        if file.is_file() and file.name.startswith(known) and not (folder / file.name).exists():
            shutil.copyfile(file, folder / file.name)
