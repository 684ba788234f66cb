"""Adapters on this machine: their folders, what their files say, and what is refused. Free of torch and PEFT.

An adapter is a folder with PEFT's `adapter_config.json` and `adapter_model.safetensors`; `loupe.json` beside them says
how it was made. A name stands for a folder in the data directory, anything with a slash is a path. Knows nothing of
models in memory.
"""

from __future__ import annotations

import math
import re
import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import Conflict, InvalidInput, LoupeError, NotFound, UnsafeModel
from core.models import safety
from core.settings import get_settings

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
CONFIG, WEIGHTS, RECORD = "adapter_config.json", "adapter_model.safetensors", "loupe.json"
SOFT_PROMPTS = ("PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING")
"""Methods that put learned vectors before the prompt and leave the weights alone."""
_METHODS = {"LORA": "lora", "IA3": "ia3", "BOTTLENECK": "adapter"}
_GROUP_REPEATED = re.compile(r"\)[*+{]")


@dataclass(frozen=True, slots=True)
class Adapter:
    """One adapter, from its files alone."""

    name: str
    """As a reference names it: a name of the library, or a path."""
    folder: Path
    peft_type: str = ""
    """As PEFT writes it, such as LORA; BOTTLENECK is Loupe's own."""
    base: str | None = None
    """The model it was made for, as recorded: a hub name, a folder or a reference."""
    size: int | None = None
    """Rank, virtual tokens, or width of the bottleneck; `None` where the method has none."""
    parameters: int = 0
    size_bytes: int = 0
    """On disk."""
    config: dict[str, Any] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)
    """loupe.json: how it was made; empty for adapters from elsewhere."""
    tensors: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Shape of each tensor by name."""
    problem: str | None = None
    """Why it cannot be loaded, one sentence; only in lists."""

    @property
    def method(self) -> str:
        """The method as Loupe names it: lora, dora, ia3, prompt-tuning, p-tuning, prefix-tuning, adapter."""
        if self.peft_type == "LORA" and self.config.get("use_dora"):
            return "dora"
        return _METHODS.get(self.peft_type, self.peft_type.lower().replace("_", "-"))

    def as_json(self) -> dict[str, Any]:
        """What lists show, without the files' own words."""
        names = ("name", "method", "base", "size", "parameters", "size_bytes", "problem")
        return {**{name: getattr(self, name) for name in names}, "folder": str(self.folder)}

    @property
    def soft_prompt(self) -> bool:
        """Whether it is vectors before the prompt."""
        return self.peft_type in SOFT_PROMPTS


def adapters_dir() -> Path:
    """Where named adapters lie, a folder each."""
    return get_settings().home / "adapters"


def folder_of(name: str) -> Path:
    """The folder that a reference means by `name`, whether it is there or not.

    Raises:
        InvalidInput: it is neither a name nor a path.
    """
    if NAME.fullmatch(name) and ".." not in name:
        return adapters_dir() / name
    if "/" not in name or len(name) > 1024:
        raise InvalidInput(
            f"{name[:60]!a} is not an adapter's name: use 1 to 64 letters, digits, '.', '_' and '-', or a path.", "name"
        )
    try:
        return Path(name).expanduser().absolute()
    except RuntimeError:
        raise InvalidInput(f"{name[:60]!a} is not a path: there is no such user.", "name") from None


def read(name: str) -> Adapter:
    """What the files of an adapter say, once they have been checked.

    Raises:
        NotFound: there is no such adapter, or one of its two files is missing.
        UnsafeModel: pickled weights, links, files of absurd size, code from a repository, a header that lies.
        InvalidInput: `name` is neither a name nor a path.
    """
    folder = folder_of(name)
    named = folder.parent == adapters_dir()
    if not folder.is_dir():
        hint = "; loupe adapters list shows those that are here" if named else ""
        raise NotFound(f"There is no adapter {name[:200]}: {folder} is not a folder{hint}.")
    try:
        if named and folder.is_symlink():
            raise UnsafeModel(f"{folder} is a link; copy the adapter there instead.")
        return _read(name, folder)
    except OSError as error:
        raise NotFound(f"The adapter {name[:200]} cannot be read: {error.strerror or error}.") from None


def list_adapters() -> list[Adapter]:
    """Every adapter of the library by name; one that cannot be used is listed with its problem."""
    folder, found = adapters_dir(), []
    for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
        if not NAME.fullmatch(entry.name) or not entry.is_dir():  # hidden: being written or deleted
            continue
        try:
            found.append(read(entry.name))
        except LoupeError as error:
            found.append(Adapter(entry.name, entry, problem=str(error)))
    return found


