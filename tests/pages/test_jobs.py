"""The page Jobs: what is shown of jobs in every state, what its buttons do; other people's text stays text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import jobs
from core.errors import StoreError
from core.jobs import kinds, log_files, processes
from core.settings import get_settings
from core.store import jobs as store
from core.store.runs import new_id
from tests.core.jobs.conftest import until, workers_of_this_process

ROOT = Path(__file__).parents[2]
XSS = "<script>alert(1)</script> ![x](https://evil.example/x.png) **bold** $x$"
NOW = datetime.now(UTC)


def page(**query: str) -> AppTest:
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).switch_page("pages/work/jobs.py")
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def job(number: int = 0, status: str = "finished", **fields: Any) -> str:
    """A job in the store, and its id; one that waits or runs is this process's."""
    when = NOW + timedelta(seconds=number)
    active = status in store.ACTIVE
    values: dict[str, Any] = {
        "id": new_id(),
        "kind": "count",
        "title": f"Job {number}",
        "created_at": when,
        "updated_at": when,
        "started_at": None if status == "queued" else when,
        "heartbeat_at": when,
        "ended_at": None if active else when + timedelta(seconds=75),
        "worker": processes.this_process("starter") if active else None,
        "request": '{"to": 3}',
        "status": status,
    }
    store.create(store.JobRow(**(values | fields)))
    return str((values | fields)["id"])


def words(test: AppTest) -> list[str]:
    return [each.value.replace("\\", "") for each in (*test.markdown, *test.subheader, *test.caption, *test.error)]


def button(test: AppTest, key: str) -> Any:
    return next(each for each in test.button if each.key and each.key.startswith(key))


def test_without_jobs_it_says_what_they_are() -> None:
    test = page()
    assert "process of its own" in test.info[0].value
    assert not test.dataframe


def test_jobs_are_shown_by_what_they_are_at() -> None:
    job(1, "running", done=120, total=300, unit="chunks", rate=12.0, eta_s=15.0, note="report_1.pdf")
    job(2, "queued", accelerator=True)
    job(3, "interrupted", done=3, total=9, error="Interrupted at 3 of 9 files; resume it to do the rest.")
    job(4, "failed", error="The disk is full.")
    job(5)
    test = page()
    assert [each.value for each in test.subheader] == ["Running", "Waiting", "Interrupted", "Ended"]
    said = words(test)
    assert "report_1.pdf" in said and "Interrupted at 3 of 9 files; resume it to do the rest." in said
    assert any("waits, place 1" in each for each in said)
    bars = [each.proto.text.replace("\\", "") for each in test.get("progress")]
    assert bars[0] == "120 of 300 chunks · 40 % · 12/s · 15 s left"
    assert list(test.dataframe[0].value["Title"]) == ["Job 5", "Job 4"]
    assert list(test.dataframe[0].value["Took"]) == ["1 min 15 s"] * 2


def test_a_job_whose_process_is_gone_is_interrupted() -> None:
    gone = " ".join([*processes.this_process("worker").split(" ")[:2], "1", "worker"])
    job(1, "running", done=3, total=9, unit="files", worker=gone)
    test = page()
    assert [each.value for each in test.subheader] == ["Interrupted"]
    assert "Interrupted at 3 of 9 files; resume it to do the rest." in words(test)


def test_the_job_in_the_url_is_shown_in_full() -> None:
    job_id = job(1, "failed", error="No.", attempt=2, result='{"so far": "here"}')
    for step in range(3):
        store.change(job_id, was=["failed"], status="running", worker="w")
        store.report(job_id, "w", [("loss", step, 1.0 / (step + 1))], {})
        store.change(job_id, was=["running"], status="failed", worker=None)
    log_files.path_of(job_id).parent.mkdir(parents=True)
    log_files.path_of(job_id).write_text("what the worker said\n")
    test = page(job=job_id)
    said = words(test)
    assert any("attempt 2" in each and "ran 1 min 15 s" in each and job_id in each for each in said)
    assert any("loss: **0.3333** at step 2" in each for each in said)
    codes = [each.value for each in test.code]
    assert codes[0] == "what the worker said" and '"so far": "here"' in codes[1] and '"to": 3' in codes[2]
    assert "No." in [each.value.replace("\\", "") for each in test.error]


