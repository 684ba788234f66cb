"""Many rows: memory stays flat, whatever their number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.evals.assertion import Assertion
from core.evals.eval_file import DataSource
from core.evals.running import crew
from tests.core.evals.running.conftest import Script, done, eval_file, text_of

ROWS = 20_000


@pytest.mark.slow
def test_memory_is_flat_over_20_000_rows(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "rows.jsonl"
    with data.open("w") as file:
        for number in range(ROWS):
            file.write(json.dumps({"vars": {"question": f"{number} " + "why " * 50}}) + "\n")
    monkeypatch.setattr(script, "asked", _Counter())
    script.answer = lambda request: text_of(request) * 4
    used: list[int] = []
    work = crew.work

    def watched(*given: Any) -> Any:
        for group in work(*given):
            used.append(psutil.Process().memory_info().rss)
            yield group

    monkeypatch.setattr(crew, "work", watched)
    asserted = (Assertion(type="icontains", value="why"),)
    _, result = done(eval_file(data=DataSource(path=str(data)), default_assertions=asserted, concurrency=16))
    assert result["passed"] == result["calls"] == ROWS
    early, late = used[len(used) // 5], max(used[len(used) // 2 :])
    assert late - early < 40e6, f"from {early / 1e6:.0f} to {late / 1e6:.0f} MB"


class _Counter(list[Any]):
    """Keeps nothing of what is appended."""

    def append(self, item: Any) -> None:
        return
