"""The repository: what is saved is found, listed, filtered, deleted; dead owners are told from living ones."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import Conflict, NotFound, StoreError
from core.store import runs
from tests.core.store.records import record


def test_a_saved_run_comes_back_as_it_was() -> None:
    saved = record(prompt="Größe 東京 🙂", result='{"x": "-Infinity"}', cost_usd=0.25, parent=runs.new_id())
    runs.save(saved)
    assert runs.get(saved.id) == saved


def test_saving_again_replaces_and_does_not_duplicate() -> None:
    first = record(status="running", owner=runs.this_process())
    runs.save(first)
    runs.save(replace(first, status="finished", owner=None))
    assert [row.status for row in runs.list_runs()] == ["finished"]


@pytest.mark.parametrize("bad", ["", "'; DROP TABLE runs; --", "../../etc/passwd", "A" * 20, "0" * 19, "0" * 20 + "\n"])
def test_what_is_no_id_is_not_found(bad: str) -> None:
    with pytest.raises(NotFound, match="20 characters"):
        runs.get(bad)


def test_an_unknown_id_is_not_found() -> None:
    with pytest.raises(NotFound, match="may have been deleted"):
        runs.get("0" * 20)


def test_the_list_is_newest_first_and_pages() -> None:
    saved = [record(number) for number in range(5)]
    for each in saved:
        runs.save(each)
    newest_first = [each.id for each in reversed(saved)]
    assert [row.id for row in runs.list_runs()] == newest_first
    assert [row.id for row in runs.list_runs(limit=2, offset=1)] == newest_first[1:3]
    assert runs.count_runs() == 5


def test_filters_narrow_together() -> None:
    wanted = record(1, prompt="apples", model="gguf:a", status="failed")
    for each in (wanted, record(2, prompt="apples", model="gguf:a"), record(3, prompt="apples", status="failed")):
        runs.save(each)
    assert [row.id for row in runs.list_runs(search="apples", model="gguf:a", status="failed")] == [wanted.id]
    assert runs.count_runs(search="apples", model="gguf:a", status="failed") == 1
    assert runs.models() == ["gguf:a", "smollm2"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("APPLES", True),
        ("größe", True),
        ("apples kilo", True),  # every word, one in the prompt and one in the answer
        ("apples pears", False),
        ("100%", True),
        ("1%0", False),  # a wildcard of SQL is a character like any other
        ("_", False),
        ("\0", False),
    ],
)
def test_search_looks_for_words(search: str, found: bool) -> None:
    runs.save(record(prompt="How many apples? GRÖSSE, 100%", answer="One kilo, größe"))
    assert bool(runs.list_runs(search=search)) is found


def test_search_finds_an_id() -> None:
    first, second = record(1), record(2)
    runs.save(first)
    runs.save(second)
    assert [row.id for row in runs.list_runs(search=f" {first.id} ")] == [first.id]


def test_children_are_the_runs_that_came_from_one() -> None:
    parent = record(1)
    first, second = record(2, parent=parent.id), record(3, parent=parent.id)
    for each in (parent, second, first):
        runs.save(each)
    assert [row.id for row in runs.children(parent.id)] == [first.id, second.id]


def test_deleting_a_running_run_is_refused_and_deletes_nothing() -> None:
    done, running = record(1), record(2, prompt="Still at it", status="running", owner=runs.this_process())
    runs.save(done)
    runs.save(running)
    with pytest.raises(Conflict, match="Still at it"):
        runs.delete_runs([done.id, running.id])
    assert runs.count_runs() == 2
    assert runs.delete_runs([done.id]) == 1
    assert runs.delete_runs([done.id]) == 0


def test_many_runs_are_deleted_at_once() -> None:
    saved = [record(number) for number in range(1100)]
    from core.store.database import get_database
    from core.store.tables import Run

    with get_database().write() as session:
        session.add_all(Run(**{name: getattr(each, name) for name in each.__dataclass_fields__}) for each in saved)
    assert runs.delete_runs([each.id for each in saved]) == 1100


def test_a_dead_owner_is_interrupted_a_living_one_is_not() -> None:
    gone = subprocess.run(
        [sys.executable, "-c", "from core.store import runs; print(runs.this_process())"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    ).stdout.strip()
    dead = record(1, status="running", owner=gone)
    reused = record(2, status="running", owner=" ".join([*runs.this_process().split()[:2], "1.00"]))
    alive = record(3, status="running", owner=runs.this_process())
    for each in (dead, reused, alive):
        runs.save(each)
    assert runs.mark_interrupted() == 2
    assert [runs.get(each.id).status for each in (dead, reused, alive)] == ["interrupted", "interrupted", "running"]
    assert "what had arrived is kept" in (runs.get(dead.id).error or "")
    assert runs.mark_interrupted() == 0


def test_another_machines_run_counts_as_gone_after_an_hour_of_silence() -> None:
    now = datetime.now(UTC)
    silent = record(status="running", owner="elsewhere 1 1.00", updated_at=now - timedelta(hours=2))
    busy = record(status="running", owner="elsewhere 1 1.00", updated_at=now)
    runs.save(silent)
    runs.save(busy)
    assert runs.mark_interrupted() == 1
    assert runs.get(busy.id).status == "running"


def test_titles_are_one_short_line_that_every_database_takes() -> None:
    assert runs.title_of("  two\n words \0 ") == "two words �"
    assert len(runs.title_of("x" * 10_000)) == 80


def test_iterate_yields_all_or_the_chosen_newest_first() -> None:
    saved = [record(number) for number in range(120)]
    for each in saved:
        runs.save(each)
    assert [each.id for each in runs.iterate()] == [each.id for each in reversed(saved)]
    assert list(runs.iterate([saved[3].id])) == [saved[3]]


def test_sixteen_threads_and_two_processes_write_without_losing_one(loupe_home: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_save_many, args=(40,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    threads = [threading.Thread(target=_save_many, args=(10,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert runs.count_runs() == 2 * 40 + 16 * 10


def _save_many(count: int) -> None:
    for number in range(count):
        runs.save(record(number))


@pytest.mark.parametrize("search", ["word " * 1500, "x" * 60_000, "%_" * 5000])
def test_a_search_of_any_length_is_answered(search: str) -> None:
    runs.save(record(prompt="a word " + "x" * 200))
    assert len(runs.list_runs(search=search)) == runs.count_runs(search=search) == (0 if "%" in search else 1)


def test_a_value_no_database_holds_is_one_sentence() -> None:
    with pytest.raises(StoreError, match="does not fit the database"):
        runs.save(record(prompt_tokens=10**24))
