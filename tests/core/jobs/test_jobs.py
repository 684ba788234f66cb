"""Jobs through their public functions, done by real workers: how they end, resume, stop, and what they tell."""

from __future__ import annotations

import itertools
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.errors import Conflict, InvalidInput, NotFound, StoreError
from core.events import Failed, Finished, Metric, Progress
from core.jobs import log_files, truth
from core.settings import get_settings
from tests.core.jobs.conftest import alive, ended, until, worker_pid, workers_of_this_process
from tests.core.jobs.counting import counted


def odd(how: str, **request: Any) -> jobs.JobView:
    return ended(jobs.start("odd", how, {"how": how, **request}))


def test_a_job_tells_how_far_it_is_and_ends(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    job_id = jobs.start("count", "Count\nto forty", {"file": str(path), "to": 40, "pause_s": 0.05})
    first = jobs.get(job_id)
    assert (first.title, first.kind, first.attempt, first.error) == ("Count to forty", "count", 1, None)
    events = list(jobs.follow(job_id))
    assert isinstance(events[-1], Finished)
    steps = [event for event in events if isinstance(event, Progress)]
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert len(steps) > 3 and (steps[-1].done, steps[-1].total, steps[-1].unit) == (40, 40, "counts")
    rates = [step.rate for step in steps if step.rate]
    assert rates and all(0 < rate <= 25 for rate in rates)
    for step in steps:
        if step.rate and step.total:
            assert step.eta_s == pytest.approx((step.total - step.done) / step.rate)
    values = [(event.name, event.step, event.value) for event in events if isinstance(event, Metric)]
    assert values == [("count", number, float(number)) for number in range(1, 41)]
    job = jobs.get(job_id)
    assert (job.status, job.result, job.eta_s, job.rate, job.silent_s) == (
        "finished",
        {"counted": 40},
        None,
        None,
        None,
    )
    assert job.request["to"] == 40
    assert counted(path) == list(range(40))
    assert "finished" in jobs.log_tail(job_id)
    log = log_files.path_of(job_id)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600 and stat.S_IMODE(log.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("sentence", "The file a.txt is empty; choose another one."),
        ("bug", "Something went wrong inside Loupe; the log of this job has the details."),
        ("memory", "There was not enough memory; free some, or ask for less, and resume it."),
        ("disk", "The disk is full; free some space and resume the job."),
    ],
)
def test_a_failure_is_one_sentence(how: str, error: str) -> None:
    job = odd(how)
    assert (job.status, job.error) == ("failed", error)
    log = jobs.log_tail(job.id)
    assert ("KeyError" in log) == (how == "bug") and "sk-abc" not in log
    assert [type(event) for event in jobs.follow(job.id)][-1] is Failed


def test_a_worker_that_just_ends_leaves_an_interrupted_job() -> None:
    job = odd("exit")
    assert job.status == "interrupted" and job.error == "Interrupted; resume it to do the rest."


def test_a_store_that_is_full_is_said_and_the_job_can_be_resumed() -> None:
    job = odd("full store")
    assert job.status == "failed" and "The disk is full" in (job.error or "")
    assert job.resumable


def test_numbers_that_are_none_are_left_out() -> None:
    job = odd("numbers")
    assert job.result == {"last": None, "first": 1.0}
    assert [(row.step, row.value) for row in jobs.metrics(job.id)] == [(0, 1.0), (3, 0.5)]
    assert "loss is nan at step 1" in jobs.log_tail(job.id)


def test_what_an_attempt_left_is_there_for_the_next_one() -> None:
    job = odd("partial")
    assert (job.status, job.result) == ("failed", {"attempts": [1]})
    jobs.resume(job.id)
    assert ended(job.id).error == "Attempt 2 is not enough."
    jobs.resume(job.id)
    job = ended(job.id)
    assert (job.status, job.attempt, job.error) == ("finished", 3, None)
    assert job.result == {"previous": {"attempts": [1, 2]}}


def test_a_worker_sees_settings_and_listed_keys_and_no_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loupe_home: Path
) -> None:
    monkeypatch.setenv("LOUPE_ENDPOINTS", '[{"name":"x","base_url":"https://x.example/v1","key_env":"X_API_KEY"}]')
    monkeypatch.setenv("X_API_KEY", "of-the-endpoint")
    for name in ("HF_TOKEN", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "of-somebody-else")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOUPE_DATABASE_URL", "sqlite:///here.db")
    get_settings.cache_clear()
    seen = odd("environment").result
    assert {"LOUPE_ENDPOINTS", "X_API_KEY", "PATH"} <= set(seen["names"])
    assert not {"HF_TOKEN", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY"} & set(seen["names"])
    assert seen["home"] == str(loupe_home) and seen["cwd"] != str(tmp_path)


def test_cancelling_stops_it_where_it_is_and_resuming_does_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    job_id = jobs.start("count", "Count", {"file": str(path), "to": 120, "pause_s": 0.05, "child": True})
    until(lambda: jobs.get(job_id).done > 3)
    jobs.cancel(job_id)
    job = ended(job_id)
    assert (job.status, job.error, job.stopping) == ("cancelled", None, False)
    got = counted(path)
    assert 3 < len(got) < 120
    until(lambda: not workers_of_this_process())
    until(lambda: not alive(int(path.with_suffix(".child").read_text())))
    jobs.cancel(job_id)  # it has ended: nothing changes
    assert jobs.get(job_id).status == "cancelled"
    jobs.resume(job_id)
    job = ended(job_id)
    assert (job.status, job.attempt, job.done) == ("finished", 2, 120)
    assert counted(path) == list(range(120))


def test_a_worker_that_does_not_listen_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth, "GRACE_S", 1.0)
    path = tmp_path / "counts"
    job_id = jobs.start("count", "Count", {"file": str(path), "to": 10_000, "stubborn": True, "child": True})
    until(lambda: jobs.get(job_id).done > 3)
    pid, child = worker_pid(job_id), int(path.with_suffix(".child").read_text())
    asked = time.monotonic()
    jobs.cancel(job_id)
    assert jobs.get(job_id).stopping
    jobs.cancel(job_id)  # a second click does not lengthen the grace
    assert ended(job_id).status == "cancelled"
    assert time.monotonic() - asked >= 1.0
    until(lambda: not alive(pid) and not alive(child))


