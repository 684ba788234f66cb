"""`loupe jobs`: one JSON document a verb, exit codes, one sentence for bad input; Ctrl-C while a job is followed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.jobs import kinds, log_files
from core.store import jobs as store
from tests.core.cli.conftest import Loupe
from tests.core.jobs.conftest import ended, until, workers_of_this_process
from tests.core.jobs.counting import counted

ROOT = Path(__file__).parents[3]
FIELDS = {"id", "kind", "title", "status", "attempt", "done", "total", "unit", "rate", "eta_s", "note", "error"}


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(kinds.KINDS, "count", "tests.core.jobs.counting")
    monkeypatch.setitem(kinds.KINDS, "odd", "tests.core.jobs.odd")
    yield
    until(lambda: not workers_of_this_process())


def document(text: str) -> Any:
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_jobs_are_listed_and_shown(loupe: Loupe) -> None:
    first = ended(jobs.start("odd", "Numbers", {"how": "numbers"}))
    second = ended(jobs.start("odd", "Sentence", {"how": "sentence"}))
    done = loupe("jobs", "list", "--json")
    assert (done.code, done.err) == (0, "")
    rows = document(done.out)
    assert [row["id"] for row in rows] == [second.id, first.id]
    assert all(set(row) >= FIELDS for row in rows)
    assert [row["id"] for row in document(loupe("jobs", "list", "--status", "failed", "--json").out)] == [second.id]
    assert document(loupe("jobs", "list", "--kind", "count", "--json").out) == []
    table = loupe("jobs", "list").out.splitlines()
    assert len(table) == 3 and table[1].startswith(second.id) and "failed" in table[1] and "Sentence" in table[1]
    shown = document(loupe("jobs", "show", first.id, "--json").out)
    assert (shown["result"], shown["request"]) == ({"last": None, "first": 1.0}, {"how": "numbers"})
    assert shown["metrics"] == [{"name": "loss", "step": 3, "value": 0.5}]
    text = loupe("jobs", "show", second.id).out
    assert "The file a.txt is empty; choose another one." in text
    assert "0.5 at step 3" in loupe("jobs", "show", first.id).out


def test_without_jobs_a_list_is_empty(loupe: Loupe) -> None:
    assert loupe("jobs", "list", "--json").out == "[]\n"
    done = loupe("jobs", "list")
    assert (done.code, done.out) == (0, "") and "no job yet" in done.err


@pytest.mark.parametrize("verb", ["show", "cancel", "resume", "log"])
@pytest.mark.parametrize("job_id", ["nope", "../../etc/passwd", "x" * 5000])
def test_an_unknown_id_is_one_sentence(loupe: Loupe, verb: str, job_id: str) -> None:
    done = loupe("jobs", verb, job_id, "--json")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("There is no job ") and done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list", "--status", "great"], "no status 'great'"),
        (["list", "--limit", "0"], "limit"),
        (["show"], "ID"),
        (["log", "x", "--lines", "many"], "lines"),
    ],
)
def test_bad_input_is_one_sentence(loupe: Loupe, arguments: list[str], words: str) -> None:
    done = loupe("jobs", *arguments)
    assert (done.code, done.out) == (1, "")
    assert words in done.err and done.err.count("\n") == 1


def test_a_job_is_cancelled_and_resumed_to_its_end(loupe: Loupe, tmp_path: Path) -> None:
    path = tmp_path / "counts"
    job_id = jobs.start("count", "Count", {"file": str(path), "to": 40, "pause_s": 0.05})
    until(lambda: jobs.get(job_id).done > 3)
    done = loupe("jobs", "cancel", job_id, "--json")
    assert done.code == 0 and document(done.out)["status"] == "cancelled"
    assert "ended already: it is cancelled" in loupe("jobs", "cancel", job_id).err
    done = loupe("jobs", "resume", job_id, "--json")
    assert done.code == 0, done.err
    row = document(done.out)
    assert (row["status"], row["attempt"], row["result"]) == ("finished", 2, {"counted": 40})
    assert "of 40 counts" in done.err and counted(path) == list(range(40))
    again = loupe("jobs", "resume", job_id)
    assert (
        again.code == 1 and again.err == "The job “Count” is done already; only one that ended early can be resumed.\n"
    )


def test_a_resumed_job_that_fails_is_a_failure(loupe: Loupe) -> None:
    job = ended(jobs.start("odd", "Sentence", {"how": "sentence"}))
    done = loupe("jobs", "resume", job.id, "--quiet", "--json")
    assert done.code == 1 and done.err == "The file a.txt is empty; choose another one.\n"
    assert document(done.out)["status"] == "failed"


def test_a_log_is_printed(loupe: Loupe) -> None:
    job = ended(jobs.start("odd", "Print", {"how": "print", "lines": 30}))
    assert len(loupe("jobs", "log", job.id, "--lines", "5").out.splitlines()) == 5
    lines = document(loupe("jobs", "log", job.id, "--json").out)["lines"]
    assert any(line.startswith("line 29 ") for line in lines)
    log_files.path_of(job.id).unlink()
    done = loupe("jobs", "log", job.id)
    assert (done.code, done.out) == (0, "")


FOLLOW = """
import sys
from core.jobs import kinds
kinds.KINDS["count"] = "tests.core.jobs.counting"
from core.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_ctrl_c_stops_the_job_it_follows(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    job_id = jobs.start("count", "Count", {"file": str(path), "to": 100_000, "pause_s": 0.02})
    jobs.cancel(job_id)
    ended(job_id)
    process = subprocess.Popen(
        [sys.executable, "-c", FOLLOW, "jobs", "resume", job_id, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ},
        start_new_session=True,
    )
    until(lambda: jobs.get(job_id).status == "running" and jobs.get(job_id).done > 3)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert f"loupe jobs resume {job_id} does the rest" in err and "Traceback" not in err
    job = store.get(job_id)
    assert (job.status, job.attempt) == ("cancelled", 2)
    assert counted(path) == list(range(len(counted(path))))
