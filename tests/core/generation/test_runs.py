"""Live runs: an answer goes on whoever looks, is stored as it comes, and ends with the truth about how it ended."""

from __future__ import annotations

import math
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import LoupeError, ModelLoadError, NotFound, StoreError, StreamInterrupted, Unsupported
from core.events import Alternative, Event, Failed, Finished, SampleFinished, Started, TextDelta, Token
from core.generation import generate as engine
from core.generation import runs
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.generation.result import GenerationResult, Usage
from core.live import run as live
from core.models.loaded import Loaded
from core.models.pool import Pool
from core.models.reference import ModelRef
from core.settings import get_settings
from core.store import runs as store
from core.store.database import get_database

Generate = Callable[[GenerationRequest, threading.Event], Iterator[Event]]
REQUEST = GenerationRequest.parse(model="smollm2", messages=[{"role": "user", "content": "Count\nto three"}])


class Script:
    """A stand-in for the engine: says one word each time it is told to go on, then ends or raises."""

    def __init__(self, words: tuple[str, ...] = ("one", " two", " three"), error: Exception | None = None) -> None:
        self.words, self.error = words, error
        self.gate = threading.Semaphore(0)

    def go(self, steps: int = 1) -> None:
        self.gate.release(steps)

    def __call__(self, request: GenerationRequest, cancel: threading.Event) -> Iterator[Event]:
        yield Started("smollm2?dtype=fp32", "<prompt>", 5, 7, 1)
        said, reason = "", "stop"
        for number, word in enumerate(self.words):
            while not self.gate.acquire(timeout=0.01):
                if cancel.is_set():
                    break
            if cancel.is_set():
                reason = "cancelled"
                break
            said += word
            yield Token(0, number, word, -0.5, -math.inf, (Alternative(9, "x", -1.0, -math.inf),), 0.1, 0.0)
            yield TextDelta(0, word)
        if self.error:
            raise self.error
        yield SampleFinished(0, said, reason)  # type: ignore[arg-type]
        yield Finished(5, len(said.split()), 0.1, 1.1)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    return scripted(monkeypatch, Script())


def scripted(monkeypatch: pytest.MonkeyPatch, script: Generate) -> Script:
    monkeypatch.setattr(runs, "generate", script)
    return script  # type: ignore[return-value]


def python(program: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[3]
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=root)


def until_text(run: runs.LiveRun, text: str) -> None:
    for event in run.events():
        if isinstance(event, TextDelta) and run.snapshot().completions[0].text == text:
            return


def test_a_run_is_stored_before_it_starts_and_whole_when_it_ends(script: Script) -> None:
    run = runs.start(REQUEST)
    row = store.get(run.id)
    assert (row.status, row.title, row.owner) == ("running", "Count to three", store.this_process())
    script.go(3)
    assert run.wait(10)
    row = store.get(run.id)
    assert (row.status, row.owner, row.prompt_tokens, row.completion_tokens) == ("finished", None, 5, 3)
    assert GenerationRequest.model_validate_json(row.request) == REQUEST
    assert GenerationResult.model_validate_json(row.result) == run.snapshot()  # minus infinity and None stay apart
    assert store.list_runs(search="three one")[0].id == run.id  # words of the prompt and of the answer


def test_several_listeners_each_see_every_event(script: Script) -> None:
    run = runs.start(REQUEST)
    seen: list[list[Event]] = [[], []]
    threads = [threading.Thread(target=lambda box=box: box.extend(run.events())) for box in seen]
    for thread in threads:
        thread.start()
    script.go(3)
    for thread in threads:
        thread.join(10)
    late = list(run.events())
    assert seen[0] == seen[1] == late
    assert isinstance(late[0], Started)
    assert isinstance(late[-1], Finished)


