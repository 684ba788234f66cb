"""The registry: every model that can run here, from what is on disk and in settings. Fast, and free of torch.

Reads headers and configuration files only; endpoints are asked only when the caller wants it. Knows nothing of loading.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import Conflict, InvalidInput, LoupeError, NotFound
from core.models import bundled, hub, safety, stored
from core.models.adapters import library
from core.models.gguf_header import read_header
from core.models.loaded import Backend
from core.models.loaders import BACKENDS
from core.models.pool import get_pool
from core.models.reference import ModelRef, parse_ref
from core.settings import get_settings


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model that can run here; `None` where nobody knows without loading or asking."""

    ref: str
    """Canonical reference."""
    name: str
    parameters: int | None
    context_length: int | None
    """Tokens."""
    source: str
    """Where it comes from, for a person: bundled, hub, local folder, GGUF file, endpoint NAME."""
    path: str | None
    """The folder in Hugging Face format that plain transformers loads, once it is there; `None` for other formats."""
    size_bytes: int | None
    """On disk."""
    loaded: bool
    backend: Backend
    problem: str | None = None
    """Why it cannot be loaded, one sentence, where its files show that already."""


def local_dir() -> Path:
    """Where a person puts models of their own: folders in Hugging Face format and GGUF files."""
    return get_settings().models_dir / "local"


def list_models(*, refresh_endpoints: bool = False) -> list[ModelInfo]:
    """Every model that can run here, the bundled one first, each followed by the adapters that were made for it.

    Args:
        refresh_endpoints: also ask endpoints that list no models in settings (network); one that does not answer is
            left out.

    Raises:
        InvalidInput: the settings are not valid.
    """
    found = [*_bundled(), *_downloads(), *_local(), *_endpoints(refresh_endpoints)]
    known = {info.ref for info in found}
    held = [entry.ref for entry in get_pool().status() if entry.state != "failed"]
    found += _elsewhere(sorted({parse_base(ref) for ref in held} - known))
    loaded = {_without_options(ref) for ref in held}
    return [replace(info, loaded=info.ref in loaded) for info in _with_adapters(found)]


def parse_base(ref: str) -> str:
    """The canonical reference without adapters and options; of a model whose files are gone, `ref` as it is."""
    try:
        return parse_ref(ref).base
    except NotFound:
        return ref


def _without_options(ref: str) -> str:
    try:
        return str(replace(parse_ref(ref), dtype=None, quantize=None))
    except NotFound:
        return ref


def delete_model(ref: str) -> None:
    """Delete a model's files: a download (finished or not), a model in the local folder, the unpacked bundled one.

    Of a model with an adapter, the adapter is deleted and the base stays.

    Raises:
        InvalidInput: it is not Loupe's to delete: outside the data directory, or behind an endpoint.
        NotFound: there is nothing to delete.
        Conflict: it is loaded.
    """
    parsed = parse_ref(ref)
    if parsed.adapters:
        if len(parsed.adapters) > 1:
            raise InvalidInput(f"{ref} names several adapters; delete them one by one.", "model")
        library.delete(parsed.adapters[0][0])
        return
    if any(parse_base(entry.ref) == parsed.base for entry in get_pool().status() if entry.state != "failed"):
        raise Conflict(f"{parsed.base} is loaded; unload it before deleting it.")
    match parsed.kind:
        case "bundled":
            targets = [bundled.folder()]
        case "hf":
            targets = [hub.download_folder(parsed), hub.partial_folder(parsed)]
            hub.refuse_running(parsed)
        case "path" | "gguf" if parsed.path is not None and parsed.path.parent in (
            local_dir().resolve(),
            hub.hub_dir().resolve(),
        ):
            targets = [parsed.path]
        case "api":
            raise InvalidInput(f"{parsed.base} lives behind an endpoint; remove it from settings instead.", "model")
        case _:
            raise InvalidInput(
                f"{parsed.base} lies outside {get_settings().models_dir}, so Loupe does not delete it; do it yourself.",
                "model",
            )
    there = [target for target in targets if target.exists()]
    if not there:
        raise NotFound(f"{parsed.base} has no files here, so there is nothing to delete.")
    for target in there:
        _remove(target)


def _remove(target: Path) -> None:
    """Rename first, so that nobody ever sees half a model."""
    doomed = target.with_name(f".deleted-{uuid.uuid4().hex}")
    try:
        target.rename(doomed)
        shutil.rmtree(doomed) if doomed.is_dir() else doomed.unlink()
    except OSError as error:
        raise Conflict(f"{target} could not be deleted ({error.strerror}).") from None


