"""Downloads against a small hub on loopback: whole, resumed, cancelled, refused, and every failure one sentence."""

from __future__ import annotations

import errno
import hashlib
import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.errors import Conflict, InvalidInput, LoupeError, NotFound
from core.models import hub
from core.models.hub import start_download
from core.models.hub_worker import explained
from core.models.pool import get_pool
from core.models.reference import parse_ref
from core.models.registry import delete_model, list_models

SHA = "0123456789abcdef0123456789abcdef01234567"


class FakeHub(ThreadingHTTPServer):
    """`/api/models/ORG/NAME/revision/REV` and `/ORG/NAME/resolve/REV/FILE`, with ranges."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.status = 200
        self.headers_for_errors: dict[str, str] = {}
        self.slow = False
        self.wrong_hash = False
        self.requests: list[tuple[str, str | None, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers.get("Range"), self.headers.get("Authorization")))
        if self.server.status != 200:
            return self.answer(self.server.status, b"{}", self.server.headers_for_errors)
        if self.path.startswith("/api/models/"):
            if "/revision/missing" in self.path:
                return self.answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            return self.answer(200, json.dumps(self.listing()).encode(), {"Content-Type": "application/json"})
        content = self.server.files[self.path.split("/", 5)[5]]
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        for place in range(start, len(content), 65536):
            try:
                self.wfile.write(content[place : place + 65536])
            except OSError:
                return
            if self.server.slow and len(content) > 10**6:
                time.sleep(0.02)

    do_HEAD = do_GET

    def listing(self) -> dict[str, Any]:
        siblings = []
        for name, content in self.server.files.items():
            entry: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": "0" * 40}
            if name.endswith((".safetensors", ".bin")):
                sha = "0" * 64 if self.server.wrong_hash else hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"sha256": sha, "size": len(content), "pointerSize": 100}
            siblings.append(entry)
        return {"id": "org/tiny", "modelId": "org/tiny", "sha": SHA, "siblings": siblings, "tags": [], "private": False}

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.fixture
def server(tiny_model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    files = {file.name: file.read_bytes() for file in tiny_model.iterdir()}
    fake = FakeHub(files | {"pytorch_model.bin": b"pickle", "modeling_evil.py": b"import os", "flax.msgpack": b"x"})
    threading.Thread(target=fake.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", fake.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(hub, "_DOWNLOADS", {})
    yield fake
    fake.shutdown()
    fake.server_close()


def big(fake: FakeHub, size: int = 8_000_000) -> None:
    """Make the weights large enough to be caught in the middle."""
    header = json.dumps({"a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    fake.files["model.safetensors"] = len(header).to_bytes(8, "little") + header + bytes(size)
    fake.slow = True


def until(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_download_is_listed_and_runs(server: FakeHub) -> None:
    download = start_download("org/tiny")
    assert download.wait(60)
    now = download.progress()
    assert (now.state, now.done_bytes, now.error) == ("finished", now.total_bytes, None)
    [info] = [info for info in list_models() if info.ref == "hf:org/tiny"]
    folder = Path(info.path or "")
    names = {file.name for file in folder.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
    assert not names & {"pytorch_model.bin", "modeling_evil.py", "flax.msgpack", ".commit"}
    with get_pool().lease("hf:org/tiny") as model:
        assert model.context_length == 256
    get_pool().unload("hf:org/tiny")
    with pytest.raises(Conflict, match="downloaded already"):
        start_download("hf:org/tiny")
    delete_model("hf:org/tiny")
    assert not folder.exists()
    assert all(token == "Bearer hf_canary" for _, _, token in server.requests)


def test_the_modules_of_an_embedding_model_come_with_it(server: FakeHub) -> None:
    server.files |= {
        "1_Pooling/config.json": b'{"pooling_mode_cls_token": true}',
        "2_Dense/pytorch_model.bin": b"pickle",
    }
    server.files |= {"onnx/model.onnx": b"x", "1_Pooling/evil.py": b"import os"}
    assert start_download("org/tiny").wait(60)
    folder = hub.download_folder(parse_ref("hf:org/tiny"))
    assert (folder / "1_Pooling" / "config.json").read_bytes() == server.files["1_Pooling/config.json"]
    assert not any(file.suffix in (".py", ".bin", ".onnx", ".part") for file in folder.rglob("*"))


def test_cancel_takes_effect_within_a_second_and_the_next_attempt_resumes(server: FakeHub) -> None:
    big(server)
    download = start_download("hf:org/tiny")
    until(lambda: download.progress().done_bytes > 1_000_000)
    now = download.progress()
    assert now.state == "running" and now.file == "model.safetensors" and now.rate and now.eta_s is not None
    assert start_download("hf:org/tiny") is download
    with pytest.raises(Conflict, match="cancel that"):
        delete_model("hf:org/tiny")
    download.cancel()
    assert download.wait(1)
    assert download.progress().state == "cancelled"
    assert [info.ref for info in list_models()] == ["smollm2"]
    with pytest.raises(NotFound, match="not downloaded"):
        get_pool().load("hf:org/tiny")

    server.slow = False
    server.requests.clear()
    again = start_download("hf:org/tiny")
    assert again.wait(60)
    [(_, resumed, _)] = [request for request in server.requests if request[0].endswith("model.safetensors")]
    assert resumed is not None and int(resumed.removeprefix("bytes=").partition("-")[0]) > 0
    whole = hub.download_folder(parse_ref("hf:org/tiny")) / "model.safetensors"
    assert whole.read_bytes() == server.files["model.safetensors"]


def failure(name: str = "hf:org/tiny") -> LoupeError:
    download = start_download(name)
    with pytest.raises(LoupeError) as caught:
        download.wait(60)
    sentence = str(caught.value)
    assert "\n" not in sentence and "canary" not in sentence and "Traceback" not in sentence
    assert download.progress().state == "failed" and download.progress().error == sentence
    assert not hub.download_folder(parse_ref(name)).exists()
    return caught.value


def test_pickle_only_repositories_are_refused_before_anything_is_downloaded(server: FakeHub) -> None:
    del server.files["model.safetensors"]
    assert "unsafe weights" in str(failure())
    assert not any("/resolve/" in path for path, _, _ in server.requests)


def test_a_repository_that_wants_to_run_code_is_refused_before_its_weights(server: FakeHub) -> None:
    config = json.loads(server.files["config.json"]) | {"auto_map": {"AutoModel": "modeling_evil.Evil"}}
    server.files["config.json"] = json.dumps(config).encode()
    assert "run code" in str(failure())
    assert not any(path.endswith("model.safetensors") for path, _, _ in server.requests)


def test_a_wrong_hash_is_refused(server: FakeHub) -> None:
    server.wrong_hash = True
    assert "damaged" in str(failure())


@pytest.mark.parametrize(
    ("status", "headers", "match"),
    [
        (404, {"X-Error-Code": "RepoNotFound"}, "not on the hub"),
        (401, {"X-Error-Code": "RepoNotFound"}, "not on the hub"),
        (401, {}, "not on the hub|refuses"),
        (403, {"X-Error-Code": "GatedRepo"}, "is gated: accept its terms"),
        (403, {}, "refuses|status 403"),
        (400, {}, "status 400"),
    ],
)
def test_refusals_of_the_hub_are_one_sentence(
    server: FakeHub, status: int, headers: dict[str, str], match: str
) -> None:
    server.status, server.headers_for_errors = status, headers
    error = failure()
    assert re.search(match, str(error)), str(error)


def test_a_missing_revision_is_said(server: FakeHub) -> None:
    assert "no such revision" in str(failure("hf:org/tiny@missing"))


def test_an_unreachable_hub_is_said(server: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "cannot be reached" in str(failure())


def test_offline_is_respected(server: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE" in str(failure())
    assert server.requests == []


@pytest.mark.parametrize(
    ("error", "match"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full; make room"),
        (httpx.ReadTimeout("slow"), "cannot be reached"),
        (KeyError("sha"), "could not be downloaded"),
    ],
)
def test_failures_of_disk_and_line_are_one_sentence(error: Exception, match: str) -> None:
    assert match in str(explained("org/tiny", error))


@pytest.mark.parametrize("text", ["", "smollm2", "../../etc", "http://x/y", "path:/tmp", "a/b/c", "x" * 10_000])
def test_what_is_not_a_hub_model_is_refused(text: str) -> None:
    with pytest.raises((InvalidInput, NotFound)):
        start_download(text)


def test_the_hub_librarys_own_cache_is_used(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    cache = tmp_path / "cache"
    snapshot = cache / "models--org--cached" / "snapshots" / SHA
    shutil.copytree(tiny_model, snapshot)
    (cache / "models--org--cached" / "refs").mkdir()
    (cache / "models--org--cached" / "refs" / "main").write_text(SHA)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    assert hub.local_folder(parse_ref("hf:org/cached")) == snapshot