def reference(adapter: Adapter) -> str | None:
    """The model reference that runs the adapter on its own base; `None` where the base has no reference here."""
    from core.models import bundled
    from core.models.reference import parse_ref

    recorded = adapter.record.get("base")
    known = [recorded] if isinstance(recorded, str) else []
    if adapter.base:
        if adapter.base in (bundled.NAME, f"HuggingFaceTB/{bundled.NAME}", str(bundled.folder())):
            known.append(bundled.REF)
        known += [adapter.base, f"path:{adapter.base}", f"hf:{adapter.base}"]
    for each in known:
        try:
            ref = parse_ref(each)
            if not (ref.adapters or ref.kind in ("gguf", "api")):
                return str(parse_ref(f"{ref.base}+{adapter.name}"))
        except LoupeError:  # not a reference, or a folder that is not here
            continue
    return None


def delete(name: str) -> None:
    """Delete an adapter of the library.

    Raises:
        NotFound: there is none of this name.
        InvalidInput: it is a path, which is not Loupe's to delete.
        Conflict: a model is loaded with it, or the folder cannot be deleted.
    """
    folder = folder_of(name)
    if folder.parent != adapters_dir():
        raise InvalidInput(
            f"{folder} lies outside {adapters_dir()}, so Loupe does not delete it; do it yourself.", "name"
        )
    if folder.is_symlink():
        folder.unlink()
        return
    if not folder.is_dir():
        raise NotFound(f"There is no adapter {name}; loupe adapters list shows those that are here.")
    if ref := loaded_with(name):
        raise Conflict(f"{ref} is loaded; unload it before deleting the adapter {name}.")
    doomed = folder.with_name(f".deleted-{uuid.uuid4().hex}")  # renamed first: nobody ever sees half an adapter
    try:
        folder.rename(doomed)
        shutil.rmtree(doomed)
    except OSError as error:
        raise Conflict(f"{folder} could not be deleted ({error.strerror}).") from None


def loaded_with(name: str) -> str | None:
    """The reference of a loaded model that has this adapter."""
    from core.models.pool import get_pool
    from core.models.reference import parse_ref

    for entry in get_pool().status():
        if entry.state == "failed":
            continue
        try:
            adapters = parse_ref(entry.ref).adapters
        except NotFound:  # the base's files are gone; its adapters are still in memory, and need no folder
            continue
        if any(folder_of(each) == folder_of(name) for each, _ in adapters):
            return entry.ref
    return None


def _read(name: str, folder: Path) -> Adapter:
    for file in sorted(folder.iterdir()):
        safety.inspect_link(folder, file)
        if file.suffix == ".json":
            safety.inspect_json(file)
    if not (folder / CONFIG).is_file():
        raise NotFound(f"{folder} holds no {CONFIG}; it is not an adapter in PEFT's format.")
    config = safety.read_json(folder / CONFIG)
    _refuse(folder / CONFIG, config)
    if not (folder / WEIGHTS).is_file():
        pickles = sorted(file.name for file in folder.iterdir() if file.suffix in safety.PICKLES)
        if pickles:
            raise UnsafeModel(
                f"The adapter {name[:200]} holds unsafe weights only ({pickles[0]}): such files can run code when "
                f"loaded; save it again as safetensors (save_pretrained does)."
            )
        raise NotFound(f"{folder} holds no {WEIGHTS}; it is not an adapter in PEFT's format.")
    tensors = {key: shape for key, (_, shape) in safety.safetensors_tensors(folder / WEIGHTS).items()}
    base = config.get("base_model_name_or_path")
    record = safety.read_json(folder / RECORD) if (folder / RECORD).is_file() else {}
    return Adapter(
        name=name,
        folder=folder,
        peft_type=str(config.get("peft_type"))[:40],
        base=base[:500] if isinstance(base, str) and base else None,
        size=next((config[key] for key in ("r", "num_virtual_tokens", "size") if type(config.get(key)) is int), None),
        parameters=sum(math.prod(shape) for shape in tensors.values()),
        size_bytes=sum(file.stat().st_size for file in folder.iterdir() if file.is_file()),
        config=config,
        record=record,
        tensors=tensors,
    )


def _refuse(file: Path, config: dict[str, Any]) -> None:
    """What PEFT's configuration can ask for that Loupe never does."""
    auto = config.get("auto_mapping")
    library = auto.get("parent_library") if isinstance(auto, dict) else auto
    if library and not str(library).startswith("transformers."):
        raise UnsafeModel(
            f"{file} names a library to import (auto_mapping {str(library)[:60]!a}), which Loupe never does."
        )
    for key in ("megatron_config", "layer_replication", "alora_invocation_tokens", "arrow_config"):
        if config.get(key):
            raise UnsafeModel(f"{file} asks for {key}, which Loupe does not run; use a plain adapter.")
    for key in ("rank_pattern", "alpha_pattern"):
        patterns = config.get(key) or {}
        if not isinstance(patterns, dict) or any(len(each) > 200 or _GROUP_REPEATED.search(each) for each in patterns):
            raise UnsafeModel(f"{file}: {key} holds a pattern that can take for ever to match; name modules in it.")
