"""From a reference to a folder that is safe to load as an embedding model or a reranker.

Beyond what `core.models.safety` checks of any model: the modules of sentence-transformers, each in a sub-folder, of
which only kinds that run no foreign code are loaded, and of weights only safetensors. Knows nothing of loading.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.errors import InvalidInput, ModelLoadError, NotFound, UnsafeModel
from core.models import hub, safety
from core.models.reference import ModelRef
from core.settings import get_settings

MODULES = {
    **dict.fromkeys(("Transformer", "Normalize", "Dropout"), ()),
    **dict.fromkeys(("Pooling", "Dense", "LayerNorm", "WeightedLayerPooling", "LogitScore"), ("config.json",)),
}
"""Kinds of modules that are loaded, and the files without which one would fall back to something else in silence."""
WITH_WEIGHTS = ("Dense", "LayerNorm", "WeightedLayerPooling")
LIST_CAP = 1 * safety.MIB


def folder_of(ref: ModelRef, what: str) -> Path:
    """Where the model of an `hf:` or `path:` reference lies, after every check.

    Args:
        ref: the parsed reference.
        what: "an embedding model" or "a reranker", for messages.

    Raises:
        InvalidInput: another kind of reference, or one with adapters or options.
        NotFound: it is not on this machine, or a file is missing.
        UnsafeModel: its files are refused.
        ModelLoadError: they cannot be read.
    """
    if ref.kind not in ("hf", "path"):
        raise InvalidInput(f"{ref} cannot serve as {what}; write hf:ORG/NAME or path:FOLDER.", "model")
    if ref.adapters or ref.dtype or ref.quantize:
        raise InvalidInput(f"{ref}: {what} is loaded as it is; leave out '+…' and '?…'.", "model")
    folder = ref.path or hub.local_folder(ref)
    try:
        inspect(folder)
    except OSError as error:
        raise ModelLoadError(f"{ref} cannot be read: {error.strerror or error}.") from None
    return folder


def inspect(folder: Path) -> None:
    """Refuse a folder that is not safe to load, its modules included.

    Raises:
        UnsafeModel, NotFound: one sentence.
    """
    safety.inspect_folder(folder)
    for kind, path in modules_of(folder):
        if kind not in MODULES:
            raise UnsafeModel(
                f"{folder} asks for the module {kind[:80]!a}, which Loupe does not load; use a model made of "
                f"{', '.join(MODULES)}."
            )
        if path:
            _inspect_module(folder, kind, folder / path)


def modules_of(folder: Path) -> list[tuple[str, str]]:
    """Kind and sub-folder of every module; none where the folder is a plain transformers model.

    Raises:
        UnsafeModel: the list is malformed, or names code from outside the library or a place outside the folder.
    """
    file = folder / "modules.json"
    if not file.is_file():
        return []
    if file.stat().st_size > LIST_CAP:
        raise UnsafeModel(f"{file} has {file.stat().st_size:,} bytes; a list of modules is never as large.")
    try:
        listed: Any = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        raise UnsafeModel(f"{file} is not valid JSON; download or copy it again.") from None
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise UnsafeModel(f"{file} is not a list of modules.")
    return [_module(file, entry.get("type"), entry.get("path")) for entry in listed]


def _module(file: Path, kind: Any, path: Any) -> tuple[str, str]:
    if not isinstance(kind, str) or not isinstance(path, str):
        raise UnsafeModel(f"{file} lists a module without a type or a path.")
    if not kind.startswith("sentence_transformers."):
        raise UnsafeModel(
            f"{file} asks for {kind[:80]!a}, which is code from outside sentence-transformers; Loupe never runs that."
        )
    if path and (path != Path(path).name or path in (".", "..")):
        raise UnsafeModel(f"{file} points to {path[:80]!a}, which is not a folder beside it.")
    return kind.rpartition(".")[2], path


def _inspect_module(folder: Path, kind: str, place: Path) -> None:
    if not place.is_dir():
        if MODULES[kind]:
            raise NotFound(f"{folder} lacks {place.name}, a part of the model; download or copy it again.")
        return
    roots = [folder.resolve(), get_settings().models_dir.resolve()]
    if folder.parent.name == "snapshots":  # the hub's cache links to blobs beside its snapshots
        roots.append((folder.parent.parent / "blobs").resolve())
    for file in sorted(place.iterdir()):
        if not any(file.resolve().is_relative_to(root) for root in roots):
            raise UnsafeModel(f"{file} is a link out of the model's folder; copy the file there instead.")
        if file.suffix == ".json":
            safety.inspect_json(file)
    for name in MODULES[kind]:
        if not (place / name).is_file():
            raise NotFound(f"{folder} lacks {place.name}/{name}, a part of the model; download or copy it again.")
    if kind in WITH_WEIGHTS:
        for weights in safety.weight_files(place):  # the library would take a pickle where there is no safetensors
            for _ in safety.safetensors_shapes(weights):
                pass
