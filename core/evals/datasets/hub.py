"""Data sets of the Hugging Face hub: the Parquet files into which the hub converts every one of them.

Written `hub:ORG/NAME[:CONFIG][/SPLIT][?limit=N]`. What was downloaded once stays in the data directory and is used
offline. The download itself runs in a child process (`core.evals.datasets.hub_worker`), which alone sees the hub token.
Knows nothing of rows.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from core import errors
from core.errors import InvalidInput, LoadError
from core.evals.datasets import parquet
from core.evals.datasets.found import Found
from core.evals.reading.context import Reading
from core.models.child import PROJECT, child_environment
from core.models.hub import CERTIFICATES, PASSED_ON
from core.prompts.names import short
from core.settings import ensure_home, get_settings

SCHEME = "hub:"
SPLITS = ("test", "validation", "train")
"""Which split is taken where none is named: the first of these that there is, else the first of all."""
LIMIT_DIGITS = 9
_NAME = re.compile(
    r"(?P<repo>[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})(?::(?P<config>[\w.-]{1,100}))?(?:/(?P<split>[\w.-]{1,100}))?"
    rf"(?:\?limit=(?P<limit>[1-9][0-9]{{0,{LIMIT_DIGITS - 1}}}))?"
)


@dataclass(frozen=True, slots=True)
class HubSet:
    """One data set of the hub; `str()` is how it is written."""

    repo: str
    config: str = ""
    split: str = ""
    limit: int | None = None
    """Only the first so many rows of it."""

    def __str__(self) -> str:
        name = f"{SCHEME}{self.repo}{':' + self.config if self.config else ''}{'/' + self.split if self.split else ''}"
        return name if self.limit is None else f"{name}?limit={self.limit}"

    @property
    def folder(self) -> Path:
        """Where its files are once they are there."""
        parts = [self.repo.replace("/", "--"), self.config or "-", self.split or "-"]
        return get_settings().home / "datasets" / "hub" / "@".join(parts)


def parse(text: str) -> HubSet:
    """The data set that `hub:ORG/NAME[:CONFIG][/SPLIT][?limit=N]` means.

    Raises:
        InvalidInput: it is not written so.
    """
    found = _NAME.fullmatch(text.removeprefix(SCHEME))
    if found is None or ".." in text:
        raise InvalidInput(f"{short(text)} is no data set of the hub; write hub:ORG/NAME[:CONFIG][/SPLIT].", "tests")
    limit = int(found["limit"]) if found["limit"] else None
    return HubSet(found["repo"], found["config"] or "", found["split"] or "", limit)


def read(text: str, reading: Reading) -> Iterator[Found]:
    """The rows, from the first file of the split to the last; downloaded if they are not there yet.

    Raises:
        InvalidInput: it is no data set of the hub, or a file is damaged.
        NotFound: the hub does not have it.
        LoadError: it is not there yet and the hub cannot be reached; one sentence.
    """
    wanted = parse(text)
    yield from islice((row for path in fetch(wanted) for row in parquet.read(path, reading)), wanted.limit)


def fetch(wanted: HubSet) -> list[Path]:
    """The Parquet files, in order; downloads what is missing.

    Raises:
        NotFound: the hub does not have it.
        LoadError: the hub cannot be reached, or downloads are off.
    """
    folder = wanted.folder
    if not folder.is_dir():
        _download(wanted, folder)
    return sorted(folder.glob("*.parquet"))


def _download(wanted: HubSet, folder: Path) -> None:
    from filelock import FileLock

    ensure_home()
    partial = folder.with_name(f".{folder.name}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{partial}.lock"):
        if folder.is_dir():  # somebody else was faster
            return
        environment = child_environment()
        environment["HF_HUB_OFFLINE"] = os.environ.get("HF_HUB_OFFLINE", "0")
        environment |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_UPDATE_CHECK": "1"}
        environment |= {name: os.environ[name] for name in PASSED_ON + CERTIFICATES if name in os.environ}
        arguments = [wanted.repo, wanted.config, wanted.split, ",".join(SPLITS), str(partial)]
        done = subprocess.run(
            [sys.executable, "-m", "core.evals.datasets.hub_worker", *arguments],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        _check(wanted, done)
        partial.rename(folder)


def _check(wanted: HubSet, done: subprocess.CompletedProcess[bytes]) -> None:
    if done.returncode == 0:
        return
    try:
        said = json.loads(done.stdout.splitlines()[-1])
        kind = getattr(errors, said["kind"])
        sentence = str(said["error"])
    except (IndexError, ValueError, KeyError, AttributeError):
        raise LoadError(f"{wanted} could not be downloaded; start it again to resume.") from None
    raise kind(sentence)
