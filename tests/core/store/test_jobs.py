"""The repository of jobs: what is written is read, conditions hold, metrics go with their job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import NotFound
from core.store import jobs

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def row(number: int = 0, **fields: Any) -> jobs.JobRow:
    when = NOW + timedelta(seconds=number)
    values: dict[str, Any] = {
        "id": f"job{number}",
        "kind": "count",
        "title": "Count",
        "created_at": when,
        "updated_at": when,
    }
    return jobs.JobRow(**(values | {"request": '{"to": 3}'} | fields))


def test_what_is_written_is_read() -> None:
    whole = row(
        1,
        status="running",
        accelerator=True,
        attempt=3,
        cancel_requested=True,
        worker="host 1 2 worker",
        started_at=NOW,
        heartbeat_at=NOW,
        done=1.5,
        total=3.0,
        unit="files",
        rate=0.5,
        eta_s=3.0,
        note="ü 🙂",
        error="no",
        result='{"a": 1}',
    )
    jobs.create(whole)
    assert jobs.get("job1") == whole
    with pytest.raises(NotFound, match="no job 'job2'"):
        jobs.get("job2")


def test_rows_are_newest_first_and_narrowed() -> None:
    for number in range(4):
        jobs.create(row(number, kind="ab"[number % 2], status=("queued", "failed")[number // 2]))

    def ids(**wanted: Any) -> list[str]:
        return [each.id for each in jobs.rows(**wanted)]

    assert ids() == ["job3", "job2", "job1", "job0"]
    assert ids(kind="a") == ["job2", "job0"]
    assert ids(statuses=["queued"], limit=1) == ["job1"]
    assert ids(statuses=[]) == []
    assert [each.request for each in jobs.rows(limit=1, documents=False)] == ["{}"]


def test_a_change_needs_the_job_to_be_what_was_seen() -> None:
    jobs.create(row(status="running", worker="w", attempt=2))
    wrong: dict[str, Any]
    for wrong in (
        {"was": ["queued"]},
        {"was": []},
        {"was": ["running"], "worker_was": "v"},
        {"was": ["running"], "attempt_was": 1},
    ):
        assert not jobs.change("job0", **wrong, status="failed")
    assert jobs.get("job0").status == "running"
    assert jobs.change("job0", was=["running"], worker_was="w", attempt_was=2, status="failed", worker=None)
    assert (jobs.get("job0").status, jobs.get("job0").worker) == ("failed", None)


def test_a_report_is_the_workers_only_and_brings_back_the_wish_to_stop() -> None:
    jobs.create(row(status="running", worker="w"))
    assert jobs.report("job0", "v", [("loss", 1, 1.0)], {"done": 9.0}) is None
    assert jobs.asked_to_stop("job0", "v") is None
    assert (jobs.get("job0").done, jobs.metrics("job0")) == (0.0, [])
    assert jobs.report("job0", "w", [("loss", 1, 1.0), ("loss\0", 2, 0.5)], {"done": 9.0}) is False
    jobs.change("job0", was=["running"], cancel_requested=True)
    assert jobs.report("job0", "w", [], {}) is True and jobs.asked_to_stop("job0", "w") is True
    assert jobs.get("job0").done == 9.0 and jobs.get("job0").heartbeat_at is not None
    first, second = jobs.metrics("job0")
    assert (first.name, first.step, first.value, second.name) == ("loss", 1, 1.0, "loss�")
    assert jobs.metrics("job0", after=first.id) == [second]
    assert jobs.metrics("job0", limit=1) == [first]


def test_metrics_go_with_their_job_and_what_runs_stays() -> None:
    jobs.create(row(status="running", worker="w"))
    jobs.report("job0", "w", [("loss", 1, 1.0)], {})
    assert not jobs.remove("job0")
    jobs.change("job0", was=["running"], status="finished", worker=None)
    assert jobs.remove("job0")
    assert jobs.metrics("job0") == [] and jobs.rows() == []


@pytest.mark.parametrize("words", ["a\0b", "\ud800", "x" * 10_000])
def test_any_text_can_be_stored(words: str) -> None:
    jobs.create(row(error=jobs.storable(words)))
    assert len(jobs.get("job0").error or "") <= jobs.TEXT_CHARACTERS
