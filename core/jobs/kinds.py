"""The kinds of jobs: a name, and the module whose `run(request, job)` does the work.

Modules are named and imported late, so that jobs know nothing of what they do. A request can only choose among these
names; the module's own name comes from here and never from a request, a row or a page.
"""

from __future__ import annotations

import importlib
from typing import Any, Protocol, cast

from core.errors import InvalidInput
from core.jobs.context import JobContext

KINDS: dict[str, str] = {
    "ingest": "core.documents.ingest.job",
    "reembed": "core.documents.ingest.reembed_job",
    "rebuild": "core.documents.index.rebuild_job",
    "measure": "core.documents.measuring.measure_job",
    "grid": "core.documents.measuring.grid_job",
    "questions": "core.documents.measuring.questions_job",
    "eval": "core.evals.running.job",
    "tune": "core.tuning.job",
    "merge": "core.tuning.merging",
    "compress": "core.compression.job",
    "measure-models": "core.compression.measuring.job",
}
"""Name → dotted module. A further kind is a further module and its line here."""
FILES: dict[str, str] = {"tune": "core.tuning.places"}
"""Kinds that keep files of their own about a job → the module whose `forget(job_id)` drops them with it."""


class KindModule(Protocol):
    """What a kind's module offers."""

    def run(self, request: dict[str, Any], job: JobContext) -> dict[str, Any]:
        """Do the work and return the result, both JSON documents; on a further attempt do only what is missing."""


def module_of(kind: str) -> str:
    """The module of a kind.

    Raises:
        InvalidInput: there is no such kind.
    """
    if kind not in KINDS:
        raise InvalidInput(f"There is no kind of job named {kind[:64]!r}; there are {', '.join(KINDS)}.", "kind")
    return KINDS[kind]


def forget(kind: str, job_id: str) -> None:
    """Drop what a kind keeps about a job that was deleted."""
    if kind in FILES:
        importlib.import_module(FILES[kind]).forget(job_id)


def load(module: str) -> KindModule:
    """Import a kind's module; only a worker does, with the name that its starter's `KINDS` gave it."""
    return cast(KindModule, importlib.import_module(module))
