"""Presets: named sampling settings with an optional system prompt, one YAML file each.

Some ship with Loupe (`prompts/presets/`), the rest are a person's own (`presets/` in the data directory). The file's
name is the preset's name. Knows nothing of models or of pages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import Conflict, InvalidInput, LoupeError
from core.generation.params import SamplingParams, invalid
from core.prompts import files, strict_yaml
from core.prompts.names import check_preset_name
from core.settings import ensure_home, get_settings

SHIPPED = Path(__file__).resolve().parents[2] / "prompts" / "presets"
MAX_BYTES = 64 * 1024
ORDER = ("neutral", "precise", "balanced", "creative")


class Preset(BaseModel):
    """One preset; `params` holds only what it sets, everything else stays neutral."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str = Field("", max_length=500)
    system: str | None = Field(None, max_length=50_000)
    params: dict[str, Any] = {}
    shipped: bool = False
    digest: str = ""
    """Of the file it was read from, so that saving notices a change meanwhile; "" for one that was never saved."""

    @property
    def sampling(self) -> SamplingParams:
        """All settings, neutral where the preset sets nothing."""
        return SamplingParams.parse(**self.params)


def list_presets() -> tuple[list[Preset], list[str]]:
    """Shipped presets, then a person's own by name; and one sentence for every file that cannot be used."""
    presets, problems = [], []
    for folder in (SHIPPED, _own_folder()):
        names = [file.stem for file in folder.glob("*.yml")] if folder.is_dir() else []
        for name in sorted(names, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name.lower())):
            try:
                presets.append(_read(folder, name))
            except LoupeError as error:
                problems.append(str(error))
    return presets, problems


def load_preset(name: str) -> Preset:
    """The preset called `name`; a shipped one first.

    Raises:
        InvalidInput: the name is malformed or the file is not a preset.
        NotFound: there is none.
    """
    check_preset_name(name)
    return _read(SHIPPED if (SHIPPED / f"{name}.yml").exists() else _own_folder(), name)


def save_preset(preset: Preset) -> Preset:
    """Write a person's own preset, all of it or nothing, and return it as saved.

    Raises:
        InvalidInput: name or settings are not valid.
        Conflict: the name is taken, or the file changed since `preset` was read; both versions are kept.
    """
    check_preset_name(preset.name)
    content = _encode(preset)
    if (SHIPPED / f"{preset.name}.yml").exists():
        raise Conflict(f"“{preset.name}” ships with Loupe and stays as it is; save yours under another name.")
    ensure_home()
    folder = _own_folder()
    target = folder / f"{preset.name}.yml"
    with files.one_sentence(target, "preset", preset.name, "written"):
        folder.mkdir(exist_ok=True)
    with files.one_sentence(target, "preset", preset.name, "written"), FileLock(folder / ".lock"):
        if target.exists() or target.is_symlink():
            if not preset.digest:
                raise Conflict(f"There is a preset “{preset.name}” already; choose another name.")
            if files.digest(_bytes(target)) != preset.digest:
                raise Conflict(
                    f"The preset “{preset.name}” was changed by somebody else meanwhile; save yours under another name."
                )
        files.replace(target, content)
    return _read(folder, preset.name)


def delete_preset(name: str) -> None:
    """Delete a person's own preset.

    Raises:
        Conflict: it ships with Loupe.
        NotFound: there is none.
    """
    check_preset_name(name)
    if (SHIPPED / f"{name}.yml").exists():
        raise Conflict(f"“{name}” ships with Loupe and cannot be deleted.")
    file = _own_folder() / f"{name}.yml"
    with files.one_sentence(file, "preset", name, "deleted"):
        file.unlink()


def _own_folder() -> Path:
    return get_settings().home / "presets"


def _read(folder: Path, name: str) -> Preset:
    file = folder / f"{name}.yml"
    check_preset_name(name)
    content = _bytes(file)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"The preset {file} is not UTF-8 text.") from None
    data = strict_yaml.load(text, f"The preset {file}")
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise InvalidInput(f"The preset {file} must hold description, system and params.")
    for reserved in ("name", "shipped", "digest"):
        if reserved in data:
            raise InvalidInput(f"The preset {file} has the field {reserved}, which a file does not set; remove it.")
    return _parse({**data, "name": name, "shipped": folder == SHIPPED, "digest": files.digest(content)}, str(file))


def _parse(data: dict[str, Any], where: str) -> Preset:
    try:
        preset = Preset.model_validate(data)
        _ = preset.sampling
    except ValidationError as error:
        raise InvalidInput(f"The preset {where} cannot be used: {invalid(error, 'fields of a preset')}") from None
    except InvalidInput as error:
        raise InvalidInput(f"The preset {where} cannot be used: {error}", error.field) from None
    return preset


def _bytes(file: Path) -> bytes:
    return files.read(file, "preset", file.stem, MAX_BYTES)


def _encode(preset: Preset) -> bytes:
    _parse(preset.model_dump(), f"“{preset.name}”")
    data = preset.model_dump(include={"description", "system", "params"}, exclude_none=True, mode="json")
    content = yaml.safe_dump(data, allow_unicode=True, sort_keys=False).encode("utf-8", "replace")
    if len(content) > MAX_BYTES:
        raise InvalidInput(
            f"The preset “{preset.name}” is larger than {MAX_BYTES // 1024} kB; shorten the system prompt."
        )
    return content
