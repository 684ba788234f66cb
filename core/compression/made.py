"""The compressed versions among the local models, with how each was made, and what was trained on from them.

Reads records only; loads nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import jobs
from core.compression.start import KIND
from core.compression.workspace import RECORD, size_of
from core.errors import LoupeError
from core.models import safety
from core.models.reference import ModelRef
from core.models.registry import list_models, local_dir


@dataclass(frozen=True, slots=True)
class Made:
    """One compressed version.

    Attributes:
        ref: its reference.
        name: of its folder or file.
        method: as a request names it; somebody may have written anything there.
        source: reference of the model that it was made of.
        settings: that the method read.
        size_bytes: of all its files.
        made_at: ISO 8601, in UTC.
        result: what the method found out, see its file.
    """

    ref: str
    name: str
    method: str
    source: str
    settings: dict[str, Any]
    size_bytes: int
    made_at: str
    result: dict[str, Any]


def versions() -> list[Made]:
    """Folders by the record in them, GGUF files by the jobs that made them; the latest first.

    Raises:
        StoreError: the store cannot be read.
    """
    if not local_dir().is_dir():
        return []
    found = [made for folder in local_dir().iterdir() if (made := _folder(folder.name))]
    return sorted([*found, *_files()], key=lambda made: made.made_at, reverse=True)


def trained_on(ref: str) -> list[str]:
    """References of the models that were trained on from this one: whole ones, students of a distillation, adapters.

    Args:
        ref: of a model, canonical.
    """
    found = []
    for info in list_models():
        if info.ref.startswith(f"{ref}+"):
            found.append(info.ref)
        elif info.path is not None and (Path(info.path) / RECORD).is_file():
            record = _record(Path(info.path))
            if ref in (record.get("base"), _document(record.get("result")).get("student")):
                found.append(info.ref)
    return found


def _record(folder: Path) -> dict[str, Any]:
    """`{}` where it is no record of ours; the Models page lists the folder all the same."""
    try:
        return safety.read_json(folder / RECORD)
    except LoupeError:
        return {}


def _folder(name: str) -> Made | None:
    folder = local_dir() / name
    if name.startswith(".") or not (folder / RECORD).is_file():
        return None
    record = _record(folder)
    method = record.get("method")
    if record.get("kind") != "compression" or not isinstance(method, dict):
        return None
    return Made(
        ref=str(ModelRef("path", path=folder.resolve())),
        name=name,
        method=str(method.get("name", "")),
        source=str(record.get("source", "")),
        settings=_document(record.get("settings")),
        size_bytes=size_of(folder),
        made_at=str(record.get("made_at", "")),
        result=_document(record.get("result")),
    )


def _files() -> list[Made]:
    found: dict[str, Made] = {}
    for job in jobs.list_jobs(KIND, "finished"):
        name = f"{job.request.get('name', '')}.gguf"
        file = local_dir() / name
        if job.request.get("method") == "gguf" and name not in found and "/" not in name and file.is_file():
            found[name] = Made(
                ref=str(ModelRef("gguf", path=file.resolve())),
                name=name,
                method="gguf",
                source=str(job.result.get("source", "")),
                settings={"precision": job.result.get("precision")},
                size_bytes=file.stat().st_size,
                made_at=job.ended_at.isoformat(timespec="seconds") if job.ended_at else "",
                result=job.result,
            )
    return list(found.values())


def _document(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
