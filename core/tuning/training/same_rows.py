"""Whether a further attempt of a run reads the rows that the first one read.

Batches are planned from them, and scores before and after stand beside each other row by row. Knows nothing of what a
row is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.errors import Conflict
from core.tuning.request import TuneRequest
from core.tuning.training.session import Prepared

ROWS = "rows.json"


def require_same_rows(folder: Path, request: TuneRequest, data: Prepared) -> None:
    """Note on a run's first attempt what its files hold; refuse a later one where they hold something else.

    Args:
        folder: of the run.
        request: of the run; names the files.
        data: as they were read now.

    Raises:
        Conflict: a file has changed; says how.
    """
    now, note = _held(request, data), folder / ROWS
    if not note.exists():
        beside = note.with_suffix(".part")
        beside.write_text(json.dumps(now), encoding="utf-8")
        beside.replace(note)
        return
    then = json.loads(note.read_text(encoding="utf-8"))
    changed = [_said(name, then[name]["rows"], now[name]["rows"]) for name in now if now[name] != then[name]]
    if changed:
        raise Conflict(
            f"This run began with other rows: {' and '.join(changed)}; put back what was there and resume, or start a "
            f"new run."
        )


def _held(request: TuneRequest, data: Prepared) -> dict[str, dict[str, Any]]:
    trained, held = len(data.train.examples), len(data.held_out.examples) if data.held_out is not None else 0
    if data.held_out is None or not request.eval_data:
        return {request.data: {"sha256": data.train.digest, "rows": trained + held}}
    return {
        request.data: {"sha256": data.train.digest, "rows": trained},
        request.eval_data: {"sha256": data.held_out.digest, "rows": held},
    }


def _said(name: str, then: int, now: int) -> str:
    if then == now:
        return f"{name} still has {now:,} rows, and not the same ones"
    return f"{name} had {then:,} rows and has {now:,} now"
