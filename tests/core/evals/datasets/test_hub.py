"""Data sets of the hub, against a small hub on loopback: chosen, downloaded once, then used offline."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from huggingface_hub.errors import OfflineModeIsEnabled

from core.errors import InvalidInput, NotFound
from core.evals.datasets import hub
from core.evals.datasets.hub_worker import _CONVERTED_FILE, CONVERTED, choose, explained
from tests.core.evals.datasets.making import found, over

SHA = "0123456789abcdef0123456789abcdef01234567"


def parquet(values: list[Any]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    pq.write_table(pa.table({"x": values}), stream)
    return stream.getvalue()


class Hub(BaseHTTPRequestHandler):
    """`/api/datasets/ORG/NAME/revision/REV`, its `tree`, and `/datasets/ORG/NAME/resolve/REV/FILE`."""

    files: dict[str, bytes]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if not path.startswith(("/api/datasets/org/set", "/datasets/org/set/")):
            return self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        if "/tree/" in path:
            entries = [
                {"type": "file", "path": name, "size": len(each), "oid": "0" * 40} for name, each in self.files.items()
            ]
            return self.answer(200, json.dumps(entries).encode(), {})
        if path.startswith("/api/"):
            siblings = [{"rfilename": name, "size": len(each)} for name, each in self.files.items()]
            body = {"id": "org/set", "sha": SHA, "siblings": siblings, "tags": [], "private": False}
            return self.answer(200, json.dumps(body).encode(), {})
        name = next((each for each in self.files if path.endswith(f"/{each}")), None)
        if name is None:
            return self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        return self.answer(200, self.files[name], {"ETag": f'"{len(self.files[name])}"', "X-Repo-Commit": SHA})

    do_HEAD = do_GET

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    Hub.files = {
        "main/test/0000.parquet": parquet(["a", "b"]),
        "main/test/0001.parquet": parquet(["c"]),
        "main/train/0000.parquet": parquet(["z"]),
        "README.md": b"x",
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_HUB_OFFLINE")
    yield server
    server.shutdown()
    server.server_close()


def test_rows_are_downloaded_once_and_then_used_offline(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [row.vars["x"] for row in found(over("hub:org/set"))[0]] == ["a", "b", "c"]
    server.shutdown()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    both, _ = found(over("hub:org/set?limit=2", more=("hub:org/set?limit=1",)))  # each limit is of its own set
    assert [row.vars["x"] for row in both] == ["a", "b", "a"]
    rows, _ = found(over("hub:org/set", limit=2))
    assert [(row.vars["x"], row.where) for row in rows] == [("a", "hub:org/set, row 1"), ("b", "hub:org/set, row 2")]


def test_every_failure_is_one_sentence() -> None:
    for error, says in [
        (httpx.ConnectError("x"), "the hub cannot be reached; check the network"),
        (OfflineModeIsEnabled("x"), "downloads are off because HF_HUB_OFFLINE is set"),
        (OSError(28, "No space left on device"), "could not be downloaded: No space left on device"),
        (NotFound("As it is."), "As it is."),
    ]:
        assert says in str(explained("org/set", error))


@pytest.mark.parametrize(
    ("config", "split", "chosen"),
    [
        ("", "", ["a/test/0000.parquet", "a/test/0001.parquet"]),
        ("a", "train", ["a/train/0000.parquet"]),
        ("a", "nope", "has no split nope; there are test, train"),
        ("b", "", "has no configuration b; there are a"),
    ],
)
def test_which_files_are_meant(config: str, split: str, chosen: list[str] | str) -> None:
    names = ["a/test/0001.parquet", "a/test/0000.parquet", "a/train/0000.parquet", "README.md"]
    if isinstance(chosen, list):
        assert choose(names, config, split, hub.SPLITS, "org/set", _CONVERTED_FILE) == chosen
    else:
        with pytest.raises(NotFound, match=chosen):
            choose(names, config, split, hub.SPLITS, "org/set", _CONVERTED_FILE)
    with pytest.raises(InvalidInput, match="several configurations; name one: a, c"):
        choose([*names, "c/test/0000.parquet"], "", "", hub.SPLITS, "org/set", _CONVERTED_FILE)
    with pytest.raises(NotFound, match="no Parquet files"):
        choose(["data.csv"], "", "", hub.SPLITS, "org/set", _CONVERTED_FILE)
    assert CONVERTED == "refs/convert/parquet"


@pytest.mark.parametrize(
    "text",
    [
        "hub:",
        "hub:org",
        "hub:../x/y",
        "hub:org/na me",
        "hub:org/set:a/b/c",
        "hub:org/..",
        "hub:/etc/passwd",
        "hub:org/set?limit=0",
    ],
)
def test_names_that_are_no_data_sets(text: str) -> None:
    with pytest.raises(InvalidInput, match="is no data set of the hub"):
        hub.parse(text)


def test_names_of_data_sets_are_written_as_they_were_read() -> None:
    for text in [
        "hub:org/set",
        "hub:org/set:main",
        "hub:org/set/test",
        "hub:org/set:main/test",
        "hub:org/set/test?limit=7",
    ]:
        assert str(hub.parse(text)) == text
