"""The child process: kept warm, limited, replaced, and never left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.documents.extracted import Extracted, Refused
from core.documents.loading import Limits, Loader, load
from core.documents.loading.wire import document, encode
from core.errors import LoadError
from core.models.child import PROJECT
from tests.core.documents.loading import make

BUSY = zlib.compress(b"BT /F1 12 Tf " + b"(Hello) Tj " * 2_000_000 + b"ET", 1)
"""A page that keeps pypdf busy for many seconds."""


@pytest.fixture
def put(tmp_path: Path) -> Any:
    def put(name: str, data: bytes | str) -> Path:
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return put


def children() -> list[psutil.Process]:
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if "core.documents.loading.child" in " ".join(process.cmdline())
    ]


def text_of(loader: Loader, path: Path) -> str:
    (found,) = loader.load(path, name=path.name)
    assert isinstance(found, Extracted)
    return found.text


def test_one_child_serves_many_files_of_many_types(put: Any) -> None:
    with Loader() as loader:
        assert text_of(loader, put("a.txt", "alpha")) == "alpha"
        (child,) = children()
        assert text_of(loader, put("b.pdf", make.pdf(["beta"]))) == "beta"
        with pytest.raises(LoadError, match=r"^c\.pdf is damaged"):
            list(loader.load(put("c.pdf", b"%PDF-1.4 garbage"), name="c.pdf"))
        assert text_of(loader, put("d.md", "# delta")) == "# delta"
        assert children() == [child]
    assert children() == []


def test_load_gives_what_the_readers_give_and_leaves_no_child(put: Any) -> None:
    path = put("a.zip", make.zipped({"a.txt": "Größe 🙂\n" * 50_000, "b.pdf": make.pdf(["x", "", "y"]), "c": ""}))
    from core.documents.loading.child import documents

    assert list(load(path, name="a.zip")) == list(documents(path, "a.zip", Limits()))
    assert children() == []


def test_what_travels_arrives_unchanged(put: Any) -> None:
    from core.documents.extracted import Page

    sent = Extracted(
        key='k"\n',
        kind="pdf",
        title="é",
        text="a\n\t🙂" * 1000,
        pages=(Page(1, 0, 5, "one"), Page(4, 5, 9)),
        metadata={"n": 1, "f": 0.5, "b": True, "s": "x"},
        notes=("n1", "n2"),
        digest="d",
        size=3,
    )
    raw = encode(sent)
    assert raw.count(b"\n") == 1
    assert document(json.loads(raw)["document"]) == sent


@pytest.mark.parametrize(
    ("make_path", "sentence"),
    [
        (lambda folder: folder / "none.txt", "x.txt cannot be opened: No such file or directory."),
        (lambda folder: folder, "x.txt is not a file; add files, or a zip of them."),
        (lambda folder: folder / "a\0b", "x.txt cannot be opened: its path is not valid."),
        (lambda folder: Path("/dev/zero"), "x.txt is not a file; add files, or a zip of them."),
    ],
)
def test_what_is_no_file(tmp_path: Path, make_path: Any, sentence: str) -> None:
    with pytest.raises(LoadError) as caught:
        list(load(make_path(tmp_path), name="x.txt"))
    assert str(caught.value) == sentence


def test_empty_and_too_large_files_are_refused_before_a_child_starts(put: Any) -> None:
    with Loader(Limits(file_bytes=10)) as loader:
        with pytest.raises(LoadError, match=r"^a\.pdf is empty\.$"):
            list(loader.load(put("a.pdf", b""), name="a.pdf"))
        with pytest.raises(LoadError, match="more than the limit of 0 MB; split it, or raise max_file_mb"):
            list(loader.load(put("b.txt", "x" * 11), name="b.txt"))
        assert children() == []
        assert text_of(loader, put("c.txt", "x" * 10)) == "x" * 10


def test_the_limit_of_a_file_is_a_setting(put: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.settings import get_settings

    monkeypatch.setenv("LOUPE_MAX_FILE_MB", "1")
    get_settings.cache_clear()
    with pytest.raises(LoadError, match="has 2 MB, more than the limit of 1 MB"):
        list(load(put("a.txt", "x" * 2_000_000), name="a.txt"))


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\0b.txt", "<img src=x onerror=alert(1)>.txt", "🙂" * 300, "\udcff.txt"]
)
def test_odd_names_are_only_names(put: Any, name: str) -> None:
    (found,) = load(put("plain", "text"), name=name)
    assert isinstance(found, Extracted)
    assert found.text == "text"
    found.title.encode()
    assert "\0" not in found.title and len(found.title) <= 300
    with pytest.raises(LoadError) as caught:
        list(load(put("empty", ""), name=name))
    assert str(caught.value).isprintable() and len(str(caught.value)) < 200


def test_too_much_memory_is_a_sentence_and_the_next_file_is_read(put: Any) -> None:
    limits = Limits(memory_bytes=400 * 2**20)
    big = put("big.json", '{"a": "' + "x" * 150_000_000 + '"}')
    with Loader(limits) as loader:
        with pytest.raises(LoadError, match=r"^big\.json needs more than 0\.4 GB of memory to read; split it"):
            list(loader.load(big, name="big.json"))
        assert text_of(loader, put("a.txt", "after")) == "after"


def test_too_much_processor_time_is_a_sentence(put: Any) -> None:
    with pytest.raises(LoadError, match="needs more than 1 s of processor time"):
        list(load(put("a.pdf", make.pdf_with_stream(BUSY)), name="a.pdf", limits=Limits(cpu_s=1, page_s=60)))


def test_a_page_that_takes_too_long_is_passed_over(put: Any) -> None:
    with pytest.raises(LoadError, match=r"gave no text: page 1 could not be read \(took longer than 1 s\)"):
        list(load(put("a.pdf", make.pdf_with_stream(BUSY)), name="a.pdf", limits=Limits(page_s=1)))


def test_silence_is_a_sentence(put: Any) -> None:
    with pytest.raises(LoadError, match="made no progress for 1 s and was stopped"):
        list(load(put("a.pdf", make.pdf_with_stream(BUSY)), name="a.pdf", limits=Limits(silence_s=1, page_s=60)))
    assert children() == []


def test_a_killed_child_is_a_sentence_and_is_replaced(put: Any) -> None:
    path = put("a.pdf", make.pdf_with_stream(BUSY))
    with Loader(Limits(page_s=60)) as loader:
        assert text_of(loader, put("a.txt", "warm")) == "warm"
        (child,) = children()
        threading.Timer(1, child.send_signal, (signal.SIGSEGV,)).start()
        with pytest.raises(LoadError, match=r"^a\.pdf made the process that reads files crash \(code -11\)"):
            list(loader.load(path, name="a.pdf"))
        assert text_of(loader, put("b.txt", "again")) == "again"
        assert children() != [child]


def test_a_child_that_died_between_two_files(put: Any) -> None:
    with Loader() as loader:
        text_of(loader, put("a.txt", "one"))
        (child,) = children()
        child.kill()
        child.wait(10)
        assert text_of(loader, put("b.txt", "two")) == "two"


def test_one_bad_member_does_not_cost_the_others(put: Any) -> None:
    members = {"a.txt": "first", "b.pdf": make.pdf_with_stream(BUSY), "c.txt": "last"}
    limits = Limits(cpu_s=2, page_s=60)
    found = list(load(put("a.zip", make.zipped(members)), name="a.zip", limits=limits))
    assert [one.key for one in found] == ["a.txt", "b.pdf", "c.txt"]
    assert isinstance(found[1], Refused)
    assert found[1].reason.startswith("b.pdf needs more than 2 s of processor time")


def test_cancel_stops_the_child_at_once(put: Any) -> None:
    cancel = threading.Event()
    threading.Timer(1, cancel.set).start()
    began = time.monotonic()
    with pytest.raises(LoadError, match=r"^Reading a\.pdf was cancelled\.$"):
        list(load(put("a.pdf", make.pdf_with_stream(BUSY)), name="a.pdf", cancel=cancel, limits=Limits(page_s=60)))
    assert time.monotonic() - began < 30
    assert children() == []


def test_whoever_stops_in_the_middle_leaves_a_loader_that_works(put: Any) -> None:
    corpus = put("c.jsonl", "".join(f'{{"_id": "{number}", "text": "text"}}\n' for number in range(50_000)))
    with Loader() as loader:
        documents = loader.load(corpus, name="c.jsonl")
        assert next(documents).key == "0"
        documents.close()
        assert text_of(loader, put("a.txt", "next")) == "next"


def test_a_child_does_not_outlive_its_parent(put: Any) -> None:
    path = put("a.pdf", make.pdf_with_stream(BUSY))
    program = (
        "import sys\nfrom pathlib import Path\nfrom core.documents.loading import Limits, load\n"
        "list(load(Path(sys.argv[1]), name='a.pdf', limits=Limits(page_s=60)))"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(path)], cwd=PROJECT)
    deadline = time.monotonic() + 60
    while not (born := children()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    psutil.wait_procs(born, timeout=20)
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in born)


def test_the_child_knows_no_secrets(put: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-CANARY-1")
    monkeypatch.setenv("HF_TOKEN", "hf_CANARY")
    with Loader() as loader:
        text_of(loader, put("a.txt", "x"))
        (child,) = children()
        assert "CANARY" not in json.dumps(child.environ())


def test_a_long_corpus_streams_in_flat_memory(put: Any) -> None:
    row = '{"_id": "%d", "text": "' + "word " * 200 + '"}\n'
    corpus = put("c.jsonl", "".join(row % number for number in range(20_000)))  # 20 MB
    limits = Limits(memory_bytes=300 * 2**20)
    peak = count = 0
    with Loader(limits) as loader:
        for count, _ in enumerate(loader.load(corpus, name="c.jsonl"), 1):
            if count % 4000 == 0:
                peak = max(peak, children()[0].memory_info().rss)
    assert count == 20_000
    assert peak < 60 * 2**20
