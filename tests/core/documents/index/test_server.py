"""A Chroma server in place of the embedded one: a real `chroma run` on loopback, its absence, and a key nobody sees."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.documents import collections as shelf
from core.documents import index
from core.documents.index import exact, syncing
from core.errors import EndpointError, InvalidInput
from core.settings import get_settings
from core.store import collections, documents
from tests.core.store.document_rows import collection, new, vector, write

CANARY = "sk-CANARY-chroma-key-1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    folder = tmp_path_factory.mktemp("server")
    chroma = Path(sys.executable).with_name("chroma")
    child = subprocess.Popen(
        [chroma, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"{url}/api/v2/heartbeat", timeout=2).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield url
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def same(found: exact.Found, wanted: exact.Found) -> None:
    for one, other in zip(found, wanted, strict=True):
        assert [chunk for chunk, _ in one] == [chunk for chunk, _ in other]
        np.testing.assert_allclose([score for _, score in one], [score for _, score in other], atol=1e-5)


def use(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_CHROMA_URL", url)
    get_settings.cache_clear()


def test_a_server_holds_the_index(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(server, monkeypatch)
    row = collection()
    write(row, *(new(f"d{number}", *(f"{number} {place}" for place in range(10))) for number in range(30)))
    row = collections.by_id(row.id)
    stranger = index.keeper.clients.server(get_settings())
    stranger.create_collection("somebody-elses", embedding_function=None)
    assert index.sync(row.name)
    state = index.state(row)
    assert (state.status, state.where) == ("current", server)
    queries = np.stack([vector(f"question {number}") for number in range(5)])
    assert index._of_this_home().query(row, queries, 10) is not None
    same(index.nearest(row, queries, 10), exact.scan(row, queries, 10))
    assert stranger.get_collection(syncing.name_of(row), embedding_function=None).count() == 300
    documents.remove(row.id, ["d1", "d2"])
    row = collections.by_id(row.id)
    same(index.nearest(row, queries, 10), exact.scan(row, queries, 10))
    assert index.sync(row.name)
    assert stranger.get_collection(syncing.name_of(row), embedding_function=None).count() == 280
    index._of_this_home()._look()
    shelf.delete(row.name)
    assert [each.name for each in stranger.list_collections()] == ["somebody-elses"]
    assert not (get_settings().home / "chroma").exists()


def test_a_server_that_does_not_answer_stops_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMA_API_KEY", CANARY)
    use(f"http://127.0.0.1:{free_port()}", monkeypatch)
    row = collection()
    write(row, new("a", "one", "two"))
    with pytest.raises(EndpointError, match="does not answer") as error:
        index.sync(row.name)
    assert CANARY not in str(error.value)
    assert len(index.nearest(row.name, vector("one"), 5)[0]) == 2
    shelf.delete(row.name)


def test_a_key_does_not_travel_unencrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMA_API_KEY", CANARY)
    use("http://192.0.2.1:8000", monkeypatch)
    row = collection()
    write(row, new("a", "one"))
    with pytest.raises(EndpointError, match="would travel unencrypted") as error:
        index.sync(row.name)
    assert CANARY not in str(error.value)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://x", "http://user:secret@x", "http://x?key=1", "http://"])
def test_an_address_that_cannot_be_one_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(url, monkeypatch)
    with pytest.raises(InvalidInput, match="chroma_url") as error:
        get_settings()
    assert "secret" not in str(error.value)
