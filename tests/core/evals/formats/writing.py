"""What tests of eval files share: a folder of files, and an eval without what says where it came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.evals.datasets import BrokenRow, rows_of
from core.evals.eval_file import EvalFile
from core.evals.formats import read_eval

CONFIG = "promptfooconfig.yaml"


def folder_of(folder: Path, files: dict[str, str]) -> Path:
    """Write the files and return the path of the config."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / CONFIG


def read(folder: Path, config: str, *, models: tuple[str, ...] = (), skip: bool = False, **files: str) -> EvalFile:
    """The eval of a config; further files by name, `__` standing for a dot and `___` for a slash."""
    named = {name.replace("___", "/").replace("__", "."): text for name, text in files.items()}
    return read_eval(folder_of(folder, {CONFIG: config, **named}), models=models, skip_unsupported=skip)


def bare(file: EvalFile) -> dict[str, Any]:
    """Everything that decides results; not where it stands, its text and its notes."""
    found = file.model_dump(mode="json", exclude={"source", "notes", "folder"})
    for row in found["data"]["rows"]:
        row.pop("where")
    return found


def asked(file: EvalFile) -> list[dict[str, Any]]:
    """The variables of every row."""
    rows = list(rows_of(file))
    assert not any(isinstance(row, BrokenRow) for row in rows)
    return [row.vars for row in rows if not isinstance(row, BrokenRow)]
