"""What a run leaves behind, and what it does when something has changed or goes wrong at its end."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.errors import Conflict, LoupeError, StoreError
from core.jobs import JobContext
from core.store import jobs as store
from core.tuning import job, places, start
from core.tuning.request import TuneRequest
from core.tuning.training import checkpoints
from tests.core.tuning.training.test_resume import StopsAt
from tests.marks import quick

Run = Callable[..., dict[str, Any]]
Ask = Callable[..., TuneRequest]
SHORT = {"max_steps": 4, "samples": 0, "evaluate_every": 2}


@contextmanager
def small_files(size: int = 4096) -> Iterator[None]:
    """No file of this process can grow beyond `size`, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def within(limit: Callable[[], Any], done: Callable[..., Any]) -> Callable[..., Any]:
    """`done`, under a limit."""

    def limited(*args: Any, **kwargs: Any) -> Any:
        with limit():
            return done(*args, **kwargs)

    return limited


def kept(folder: Path) -> list[int]:
    """Steps of the folders of checkpoints."""
    return sorted(int(each.name.rpartition("-")[2]) for each in folder.glob("checkpoint-*"))


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs that are started wait for ever."""
    monkeypatch.setattr("core.jobs.control.get_starter", lambda: type("Never", (), {"add": lambda *_: None}))


def fails(*_: Any, **__: Any) -> None:
    raise RuntimeError("the comparison fell over")


@pytest.mark.parametrize("method", quick(["lora", "full"], "lora"))
def test_a_checkpoint_that_finds_no_room_is_one_sentence_and_the_run_goes_on_afterwards(
    method: str, ask: Ask, run: Run, folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    request, calls = ask(method, compare_rows=0, save_every=2, **SHORT), 0
    whole = checkpoints.save_trained

    def second_finds_none(*args: Any) -> None:
        nonlocal calls
        calls += 1
        (within(small_files, whole) if calls == 2 else whole)(*args)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "save_trained", second_finds_none)
        with pytest.raises(StoreError, match=r"could not be written; the checkpoint of step 2 is whole\. Make room"):
            run(request)
    assert [step for step, _ in checkpoints.whole(folder())] == [2]
    assert run(request, JobContext("tuning", attempt=2))["steps"] == 4


@pytest.mark.parametrize("method", quick(["lora", "full", "adapter"], "full"))
def test_a_result_that_finds_no_room_is_one_sentence_and_is_written_afterwards(
    method: str, ask: Ask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ask(method, compare_rows=0, **SHORT)
    with monkeypatch.context() as patch:
        patch.setattr(job, "save_result", within(small_files, job.save_result))
        with pytest.raises(StoreError, match="tuned could not be written: no file may grow that large here; make room"):
            run(request)
    place = places.result_folder(request)
    assert not list(place.parent.iterdir())
    found = run(request, JobContext("tuning", attempt=2))
    assert (found["steps"], found["path"]) == (4, str(place)) and place.is_dir()


def test_checkpoints_go_once_the_result_is_there_and_nothing_else_does(
    ask: Ask, run: Run, folder: Callable[[], Path]
) -> None:
    run(ask(**{**SHORT, "samples": 1}))
    assert kept(folder()) == []
    left = {each.name for each in folder().iterdir()}
    assert left >= {"request.json", "before.json", "after.json", "comparison.json", "samples.jsonl"}


@pytest.mark.usefixtures("no_worker")
def test_a_deleted_job_takes_its_folder_with_it_and_leaves_the_result(ask: Ask, run: Run) -> None:
    request = ask(compare_rows=0, **SHORT)
    job_id = start.start(request)
    found = run(request, JobContext(job_id))
    store.change(job_id, was=["queued"], status="finished", worker=None)
    folder = places.run_folder(job_id)
    assert (folder / "request.json").exists()
    jobs.delete(job_id)
    assert not folder.exists() and Path(found["path"]).is_dir()


def test_a_comparison_that_fails_loses_nothing_and_is_made_up_for(
    ask: Ask, run: Run, folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    context = JobContext("tuning")
    monkeypatch.setattr(context, "partial", lambda result: told.append(dict(result)))
    with monkeypatch.context() as patch:
        patch.setattr(job, "compare", fails)
        with pytest.raises(RuntimeError):
            run(ask(**SHORT), context)
    assert Path(told[-1]["path"]).is_dir() and told[-1]["ref"].endswith("+tuned")
    assert told[-1]["steps"] == 4 and len(told[-1]["train_loss"]) == 4
    assert kept(folder()) == [2, 4]
    again = run(ask(**SHORT), JobContext("tuning", attempt=2))
    assert again["comparison"]["n"] == 4 and again["train_loss"] == told[-1]["train_loss"]


@pytest.mark.parametrize("more", [True, False])
def test_rows_that_have_changed_are_not_resumed_with(more: bool, ask: Ask, run: Run, rows: Path) -> None:
    before = rows.read_text()
    with pytest.raises(jobs.JobCancelled):
        run(ask(**SHORT), StopsAt("tuning", 2))
    rows.write_text(before + '\n{"text": "one more", "label": "light"}' if more else before.replace("lens", "glass"))
    said = "had 40 rows and has 41 now" if more else "still has 40 rows, and not the same ones"
    with pytest.raises(Conflict, match=f"began with other rows: .*rows.jsonl {said}; put back"):
        run(ask(**SHORT), JobContext("tuning", attempt=2))
    rows.write_text(before)
    assert run(ask(**SHORT), JobContext("tuning", attempt=2))["comparison"]["n"] == 4


def test_held_out_rows_that_have_changed_are_not_resumed_with(ask: Ask, run: Run, rows: Path, tmp_path: Path) -> None:
    held = tmp_path / "held.jsonl"
    held.write_text("\n".join(rows.read_text().splitlines()[:6]))
    request = ask(**SHORT).model_copy(update={"eval_data": str(held)})
    with pytest.raises(jobs.JobCancelled):
        run(request, StopsAt("tuning", 2))
    held.write_text("\n".join(rows.read_text().splitlines()[:5]))
    with pytest.raises(Conflict, match=r"held\.jsonl had 6 rows and has 5 now; put back"):
        run(request, JobContext("tuning", attempt=2))


def test_what_another_put_in_its_place_is_not_taken_for_the_result(ask: Ask, run: Run, folder: Callable[[], Path],
    monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    request = ask(compare_rows=0, **SHORT)
    place = places.result_folder(request)

    class Other(JobContext):
        def metric(self, name: str, step: int, value: float) -> None:
            place.mkdir(parents=True, exist_ok=True)
            (place / places.ABOUT).write_text(json.dumps({"job": "another"}))

    with pytest.raises(Conflict, match=r"already something named tuned .*move or delete it and resume this run"):
        run(request, Other("tuning"))
    assert [each.name for each in place.iterdir()] == [places.ABOUT] and kept(folder())
    place.rename(place.with_name("another"))
    assert run(request, JobContext("tuning", attempt=2))["path"] == str(place)


@pytest.mark.usefixtures("no_worker")
def test_the_name_of_a_run_that_has_not_ended_is_taken(ask: Ask) -> None:
    first = start.start(ask(name="lens"))
    for tried in (places.result_folder, start.start):
        with pytest.raises(LoupeError, match="A run that has not ended will be named lens; choose another name"):
            tried(ask("dora", name="lens"))
    places.result_folder(ask("full", name="lens"))  # a model of that name lies elsewhere
    places.result_folder(ask(name="lens"), first)  # its own worker may
    store.change(first, was=["queued"], status="cancelled", worker=None)
    places.result_folder(ask(name="lens"))