def _with_adapters(models: list[ModelInfo]) -> Iterator[ModelInfo]:
    """The models, each followed by itself with every adapter of the library that was made for it."""
    tuned = [(ref, adapter) for adapter in library.list_adapters() if (ref := library.reference(adapter))]
    for info in models:
        yield info
        for ref, adapter in tuned:
            if parse_base(ref) == info.ref:
                virtual = adapter.size or 0 if adapter.soft_prompt else 0
                yield replace(
                    info,
                    ref=ref,
                    name=f"{info.name} + {adapter.name}",
                    parameters=None if info.parameters is None else info.parameters + adapter.parameters,
                    context_length=None if info.context_length is None else info.context_length - virtual,
                    source=f"tuned: {adapter.method}",
                    path=None,
                    size_bytes=adapter.size_bytes,
                )


def _bundled() -> Iterator[ModelInfo]:
    folder = bundled.converted()
    try:
        size = _size(folder) if folder else bundled.gguf_file().stat().st_size
    except NotFound:  # the package is not installed, so this model cannot run here
        return
    yield ModelInfo(
        ref=bundled.REF,
        name=bundled.NAME,
        parameters=bundled.PARAMETERS,
        context_length=bundled.CONTEXT_LENGTH,
        source="bundled",
        path=str(folder) if folder else None,
        size_bytes=size,
        loaded=False,
        backend="transformers",
    )


def _downloads() -> Iterator[ModelInfo]:
    for folder in _entries(hub.hub_dir()):
        name, _, revision = folder.name.partition("@")
        if folder.is_dir() and "--" in name:
            ref = f"hf:{name.replace('--', '/', 1)}" + (f"@{revision.replace('--', '/')}" if revision else "")
            try:
                yield _describe(parse_ref(ref))
            except InvalidInput:  # a folder that somebody else put there
                continue


def _local() -> Iterator[ModelInfo]:
    for entry in _entries(local_dir()):
        if entry.is_dir() and (entry / "config.json").is_file():
            yield _describe(ModelRef("path", path=entry.resolve()))
        elif entry.is_file() and entry.suffix == ".gguf":
            yield _describe(ModelRef("gguf", path=entry.resolve()))


def _elsewhere(refs: list[str]) -> Iterator[ModelInfo]:
    """Models that are loaded and lie in none of the usual places."""
    for ref in refs:
        try:
            yield _describe(parse_ref(ref))
        except NotFound:  # its files are gone; the pool still shows it
            continue


def _endpoints(refresh: bool) -> Iterator[ModelInfo]:
    for endpoint in get_settings().endpoints:
        names: tuple[str, ...] = endpoint.models
        if refresh and not names:
            from core.models.endpoints import list_endpoint_models

            try:
                names = tuple(list_endpoint_models(endpoint))
            except LoupeError:  # the list is about what can run; the page shows each endpoint's own state
                names = ()
        for name in names:
            yield ModelInfo(
                ref=f"api:{endpoint.name}/{name}",
                name=name,
                parameters=None,
                context_length=endpoint.context_length,
                source=f"endpoint {endpoint.name}",
                path=None,
                size_bytes=None,
                loaded=False,
                backend="openai",
            )


def _describe(ref: ModelRef) -> ModelInfo:
    """What the files of `ref` say about themselves; a broken model is listed with its problem."""
    info = ModelInfo(
        ref=ref.base,
        name=ref.name
        or (ref.path.stem if ref.kind == "gguf" and ref.path else ref.path.name if ref.path else ref.base),
        parameters=None,
        context_length=None,
        source={"hf": "hub", "path": "local folder", "gguf": "GGUF file", "api": f"endpoint {ref.endpoint}"}[ref.kind],
        path=None,
        size_bytes=None,
        loaded=False,
        backend=BACKENDS[ref.kind],
    )
    if ref.kind == "api":
        return info
    try:
        if ref.kind == "gguf" and ref.path is not None:
            header = read_header(ref.path)
            return replace(
                info,
                name=header.name or info.name,
                parameters=header.parameters,
                context_length=header.context_length,
                size_bytes=ref.path.stat().st_size,
            )
        folder = hub.local_folder(ref) if ref.kind == "hf" else ref.path
        if folder is None:
            return info
        info = replace(info, path=str(folder), size_bytes=_size(folder))
        return replace(info, parameters=stored.count_parameters(folder), context_length=_context(folder))
    except LoupeError as error:
        return replace(info, problem=str(error))
    except OSError as error:
        return replace(info, problem=f"{info.ref} cannot be read: {error.strerror}.")


def _context(folder: Path) -> int | None:
    config: Any = safety.read_json(folder / "config.json")
    value = config.get("max_position_embeddings")
    return value if type(value) is int and value > 0 else None


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _entries(folder: Path) -> list[Path]:
    """What lies in `folder`, hidden things (downloads under way, things being deleted) left out."""
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith(".")) if folder.is_dir() else []