def test_a_snapshot_does_not_change_and_the_version_grows(script: Script) -> None:
    run = runs.start(REQUEST)
    script.go()
    until_text(run, "one")
    before, version = run.snapshot(), run.version
    script.go(2)
    assert run.wait(10)
    assert before.completions[0].text == "one"
    assert len(before.completions[0].tokens) == before.usage.completion_tokens == 1
    assert run.version > version
    assert run.snapshot() is run.snapshot()


def test_cancelling_keeps_what_was_said(script: Script) -> None:
    run = runs.start(REQUEST)
    script.go()
    until_text(run, "one")
    runs.cancel(run.id)
    assert run.wait(10)
    view = runs.get(run.id)
    assert (view.status, view.result.completions[0].text) == ("cancelled", "one")
    assert store.get(run.id).status == "cancelled"


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (Unsupported("It cannot do beams."), "failed", "Unsupported"),
        (StreamInterrupted("The endpoint went away."), "interrupted", "StreamInterrupted"),
    ],
)
def test_an_error_keeps_the_part_and_says_why(
    error: LoupeError, status: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = scripted(monkeypatch, Script(("one",), error))
    run = runs.start(REQUEST)
    script.go()
    assert run.wait(10)
    assert list(run.events())[-1] == Failed(str(error), kind)
    view = runs.get(run.id)
    assert (view.status, view.result.error) == (status, str(error))
    assert (view.result.completions[0].text, view.result.completions[0].finish_reason) == ("one", "interrupted")
    assert store.get(run.id).error == str(error)


def test_a_bug_is_one_sentence_and_its_traceback_is_logged_without_secrets(
    monkeypatch: pytest.MonkeyPatch, loupe_home: Path
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "canary-in-the-environment")
    bug = ZeroDivisionError("sk-CANARY-123456 and canary-in-the-environment")
    scripted(monkeypatch, Script((), bug))
    run = runs.start(REQUEST)
    assert run.wait(10)
    assert runs.get(run.id).status == "failed"
    assert "logs/loupe.log" in (run.snapshot().error or "")
    log = (loupe_home / "logs" / "loupe.log").read_text()
    assert "ZeroDivisionError" in log
    stored = b"".join(file.read_bytes() for file in loupe_home.glob("loupe.db*"))
    for place in (log.encode(), stored):
        assert b"CANARY" not in place
        assert b"canary" not in place


def test_the_part_that_arrived_is_stored_while_it_runs(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_SAVE_EVERY_S", 0.0)
    monkeypatch.setattr(live, "_SAVE_SHARE", 0)
    run = runs.start(REQUEST)
    script.go(2)
    until_text(run, "one two")
    script.go()  # the step after has stored the steps before
    until_text(run, "one two three")
    stored = GenerationResult.model_validate_json(store.get(run.id).result)
    assert stored.completions[0].text.startswith("one two")
    assert run.wait(10)


def test_a_store_that_cannot_be_written_ends_no_answer(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.start(REQUEST)

    def refuse(record: store.RunRecord) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(live, "_SAVE_EVERY_S", 0.0)
    monkeypatch.setattr(live, "_SAVE_ATTEMPTS", 1)
    run._next_save = 0
    monkeypatch.setattr(store, "save", refuse)
    script.go(3)
    assert run.wait(10)
    view = runs.get(run.id)
    assert (view.status, view.result.completions[0].text) == ("finished", "one two three")
    assert view.unsaved == "This run could not be saved: The disk is full."


def test_a_database_locked_for_a_moment_loses_nothing(
    script: Script, loupe_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.start(REQUEST)
    other = sqlite3.connect(loupe_home / "loupe.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    script.go(3)
    list(run.events())  # it ends although the store is locked
    assert run.status == "finished"
    assert store.get(run.id).status == "running"
    other.execute("ROLLBACK")
    assert run.wait(10)
    assert store.get(run.id).status == "finished"


def test_a_store_that_cannot_be_opened_starts_nothing(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_DATABASE_URL", "sqlite:////no/such/folder/x.db")
    get_settings.cache_clear()
    before = threading.active_count()
    with pytest.raises(StoreError):
        runs.start(REQUEST)
    assert threading.active_count() == before


def test_a_run_that_left_memory_is_read_from_the_store(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.start(REQUEST)
    script.go(3)
    assert run.wait(10)
    live = runs.get(run.id)
    runs.forget([run.id])
    stored = runs.get(run.id)
    assert (stored.id, stored.request, stored.status, stored.result) == (live.id, live.request, "finished", live.result)
    assert stored.created_at == live.created_at


def test_memory_keeps_a_bounded_number_of_finished_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.live.runs.KEEP_FINISHED", 2)
    runs.forget(list(runs._runs._runs))
    scripted(monkeypatch, Script(()))
    for _ in range(6):
        run = runs.start(REQUEST)
        assert run.wait(10)
        assert runs.get(run.id).status == "finished"
    assert len(runs._runs._runs) == 3


@pytest.mark.parametrize("bad", ["", "'; DROP TABLE runs; --", "../x", "0" * 20])
def test_an_unknown_run_is_not_found(bad: str) -> None:
    with pytest.raises(NotFound):
        runs.get(bad)
    with pytest.raises(NotFound):
        runs.cancel(bad)


def test_a_parent_that_is_no_id_is_refused(script: Script) -> None:
    with pytest.raises(NotFound):
        runs.start(REQUEST.model_copy(update={"parent": "../x"}))


def test_a_run_of_a_process_that_was_killed_shows_as_interrupted(loupe_home: Path) -> None:
    program = (
        "import os, sys, threading, time\n"
        "from core.generation import runs\n"
        "from tests.core.generation.test_runs import REQUEST, Script\n"
        "script = runs.generate = Script()\n"
        "from core.live import run as live\n"
        "live._SAVE_EVERY_S = live._SAVE_SHARE = 0\n"
        "run = runs.start(REQUEST)\n"
        "run._next_save = 0\n"
        "script.go(2)\n"
        "while run.snapshot().usage.completion_tokens < 2: time.sleep(0.01)\n"
        "time.sleep(0.3)\n"
        "print(run.id, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    run_id = child.stdout.strip()
    assert child.returncode == -9, child.stderr
    view = runs.get(run_id)
    assert view.status == "interrupted"
    assert view.result.completions[0].text.startswith("one")
    assert view.result.completions[0].finish_reason == "interrupted"
    assert store.list_runs()[0].status == "interrupted"


def test_an_orderly_exit_stores_the_part_as_interrupted(loupe_home: Path) -> None:
    program = (
        "from core.generation import runs\n"
        "from tests.core.generation.test_runs import REQUEST, Script, until_text\n"
        "script = runs.generate = Script()\n"
        "run = runs.start(REQUEST)\n"
        "script.go()\n"
        "until_text(run, 'one')\n"
        "print(run.id)\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    assert child.returncode == 0, child.stderr
    view = runs.get(child.stdout.strip())
    assert (view.status, view.result.completions[0].text) == ("interrupted", "one")


def test_a_run_of_another_version_is_one_sentence(script: Script) -> None:
    run = runs.start(REQUEST)
    script.go(3)
    assert run.wait(10)
    runs.forget([run.id])
    from core.store.tables import Run

    with get_database().write() as session:
        row = session.get(Run, run.id)
        assert row is not None
        row.request = '{"a_field_of_tomorrow": 1}'
    with pytest.raises(StoreError, match="another version"):
        runs.get(run.id)


def test_an_endpoint_with_a_price_has_a_cost(loupe_home: Path) -> None:
    loupe_home.mkdir(parents=True)
    (loupe_home / "settings.toml").write_text(
        '[[endpoints]]\nname = "house"\nbase_url = "http://127.0.0.1:9/v1"\nprice_in = 1.0\nprice_out = 4.0\n'
        '[[endpoints]]\nname = "free"\nbase_url = "http://127.0.0.1:9/v1"\n'
    )
    get_settings.cache_clear()
    usage = Usage(prompt_tokens=500_000, completion_tokens=250_000)
    assert runs.cost_usd("api:house/some/model", usage) == pytest.approx(1.5)
    assert runs.cost_usd("api:free/m", usage) is None
    assert runs.cost_usd("api:house/m", Usage(completion_tokens=9)) is None, "the prompt's tokens are unknown, not 0"
    assert runs.cost_usd("smollm2", usage) is None


def test_many_runs_at_once_keep_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def echo(request: GenerationRequest, cancel: threading.Event) -> Iterator[Event]:
        text = request.messages[-1].content
        yield Started("m", "", 1, 0, 1)
        yield TextDelta(0, text)
        yield SampleFinished(0, text, "stop")
        yield Finished(1, 1, 0.0, 0.1)

    monkeypatch.setattr(runs, "generate", echo)
    texts = [f"canary {number}" for number in range(30)]
    requests = [GenerationRequest.parse(model="m", messages=[{"role": "user", "content": text}]) for text in texts]
    started = [runs.start(request) for request in requests]
    for request, run in zip(requests, started, strict=True):
        assert run.wait(20)
        assert runs.get(run.id).result.completions[0].text == request.messages[-1].content
        assert f'"{request.messages[-1].content}"' in store.get(run.id).result


def test_a_result_that_cannot_be_stored_still_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a character is what a client of some endpoint once let through; any such bug must not hang who waits."""
    scripted(monkeypatch, Script(("\ud83d",))).gate.release()
    run = runs.start(REQUEST)
    assert run.wait(10)
    assert run.view().unsaved and "cannot be stored" in run.view().unsaved
    assert not run.view().running
    row = store.get(run.id)
    assert (row.status, row.owner) == ("failed", None)
    assert row.error == run.view().unsaved


def test_counts_no_database_holds_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(request: GenerationRequest, cancel: threading.Event) -> Iterator[Event]:
        yield Started("m", "", 1, 0, 1)
        yield Finished(10**24, 1, 0.0, 0.1)

    monkeypatch.setattr(runs, "generate", endless)
    monkeypatch.setattr(live, "_SAVE_ATTEMPTS", 1)
    run = runs.start(REQUEST)
    assert run.wait(10)
    assert "does not fit the database" in (run.view().unsaved or "")
    assert store.get(run.id).status == "failed"


def test_a_log_that_cannot_be_opened_ends_no_run(
    loupe_home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    loupe_home.mkdir()
    (loupe_home / "logs").write_text("a file where a folder belongs")
    scripted(monkeypatch, Script((), ZeroDivisionError("a bug")))
    run = runs.start(REQUEST)
    assert run.wait(10)
    assert store.get(run.id).status == "failed"
    said = capfd.readouterr().err
    assert "logs/loupe.log cannot be written" in said and "ZeroDivisionError: a bug" in said
    assert "Traceback" not in said


def test_a_run_is_cancelled_while_its_model_is_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    entered, release = threading.Event(), threading.Event()

    def load(ref: ModelRef) -> Loaded:
        entered.set()
        release.wait(20)
        raise ModelLoadError("too late.")

    pool = Pool(load, lambda ref: 0, lambda: None, lambda: 0)
    monkeypatch.setattr(engine, "get_pool", lambda: pool)
    run = runs.start(REQUEST.model_copy(update={"params": SamplingParams(n=2, seed=5)}))
    assert entered.wait(10)
    run.cancel()
    assert run.wait(10), "it waited for the model"
    release.set()
    view = run.view()
    assert view.status == "cancelled"
    assert [each.finish_reason for each in view.result.completions] == ["cancelled", "cancelled"]
    assert (view.result.seed, view.result.error, view.result.usage.completion_tokens) == (5, None, 0)
