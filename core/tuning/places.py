"""Where a run's files lie, and where its result goes: by a name, never over what is there.

    HOME/tuning/JOB/          request.json, checkpoints, before.json, samples.jsonl, comparison.json, result.json
    HOME/adapters/NAME/       an adapter; MODEL+NAME is a model
    HOME/models/local/NAME/   a whole model; path:FOLDER

Knows nothing of training.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from core import jobs
from core.errors import Conflict, InvalidInput
from core.models.registry import local_dir
from core.settings import ensure_home, get_settings
from core.tuning.methods import METHODS
from core.tuning.request import NAME, TuneRequest

KIND = "tune"
ABOUT = "loupe.json"
"""Beside every result: how it was made."""


def run_folder(job_id: str) -> Path:
    """The folder of a run, made on first use.

    Raises:
        InvalidInput: `job_id` is no id.
    """
    if not job_id.isalnum():
        raise InvalidInput(f"{job_id[:40]!r} is not the id of a job.")
    folder = ensure_home() / "tuning" / job_id
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def forget(job_id: str) -> None:
    """Drop the folder of a run whose job was deleted; its result stays."""
    shutil.rmtree(run_folder(job_id), ignore_errors=True)


def result_folder(request: TuneRequest, job_id: str = "") -> Path:
    """Where the result will lie.

    Args:
        request: of the run.
        job_id: what this very job has written already is no conflict; "": a run that is yet to begin.

    Raises:
        InvalidInput: its name is not a plain name.
        Conflict: something lies there already, or a link does; or a run that waits or runs will put its result there.
        StoreError: the store cannot be read.
    """
    if not NAME.fullmatch(request.name):
        raise InvalidInput(f"name is {request.name[:60]!r}: use letters, digits, '.', '_' and '-'.", "name")
    folder = _folder(request.method, request.name)
    if (folder.exists() or folder.is_symlink()) and not is_result_of(folder, job_id):
        if job_id:
            raise Conflict(taken(folder))
        raise Conflict(f"There is already something named {request.name} in {folder.parent}; choose another name.")
    if not job_id and folder in _awaited():
        raise Conflict(f"A run that has not ended will be named {request.name}; choose another name.")
    return folder


def taken(folder: Path) -> str:
    """What to do about a place that was free when a run began."""
    return (
        f"There is already something named {folder.name} in {folder.parent}; move or delete it and resume this run, "
        f"which keeps its checkpoints, or start one under another name."
    )


def _folder(method: str, name: str) -> Path:
    adapter = METHODS[method].result == "adapter"
    return (get_settings().home.expanduser() / "adapters" if adapter else local_dir()) / name


def _awaited() -> set[Path]:
    """Where runs that wait or run will put their results; those that wait first, since they may begin meanwhile."""
    active = [*jobs.list_jobs(KIND, "queued"), *jobs.list_jobs(KIND, "running")]
    asked = [(str(job.request.get("method")), str(job.request.get("name"))) for job in active]
    return {_folder(method, name) for method, name in asked if method in METHODS}


def is_result_of(folder: Path, job_id: str) -> bool:
    """Whether a job has written its result there: it may have been killed right after."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(job_id) and isinstance(about, dict) and about.get("job") == job_id


def reference(request: TuneRequest, base: str) -> str:
    """The model reference of the result."""
    if METHODS[request.method].result == "adapter":
        return f"{base}+{request.name}"
    return f"path:{local_dir() / request.name}"
