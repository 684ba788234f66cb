"""What a kind tells, as it is handed on: rate and time left, what is kept when it cannot be stored."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.jobs import JobCancelled, JobContext
from core.jobs.context import as_document


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test sets."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_the_rate_is_that_of_late_and_the_time_left_follows(clock: list[float]) -> None:
    job = JobContext("x")
    for second in range(100):
        clock[0] = 1000.0 + second
        job.progress(10 * second if second < 60 else 600 + 2 * (second - 60), 1000)
    columns = job.take().columns
    assert columns["rate"] == pytest.approx(2, rel=0.01)
    assert columns["eta_s"] == pytest.approx((1000 - 678) / columns["rate"])


def test_what_earlier_attempts_did_does_not_count_as_fast(clock: list[float]) -> None:
    job = JobContext("x", attempt=2)
    job.progress(900, 1000)
    assert job.take().columns["rate"] is None
    clock[0] += 10
    job.progress(910, 1000)
    assert job.take().columns["rate"] == pytest.approx(1)


def test_counting_anew_begins_the_rate_anew(clock: list[float]) -> None:
    job = JobContext("x")
    for _ in range(5):
        clock[0] += 1
        job.progress(100 * clock[0], 10**6, "bytes")
    job.progress(0, 50, "files")
    assert (job.take().columns["rate"], job.take().columns) == (None, {})


@given(st.lists(st.tuples(st.floats(), st.none() | st.floats()), max_size=20))
def test_any_progress_can_be_stored(steps: list[tuple[float, float | None]]) -> None:
    job = JobContext("x")
    for done, total in steps:
        job.progress(done, total)
    numbers = [job.take().columns.get(name) for name in ("done", "total", "rate", "eta_s")]
    assert all(number is None or number - number == 0 for number in numbers)


def test_what_could_not_be_stored_is_told_again_and_newer_values_win() -> None:
    job = JobContext("x")
    job.progress(1, 10, "files")
    job.metric("loss", 1, 0.5)
    report = job.take()
    job.progress(2, 10, "files")
    job.metric("loss", 2, 0.4)
    job.put_back(report)
    again = job.take()
    assert again.columns["done"] == 2
    assert again.metrics == [("loss", 1, 0.5), ("loss", 2, 0.4)]
    assert not job.take()


def test_stopping_is_heard_through_any_except_exception() -> None:
    job = JobContext("x")
    job.check()
    job.cancelled.set()
    with pytest.raises(JobCancelled):
        try:
            job.check()
        except Exception:
            pytest.fail("swallowed")


def test_a_log_line_holds_no_secret(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_API_KEY", "of-the-endpoint")
    JobContext("x").log("asked with of-the-endpoint")
    assert "of-the-endpoint" not in capsys.readouterr().out


def test_a_result_is_strict_json() -> None:
    assert as_document({"a": [1.5, float("nan"), {"b": float("-inf")}]}) == '{"a": [1.5, null, {"b": null}]}'
    with pytest.raises(TypeError):
        as_document({"a": object()})