@pytest.mark.parametrize("job_id", ["nope", "../../x", "<b>", "x" * 5000])
def test_an_unknown_id_in_the_url_is_a_sentence_and_the_list_stays(job_id: str) -> None:
    job(1)
    test = page(job=job_id)
    assert "There is no job" in test.error[0].value
    assert test.dataframe


def test_cancel_stops_what_waits_and_asks_what_runs() -> None:
    running, waiting = job(1, "running"), job(2, "queued", accelerator=True)
    test = page()
    button(test, f"jobs_list_cancel_{waiting}").click().run()
    assert store.get(waiting).status == "cancelled"
    button(test, f"jobs_list_cancel_{running}").click().run()
    assert store.get(running).cancel_requested
    stopping = button(test, f"jobs_list_cancel_{running}")
    assert stopping.disabled and stopping.label == "Stopping…"


def test_resume_starts_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kinds.KINDS, "count", "tests.core.jobs.counting")
    request = f'{{"file": "{tmp_path / "counts"}", "to": 3}}'
    job_id = job(1, "interrupted", done=1, total=3, request=request)
    test = page()
    button(test, f"jobs_list_resume_{job_id}").click().run()
    assert not test.exception
    assert jobs.wait(job_id, 60).status == "finished"
    assert jobs.get(job_id).attempt == 2
    until(lambda: not workers_of_this_process())


def test_a_ticked_job_goes_into_the_url_and_several_are_deleted() -> None:
    ids = [job(number) for number in range(3)]
    test = page()

    def tick(*places: int) -> None:
        key = test.dataframe[0].key
        test.session_state[key] = {"selection": {"rows": list(places), "columns": [], "cells": []}}
        test.run()
        assert not test.exception

    tick(0, 2)
    button(test, "jobs_ticked_delete").click().run()
    assert [each.id for each in jobs.list_jobs()] == [ids[1]]
    test = page(job=ids[1])
    button(test, "jobs_shown_delete").click().run()
    assert jobs.list_jobs() == [] and "job" not in test.query_params
    assert "process of its own" in test.info[0].value


def test_other_peoples_text_stays_text() -> None:
    for number, status in enumerate(["running", "interrupted", "failed"]):
        job(number, status, title=XSS, note=XSS, error=XSS, unit=XSS[:32], done=1, total=2, result=f'{{"x": "{XSS}"}}')
    for job_id in [each.id for each in jobs.list_jobs()]:
        test = page(job=job_id)
        texts = [each.value for each in (*test.markdown, *test.subheader, *test.caption, *test.error)]
        texts += [each.proto.text for each in test.get("progress")]
        for rendered in texts:
            assert not {"<script>", "![x]", "$x$"} & {part for part in rendered.split() if "\\" not in part}
    job(9, title="=cmd|'/C calc'!A0")
    assert "'=cmd|'/C calc'!A0" in list(page().dataframe[0].value["Title"])


@pytest.mark.parametrize("name", ["list_jobs", "get", "metrics", "log_tail"])
def test_a_store_that_fails_anywhere_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    job_id = job(1)

    def fail(*_: object, **__: object) -> None:
        raise StoreError("The *disk* is gone.")

    monkeypatch.setattr(f"core.jobs.{name}", fail)
    assert [error.value for error in page(job=job_id).error] == [r"The \*disk\* is gone\."]


def test_a_store_that_cannot_be_opened_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_DATABASE_URL", "sqlite:////no/such/folder/x.db")
    get_settings.cache_clear()
    assert "cannot be used" in page().error[0].value


LINE = """
import streamlit as st
from pages.shared.jobs import job_line
job_line(st.query_params["job"])
"""


@pytest.mark.parametrize("status", ["running", "queued", "interrupted", "finished"])
def test_another_page_holds_a_job_on_a_line(status: str) -> None:
    job_id = job(1, status, done=0 if status == "queued" else 5, total=None if status == "queued" else 10)
    test = AppTest.from_string(LINE)
    test.query_params["job"] = job_id
    test.run()
    assert not test.exception
    assert any("Job 1" in each for each in words(test))
    labels = [each.label for each in test.button]
    assert labels == {"interrupted": ["Resume"], "finished": []}.get(status, ["Cancel"])


def test_a_line_of_a_job_that_was_deleted_is_a_sentence() -> None:
    test = AppTest.from_string(LINE)
    test.query_params["job"] = "nope"
    test.run()
    assert "There is no job" in test.error[0].value
