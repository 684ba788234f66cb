"""Whether a row is believed: processes of other machines, stores that cannot be written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import jobs
from core.errors import StoreError
from core.jobs import processes
from core.store import jobs as store
from core.store.runs import new_id

NOW = datetime.now(UTC)
DEAD = " ".join([*processes.this_process("worker").split(" ")[:2], "1", "worker"])


def row(**fields: Any) -> str:
    """A job in the store, and its id."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "id": new_id(),
        "kind": "count",
        "title": "Count",
        "created_at": NOW,
        "updated_at": now,
        "request": "{}",
        "status": "running",
        "started_at": now,
        "heartbeat_at": now,
        "worker": DEAD,
    }
    store.create(store.JobRow(**(values | fields)))
    return str((values | fields)["id"])


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"done": 3, "total": 9, "unit": "files"}, "interrupted", "at 3 of 9 files"),
        ({"done": 1234.5, "unit": "MB"}, "interrupted", "at 1,234 MB"),
        ({"status": "queued", "started_at": None}, "interrupted", "before it began"),
        ({"cancel_requested": True}, "cancelled", None),
        ({"worker": None}, "interrupted", "Interrupted"),
        ({"worker": "elsewhere 1 2 worker", "heartbeat_at": NOW - timedelta(hours=1)}, "interrupted", "Interrupted"),
        ({"worker": "elsewhere 1 2 worker"}, "running", None),
    ],
)
def test_a_job_whose_process_is_gone_is_shown_as_what_it_is(
    fields: dict[str, Any], status: str, error: str | None
) -> None:
    job_id = row(**fields)
    assert [view.status for view in jobs.list_jobs(status="interrupted")] == ["interrupted"] * (status == "interrupted")
    view = jobs.get(job_id)
    assert view.status == status == store.get(job_id).status
    assert (view.error is None) if error is None else (error in (view.error or ""))


def test_the_truth_is_told_even_where_it_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = row(done=3, total=9)

    def full(*_: object, **__: object) -> bool:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(store, "change", full)
    assert jobs.get(job_id).status == "interrupted"
    assert store.get(job_id).status == "running"


def test_a_job_that_has_just_said_that_it_is_done_is_not_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = row()
    real = store.change

    def ended_meanwhile(job: str, **values: Any) -> bool:
        real(job, was=["running"], status="finished", worker=None)
        return real(job, **values)

    monkeypatch.setattr(store, "change", ended_meanwhile)
    assert jobs.get(job_id).status == "finished"


def test_the_dead_hold_no_place_in_the_queue() -> None:
    me = processes.this_process("starter")
    row(accelerator=True)
    row(accelerator=True, status="queued", created_at=NOW - timedelta(minutes=1))
    job_id = row(accelerator=True, status="queued", worker=me)
    assert store.claim(job_id, me, 1, lambda each: each.worker != DEAD) == "claimed"
    other = row(accelerator=True, status="queued", worker=me, created_at=NOW + timedelta(minutes=1))
    assert store.claim(other, me, 1, lambda each: each.worker != DEAD) == "waiting"
    assert store.claim(other, "elsewhere 1 2 starter", 1, lambda each: True) == "gone"
    assert store.claim(job_id, me, 1, lambda each: True) == "gone"
    for each in (job_id, other):
        store.change(each, was=store.ACTIVE, status="cancelled", worker=None)
