"""Collections as pages see them: made, filled by a job, looked into; refusals in one sentence."""

import json
from pathlib import Path

import pytest

from core import jobs
from core.documents import collections
from core.documents.collections import Source
from core.documents.settings import SplitSettings
from core.errors import Conflict, InvalidInput, NotFound
from core.store import collections as store
from tests.core.store.document_rows import new, write


def test_a_collection_keeps_its_settings_and_counts() -> None:
    made = collections.create("Ökologie", SplitSettings.parse(splitter="sentence", chunk_size=100), "minilm")
    assert (made.documents, made.chunks, made.dimension) == (0, 0, None)
    write(store.get("Ökologie"), new("a.pdf", "one", "two", metadata={"year": 2020}))
    view = collections.get("Ökologie")
    assert (view.documents, view.chunks, view.dimension, view.embedding) == (1, 2, 16, "minilm")
    assert view.splitter == SplitSettings.parse(splitter="sentence", chunk_size=100)
    assert [each.name for each in collections.list_collections()] == ["Ökologie"]
    [document] = collections.documents("Ökologie")
    assert (document.path, document.metadata) == ("a.pdf", {"year": 2020})
    chunks = collections.chunks_of(document.id)
    assert [each.text for each in chunks] == ["one", "two"]
    shown, text, start, end = collections.passage(chunks[1].id)
    assert (shown.path, text[start:end]) == ("a.pdf", "two")
    assert collections.chunk_counts("Ökologie") == {"a.pdf": 2}
    assert collections.rename("Ökologie", "Ecology").name == "Ecology"
    assert collections.remove("Ecology", ["a.pdf"]) == ["a.pdf"]
    with pytest.raises(NotFound, match="removed"):
        collections.passage(chunks[1].id)
    collections.delete("Ecology")
    assert collections.list_collections() == []


def test_what_was_built_with_one_model_or_splitter_refuses_another(tmp_path: Path) -> None:
    collections.create("a")
    (tmp_path / "model").mkdir()
    write(store.get("a"), new("x", "one"))
    with pytest.raises(Conflict, match=r"“a” was built with minilm \(16-d\), not api:x/y"):
        collections.add("a", [Source("x")], embedding="api:x/y")
    with pytest.raises(Conflict, match=r"is split by recursive \(200 tokens, overlap 20\), not by fixed"):
        collections.add("a", [Source("x")], split=SplitSettings.parse(splitter="fixed"))
    with pytest.raises(Conflict, match="searched with minilm already"):
        collections.change_embedding("a", "minilm")
    with pytest.raises(InvalidInput, match="nothing to add"):
        collections.add("a", [])
    with pytest.raises(InvalidInput):
        collections.create("b", embedding="gguf?")
    assert jobs.list_jobs() == []


def test_an_empty_collection_takes_other_settings_and_a_job_fills_it(tmp_path: Path) -> None:
    """One run through a worker process with the bundled model; the finer points are tested in this process."""
    rows = [
        {"_id": f"d{number}", "title": "", "text": text} for number, text in enumerate(["A red apple.", "The sea."])
    ]
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows))
    collections.create("a")
    job_id = collections.add("a", [Source(str(corpus), "corpus.jsonl")], split=SplitSettings.parse(splitter="none"))
    job = jobs.wait(job_id, 300)
    assert (job.status, job.error) == ("finished", None)
    assert job.result == {
        "collection": "a",
        "files": [{"path": "corpus.jsonl", "status": "added", "chunks": 2, "reason": None, "documents": 2}],
        "chunks": 2,
    }
    assert job.done == job.total
    view = collections.get("a")
    assert (view.splitter.splitter, view.chunks, view.dimension) == ("none", 2, 384)
    assert [each.path for each in collections.documents("a")] == ["corpus.jsonl#d0", "corpus.jsonl#d1"]
