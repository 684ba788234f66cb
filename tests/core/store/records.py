"""Records for the tests of the store."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from core.store import runs
from core.store.runs import RunRecord

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def record(number: int = 0, *, prompt: str = "Hello", answer: str = "Good day", **fields: Any) -> RunRecord:
    """A finished run, `number` seconds after the first one."""
    request = {
        "model": "smollm2",
        "mode": "chat",
        "messages": [{"role": "user", "content": prompt}],
        "params": {"n": 1},
    }
    result = {"model": "smollm2", "seed": 7, "completions": [{"text": answer, "finish_reason": "stop", "tokens": []}]}
    when = START + timedelta(seconds=number)
    values: dict[str, Any] = {
        "id": runs.new_id(),
        "kind": "generation",
        "status": "finished",
        "model": "smollm2",
        "title": runs.title_of(prompt),
        "created_at": when,
        "updated_at": when,
        "search": runs.searchable(prompt, answer),
        "request": json.dumps(request),
        "result": json.dumps(result),
    }
    return RunRecord(**(values | fields))
