"""Chroma as an index: current, healed after damage, owned by one process, never a reason for an error."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from core import jobs
from core.documents import collections as shelf
from core.documents import index
from core.documents.index import exact, rebuild_job, syncing
from core.documents.index.keeper import Keeper
from core.documents.index.owner import Folder
from core.settings import get_settings
from core.store import collections, documents, vectors
from core.store.collections import CollectionRow
from tests.core.store.document_rows import collection, new, vector, write

COUNT = 600


def filled(name: str = "papers", count: int = COUNT) -> CollectionRow:
    row = collection(name)
    made = [new(f"d{number}", *(f"{name} {number} {place}" for place in range(10))) for number in range(count // 10)]
    write(row, *made)
    return collections.by_id(row.id)


def current(row: CollectionRow) -> CollectionRow:
    assert index.sync(row.name)
    row = collections.by_id(row.id)
    assert index.state(row).status == "current"
    return row


def indexed(row: CollectionRow) -> set[int]:
    """Ids that Chroma holds, read by a client of its own once this process has let go."""
    index.close()
    program = (
        "import json, sys; from core.documents.index.clients import embedded\n"
        "client = embedded(sys.argv[1])\n"
        "print(json.dumps({each.name: client.get_collection(each.name, embedding_function=None).get(include=[])['ids']"
        " for each in client.list_collections()}))"
    )
    child = subprocess.run(
        [sys.executable, "-c", program, str(Folder(get_settings().home).index)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = json.loads(child.stdout)
    return {int(each) for each in found.get(syncing.name_of(row), [])}


def answers(row: CollectionRow, k: int = 10) -> list[list[int]]:
    queries = [vector(f"question {number}") for number in range(8)]
    return [[chunk for chunk, _ in index.nearest(row, query, k)[0]] for query in queries]


def exactly(row: CollectionRow, k: int = 10) -> list[list[int]]:
    queries = np.stack([vector(f"question {number}") for number in range(8)])
    return [[chunk for chunk, _ in found] for found in exact.scan(row, queries, k)]


def test_chroma_answers_like_the_exact_search_and_follows_changes() -> None:
    row = current(filled())
    assert index._of_this_home().query(row, vector("q")[None], 10) is not None
    assert answers(row) == exactly(row)
    write(row, new("d3", "another", "text", digest="2"), new("new", "one"))
    documents.remove(row.id, ["d5"])
    moved = collections.by_id(row.id)
    assert index.state(moved).status != "current"
    assert answers(moved) == exactly(moved)  # before it is brought up to date: from the store
    moved = current(moved)
    assert index._of_this_home().query(moved, vector("q")[None], 10) is not None
    assert answers(moved) == exactly(moved)
    assert indexed(moved) == set(documents.chunk_ids(moved.id))


def test_it_is_kept_current_in_the_background() -> None:
    row = filled()
    index.keep()
    for change in (None, "d1", "d2"):
        if change:
            documents.remove(row.id, [change])
        deadline = time.monotonic() + 120
        while index.state(row.name).status != "current":
            assert time.monotonic() < deadline, index.state(row.name)
            time.sleep(0.1)
    row = collections.by_id(row.id)
    assert answers(row) == exactly(row)


def test_a_process_that_searches_a_large_collection_often_keeps_its_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LARGE", 500)
    small, large = filled("small", 100), filled("large", 500)
    for _ in range(2 * index.OFTEN):
        index.nearest(small, vector("q"), 5)
    assert index.state(large).status == "resting"
    for _ in range(2 * index.OFTEN):
        index.nearest(large, vector("q"), 5)
    deadline = time.monotonic() + 120
    while index.state(large).status != "current":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert answers(large) == exactly(large)


def test_fields_go_along_for_other_tools() -> None:
    row = collection()
    write(row, new("a.pdf", "one", metadata={"year": 2020, "chroma:x": "kept by Chroma for itself"}, kind="pdf"))
    row = current(collections.by_id(row.id))
    handle = index._of_this_home()._ready[row.id].handle
    [found] = handle.get()["metadatas"]
    [document] = documents.list_documents(row.id)
    assert found == {
        "document": document.id, "source": "a.pdf", "kind": "pdf", "page": 1, "year": 2020,
    }  # fmt: skip


@pytest.mark.slow
def test_a_deleted_collection_takes_its_index_along_and_readers_see_no_error() -> None:
    row, other = current(filled("one", 100)), current(filled("two", 100))
    errors: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                index.nearest(row, vector("q"), 5)
        except BaseException as error:
            errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    shelf.delete("one")
    stop.set()
    reader.join()
    assert errors == []
    assert indexed(row) == set()
    assert len(indexed(other)) == 100


def test_another_models_vectors_get_an_index_of_their_own() -> None:
    row = current(filled(count=100))
    collections.begin_embedding(row.id, "hf:x/y")
    texts = vectors.missing(row.id, "hf:x/y")
    vectors.save("hf:x/y", {key: vector(text, 8) for key, text in texts})
    assert collections.flip_embedding(row.id, 8)
    row = current(collections.by_id(row.id))
    assert len(index.nearest(row, vector("q", 8), 5)[0]) == 5
    assert len(indexed(row)) == 100


def damaged(folder: Path, how: str) -> None:
    if how == "gone":
        shutil.rmtree(folder)
    elif how == "database":
        (folder / "chroma.sqlite3").write_bytes(b"this is no database" * 100)
    elif how == "bits":
        for file in folder.rglob("data_level0.bin"):
            data = bytearray(file.read_bytes())
            for place in range(0, len(data), 97):
                data[place] ^= 0x55
            file.write_bytes(bytes(data))
    elif how == "cut":
        for file in folder.rglob("*.bin"):
            os.truncate(file, file.stat().st_size // 2)
    elif how == "files":
        for file in folder.rglob("*.bin"):
            file.unlink()


@pytest.mark.parametrize(
    "how", ["bits", *(pytest.param(how, marks=pytest.mark.slow) for how in ("gone", "database", "cut", "files"))]
)
def test_a_damaged_folder_is_made_again_and_answers_are_the_same(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syncing, "SYNC_THRESHOLD", 100)  # so that there are files to damage
    row = current(filled())
    before = answers(row)
    folder = Folder(get_settings().home).index
    index.close()
    assert how == "gone" or list(folder.rglob("data_level0.bin"))
    damaged(folder, how)
    assert answers(row) == before  # at once, from the store
    row = current(row)
    assert index._of_this_home().query(row, vector("q")[None], 10) is not None
    assert answers(row) == before
    assert indexed(row) == set(documents.chunk_ids(row.id))


@pytest.mark.slow
def test_a_folder_that_is_removed_while_it_is_open_is_made_again() -> None:
    row = current(filled(count=100))
    shutil.rmtree(Folder(get_settings().home).root)
    before = exactly(row)
    write(row, new("more", "one"))
    documents.remove(row.id, ["more"])
    row = current(collections.by_id(row.id))
    assert answers(row) == before
    assert len(indexed(row)) == 100


HOLDER = (
    "import sys, time; from pathlib import Path; from core.documents.index.owner import Folder\n"
    "print(Folder(Path(sys.argv[1])).own(), flush=True); time.sleep(600)"
)


def test_one_process_owns_the_index_and_others_search_the_store() -> None:
    row = filled(count=100)
    home = get_settings().home
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(home)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "True"
        assert index.sync(row.name) is False
        state = index.state(row.name)
        assert (state.status, state.owner_pid) == ("elsewhere", holder.pid)
        assert f"in use by pid {holder.pid}" in state.note
        assert answers(row) == exactly(row)
        assert not (home / "chroma" / "index").exists()
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    assert index.sync(row.name) is True  # the lock went with its process


@pytest.mark.slow
def test_a_rebuild_makes_the_index_anew_or_asks_who_keeps_it() -> None:
    row = filled(count=100)
    done = rebuild_job.run({"collection": row.id}, jobs.JobContext("a"))
    assert done == {"collection": "papers", "chunks": 100, "by": None}
    index.keep()
    deadline = time.monotonic() + 120
    while index.state(row).status != "current":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    handle = index._of_this_home()._ready[row.id].handle
    done = rebuild_job.run({"collection": row.id}, jobs.JobContext("b"))
    assert done["by"] == os.getpid()
    assert index._of_this_home()._ready[row.id].handle.id != handle.id
    assert answers(row) == exactly(row)


@pytest.mark.slow
def test_a_keeper_that_closes_in_the_middle_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syncing, "BATCH", 50)
    row = filled(count=300)
    keeper = Keeper(get_settings())

    class Enough(BaseException):
        pass

    def enough(done: int, total: int) -> None:
        if done >= 100:
            raise Enough

    with pytest.raises(Enough):
        keeper.bring(row, enough)
    keeper.close()
    assert len(indexed(row)) == 100
    added: list[int] = []
    keeper = Keeper(get_settings())
    keeper.bring(row, lambda done, total: added.append(total))
    keeper.close()
    assert max(added) == 200
