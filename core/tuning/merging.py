"""The job "merge": a reference with adapters, written as a model of its own.

Knows nothing of pages.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.errors import Conflict
from core.jobs import JobContext
from core.models.adapters import export
from core.models.device import may_have_gpu
from core.models.reference import parse_ref

KIND = "merge"


def start(ref: str, name: str) -> str:
    """Check what is quickly checked, then have it merged by a job; the job's id.

    Raises:
        LoupeError: as `export.merged`, as far as it shows without loading weights.
    """
    from core import jobs  # which brings the store

    ref, target = str(parse_ref(ref)), export.target_of(name)  # whole: a worker stands in another folder
    export.check(ref, target)
    return jobs.start(KIND, f"Merge {ref} as {name}", {"ref": ref, "name": name}, accelerator=may_have_gpu())


def run(request: dict[str, Any], job: JobContext) -> dict[str, Any]:
    """See `core.jobs.kinds.KindModule.run`; the request holds `ref` and `name`."""
    ref, target = str(request["ref"]), export.target_of(str(request["name"]))
    job.progress(0, None, "", "merging")
    try:
        export.merged(ref, target)
    except Conflict:
        if not _is_merged(target, ref):  # an attempt that was killed right after had it written
            raise
    return {"ref": f"path:{target}", "path": str(target)}


def _is_merged(target: Path, ref: str) -> bool:
    try:
        record = json.loads((target / export.RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and (record.get("method"), record.get("from")) == ("merge", ref)