def test_a_job_that_waits_is_cancelled_at_once_and_never_begins(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    first = jobs.start("odd", "first", {"how": "gate", "file": str(gate)}, accelerator=True)
    until(lambda: jobs.get(first).status == "running")
    second = jobs.start("odd", "second", {"how": "gate", "file": str(gate)}, accelerator=True)
    assert (jobs.get(second).status, jobs.get(second).place) == ("queued", 1)
    jobs.cancel(second)
    assert jobs.get(second).status == "cancelled"
    gate.touch()
    assert ended(first).status == "finished"
    assert jobs.get(second).started_at is None and not log_files.path_of(second).exists()


def test_jobs_that_want_the_accelerator_run_one_by_one_in_order(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    ids = [jobs.start("odd", f"{n}", {"how": "gate", "file": str(gate)}, accelerator=True) for n in range(3)]
    until(lambda: jobs.get(ids[0]).status == "running")
    assert [jobs.get(job_id).place for job_id in ids] == [None, 1, 2]
    assert [view.place for view in jobs.list_jobs()] == [2, 1, None]
    gate.touch()
    views = [ended(job_id) for job_id in ids]
    for before, after in itertools.pairwise(views):
        assert before.ended_at is not None and after.started_at is not None and before.ended_at <= after.started_at


def test_other_jobs_run_as_many_at_once_as_the_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_MAX_JOBS", "1")
    get_settings.cache_clear()
    gate = tmp_path / "gate"
    ids = [jobs.start("odd", f"{n}", {"how": "gate", "file": str(gate)}) for n in range(2)]
    until(lambda: jobs.get(ids[0]).status == "running")
    time.sleep(0.5)  # several turns of the starter
    assert (jobs.get(ids[1]).status, jobs.get(ids[1]).place) == ("queued", 1)
    gate.touch()
    assert [ended(job_id).status for job_id in ids] == ["finished", "finished"]


def test_only_what_ended_early_is_resumed_and_only_what_ended_is_deleted(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    job_id = jobs.start("odd", "Gate", {"how": "gate", "file": str(gate)})
    until(lambda: jobs.get(job_id).status == "running")
    for action in (jobs.resume, jobs.delete):
        with pytest.raises(Conflict, match=r"“Gate” is running"):
            action(job_id)
    gate.touch()
    assert ended(job_id).status == "finished"
    with pytest.raises(Conflict, match="is done already"):
        jobs.resume(job_id)
    assert log_files.path_of(job_id).exists()
    jobs.delete(job_id)
    assert not log_files.path_of(job_id).exists()
    for gone in (jobs.get, jobs.resume, jobs.cancel, jobs.delete, jobs.log_tail, lambda id: list(jobs.follow(id))):
        with pytest.raises(NotFound, match="There is no job"):
            gone(job_id)


@pytest.mark.parametrize("job_id", ["", "nope", "../../etc/passwd", "x" * 10_000, "\0", "\ud800"])
def test_an_unknown_id_is_one_sentence(job_id: str) -> None:
    for action in (jobs.get, jobs.cancel, jobs.log_tail):
        with pytest.raises(NotFound):
            action(job_id)


def test_a_request_cannot_name_a_module() -> None:
    for kind in ("os", "tests.core.jobs.odd", "core.jobs.worker", ""):
        with pytest.raises(InvalidInput, match="no kind of job"):
            jobs.start(kind, "x", {})
    assert jobs.list_jobs() == []


def test_lists_are_narrowed_and_newest_first() -> None:
    ids = [odd("sentence").id, odd("numbers").id]
    assert [job.id for job in jobs.list_jobs()] == ids[::-1]
    assert [job.id for job in jobs.list_jobs(status="failed")] == ids[:1]
    assert [job.id for job in jobs.list_jobs("odd", limit=1)] == ids[1:]
    assert jobs.list_jobs("count") == []
    assert [job.request for job in jobs.list_jobs(documents=False)] == [{}, {}]


def test_a_log_that_is_long_damaged_or_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    job = odd("print", lines=2000)
    assert jobs.log_tail(job.id, 2).splitlines()[-1].endswith("finished")
    assert len(jobs.log_tail(job.id, 50).splitlines()) == 50
    assert len(jobs.log_tail(job.id, 10**6)) <= log_files.TAIL_BYTES
    path = log_files.path_of(job.id)
    monkeypatch.setattr(log_files, "MAX_BYTES", 10_000)
    log_files.cap(job.id)
    assert path.stat().st_size < 6_000 and "earlier lines were dropped" in path.read_text()
    assert path.read_text().splitlines()[-1].endswith("finished")
    path.write_bytes(b"\xff\xfe broken \x00 bytes\n")
    assert "broken" in jobs.log_tail(job.id)
    path.unlink()
    assert jobs.log_tail(job.id) == ""
    path.mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        jobs.log_tail(job.id)


def test_a_log_that_cannot_be_written_fails_the_job_in_one_sentence(loupe_home: Path) -> None:
    (loupe_home / "logs").mkdir(parents=True)
    (loupe_home / "logs" / "jobs").write_text("in the way")
    job = odd("numbers")
    assert job.status == "failed" and "cannot be written" in (job.error or "")
