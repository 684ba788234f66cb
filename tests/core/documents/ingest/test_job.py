"""The ingest job: only what is new is embedded, a bad file stops nobody, nothing is half done."""

import json
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.documents.ingest import embedding as embedding_module
from core.documents.ingest import job as job_module
from core.documents.ingest import reembed_job
from core.documents.settings import SplitSettings
from core.errors import Conflict, ModelFailed, NotFound, StoreError
from core.jobs import JobCancelled, JobContext
from core.store import collections, documents, vectors
from core.store.collections import CollectionRow
from core.store.database import get_database
from tests.core.documents.ingest.conftest import Add
from tests.core.documents.ingest.stub import Stub
from tests.core.store.document_rows import everything


def made(name: str = "papers", splitter: str = "recursive", size: int = 12) -> CollectionRow:
    settings = SplitSettings.parse(splitter=splitter, chunk_size=size, chunk_overlap=0)
    return collections.create(name, embedding="minilm", splitter=settings.model_dump_json())


def words(start: int, count: int) -> str:
    return " ".join(f"word{number}" for number in range(start, start + count))


def statuses(result: dict[str, Any]) -> dict[str, str]:
    return {Path(each["path"]).name: each["status"] for each in result["files"]}


def corpus(path: Path, rows: dict[str, str]) -> Path:
    path.write_text("".join(json.dumps({"_id": key, "title": key, "text": text}) + "\n" for key, text in rows.items()))
    return path


def test_added_then_unchanged_then_replaced(add: Add, stub: Stub, files: Path) -> None:
    row = made()
    (files / "a.txt").write_text(words(0, 50))
    (files / "b.txt").write_text(words(100, 30))
    first = add(row, files / "a.txt", files / "b.txt")
    assert statuses(first) == {"a.txt": "added", "b.txt": "added"}
    assert first["chunks"] == sum(each["chunks"] for each in first["files"]) == len(documents.chunk_ids(row.id))
    assert first["collection"] == "papers"
    ids, asked = documents.chunk_ids(row.id), len(stub.asked)
    again = add(row, files / "a.txt", files / "b.txt")
    assert statuses(again) == {"a.txt": "unchanged", "b.txt": "unchanged"}
    assert [each["chunks"] for each in again["files"]] == [each["chunks"] for each in first["files"]]
    assert (documents.chunk_ids(row.id), len(stub.asked)) == (ids, asked)
    (files / "a.txt").write_text(words(0, 50) + "\n\nand " + words(500, 3))
    changed = add(row, files)  # the folder with both
    assert statuses(changed) == {"a.txt": "replaced", "b.txt": "unchanged"}
    renamed = add(row, (files / "a.txt", "other/name.txt"))
    assert statuses(renamed) == {"name.txt": "added"}
    assert len([text for text in stub.asked[asked:] if "word500" in text]) == 1  # twice stored, embedded once


def test_chunks_are_the_documents_text_and_have_pages(add: Add, files: Path) -> None:
    row = made(splitter="fixed", size=10)
    (files / "a.txt").write_text("Größe 🙂 " + words(0, 40))
    add(row, (files / "a.txt", "named.txt"))
    [listed] = documents.list_documents(row.id)
    assert listed.path == "named.txt"
    text = documents.document(listed.id).text
    chunks = documents.chunks_of(listed.id)
    assert " ".join(text[each.start : each.end] for each in chunks).split() == text.split()
    assert all(each.text == text[each.start : each.end] and each.tokens <= 10 for each in chunks)


def test_a_bad_file_stops_nobody(add: Add, files: Path) -> None:
    row = made()
    (files / "good.txt").write_text(words(0, 20))
    (files / "empty.txt").touch()
    (files / "broken.pdf").write_bytes(b"%PDF-1.4 this is no PDF")
    result = add(row, files / "empty.txt", files / "broken.pdf", files / "missing.txt", files / "good.txt")
    assert [each["status"] for each in result["files"]] == ["failed", "failed", "failed", "added"]
    reasons = [each["reason"] for each in result["files"]]
    assert "is empty" in reasons[0]
    assert all(reason.endswith(".") for reason in reasons[:3])
    assert reasons[3] is None


def test_equal_files_under_two_paths_are_two_documents_and_one_set_of_vectors(
    add: Add, stub: Stub, files: Path
) -> None:
    row = made()
    for name in ("a.txt", "b.txt"):
        (files / name).write_text(words(0, 60))
    add(row, files / "a.txt", files / "b.txt")
    found = everything(row)
    assert len(found) == 2
    assert len(set(map(tuple, found.values()))) == 1
    assert len(stub.asked) == len(set(stub.asked))


def test_a_corpus_is_one_document_a_row_and_follows_its_file(add: Add, stub: Stub, files: Path) -> None:
    row = made(splitter="none")
    rows = {f"d{number}": words(10 * number, 8) for number in range(40)}
    path = corpus(files / "corpus.jsonl", rows)
    result = add(row, (path, "corpus.jsonl"))
    assert result["files"] == [
        {"path": "corpus.jsonl", "status": "added", "chunks": 40, "reason": None, "documents": 40}
    ]
    assert everything(row)["corpus.jsonl#d7"] == [f"d7 {rows['d7']}"]
    before = {each.path: each.id for each in documents.list_documents(row.id)}
    assert documents.list_documents(row.id)[0].metadata["_id"] == "d0"
    del rows["d3"]
    rows["d5"] = "something else"
    rows["new"] = "a further row"
    corpus(path, rows)
    asked = len(stub.asked)
    result = add(row, (path, "corpus.jsonl"))
    assert result["files"][0]["status"] == "replaced"
    assert stub.asked[asked:] == ["d5 something else", "new a further row"]
    after = {each.path: each.id for each in documents.list_documents(row.id)}
    assert set(after) == {f"corpus.jsonl#{key}" for key in rows}
    assert all(after[path] == before[path] for path in after if path not in ("corpus.jsonl#d5", "corpus.jsonl#new"))
    assert add(row, (path, "corpus.jsonl"))["files"][0]["status"] == "unchanged"


def test_a_zip_is_one_document_a_member_and_bad_members_are_named(add: Add, files: Path) -> None:
    row = made()
    with zipfile.ZipFile(files / "a.zip", "w") as archive:
        archive.writestr("x/one.txt", words(0, 20))
        archive.writestr("two.md", "# Two\n\n" + words(50, 5))
        archive.writestr("../../evil.txt", "out")
        archive.writestr("empty.txt", "")
    result = add(row, (files / "a.zip", "a.zip"))
    assert {"a.zip#x/one.txt", "a.zip#two.md"} <= set(everything(row))
    lines = {each["path"]: each["status"] for each in result["files"]}
    assert lines["a.zip"] == "added"
    assert [path for path, status in lines.items() if status == "refused" and "evil" in path]
    assert documents.remove(row.id, ["a.zip"])
    assert everything(row) == {}


def test_a_long_document_keeps_vectors_as_they_come(
    add: Add, stub: Stub, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding_module, "BATCH", 10)
    row = made()
    (files / "long.txt").write_text("\n\n".join(words(10 * number, 10) for number in range(60)))
    original, calls = Stub.encode_documents, [0]

    def fail(self: Stub, texts: Any) -> Any:
        calls[0] += 1
        if calls[0] == 4:
            raise ModelFailed("The endpoint went away.")
        return original(self, texts)

    monkeypatch.setattr(Stub, "encode_documents", fail)
    with pytest.raises(ModelFailed):
        add(row, files / "long.txt")
    assert everything(row) == {}
    asked = len(stub.asked)
    assert asked == 30
    add(row, files / "long.txt")
    [chunks] = everything(row).values()
    assert len(stub.asked) == len(set(chunks)) == 60  # none was computed twice


def test_a_model_that_gives_what_cannot_be_used(add: Add, stub: Stub, files: Path) -> None:
    row = made()
    (files / "bad.txt").write_text("this text is spoilt by its words")
    (files / "good.txt").write_text(words(0, 20))
    stub.spoilt = "spoilt"
    result = add(row, files / "bad.txt", files / "good.txt")
    assert statuses(result) == {"bad.txt": "failed", "good.txt": "added"}
    assert "minilm gave no usable vector" in result["files"][0]["reason"]
    stub.spoilt, stub.short = "", True
    (files / "more.txt").write_text(words(50, 20))
    with pytest.raises(ModelFailed, match="nothing of this batch was kept"):
        add(row, files / "more.txt")
    stub.short, stub.dimension = False, 16
    assert set(map(len, everything(row).values())) == {len(everything(row)[str(files / "good.txt")])}
    assert statuses(add(row, files / "bad.txt", files / "more.txt")) == {"bad.txt": "added", "more.txt": "added"}


def test_cancelled_in_the_middle_it_stops_and_goes_on(
    add: Add, stub: Stub, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_module, "GROUP_CHUNKS", 5)
    row = made(splitter="none")
    path = corpus(files / "c.jsonl", {f"d{number}": words(number, 5) for number in range(60)})
    context = JobContext("job")
    original = Stub.encode_documents

    def cancel(self: Stub, texts: Any) -> Any:
        if len(self.asked) > 20:
            context.cancelled.set()
        return original(self, texts)

    monkeypatch.setattr(Stub, "encode_documents", cancel)
    with pytest.raises(JobCancelled):
        add(row, (path, "c"), context=context)
    some = len(everything(row))
    assert 0 < some < 60
    assert not [each for each in threading.enumerate() if each.name == "ingest-reader"]
    monkeypatch.setattr(Stub, "encode_documents", original)
    assert add(row, (path, "c"))["chunks"] == 60
    assert len(everything(row)) == 60


def test_a_full_disk_is_one_sentence_and_works_again_after(add: Add, files: Path) -> None:
    row = made()
    (files / "a.txt").write_text(words(0, 5000))
    with get_database()._open().connect() as connection:
        now = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())
        connection.exec_driver_sql(f"PRAGMA max_page_count={now + 8}")
    with pytest.raises(StoreError, match="The disk is full"):
        add(row, files / "a.txt")
    assert everything(row) == {}
    get_database().close()  # the limit goes with the connection
    assert statuses(add(row, files / "a.txt")) == {"a.txt": "added"}


def test_a_collection_that_is_deleted_meanwhile_is_said_to_be_gone(
    add: Add, stub: Stub, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = made()
    (files / "a.txt").write_text(words(0, 20))
    original = Stub.encode_documents

    def delete(self: Stub, texts: Any) -> Any:
        collections.delete(row.id)
        return original(self, texts)

    monkeypatch.setattr(Stub, "encode_documents", delete)
    with pytest.raises(NotFound, match="deleted"):
        add(row, files / "a.txt")


def test_the_progress_never_falls_and_ends_at_all(add: Add, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "GROUP_CHUNKS", 3)
    row = made()
    for number in range(8):
        (files / f"{number}.txt").write_text(words(1000 * number, 150 * (number + 1)))
    corpus(files / "c.jsonl", {f"d{number}": words(number, 30) for number in range(30)})
    seen: list[tuple[float, float | None]] = []
    context = JobContext("job")
    monkeypatch.setattr(context, "progress", lambda done, total=None, unit="", note="": seen.append((done, total)))
    add(row, files, context=context)
    assert seen == sorted(seen)
    assert len({total for _, total in seen}) == 1
    assert seen[-1][0] == seen[-1][1]
    assert len({done for done, _ in seen}) > 8


def test_a_changed_model_takes_over_and_a_job_in_between_is_refused(
    add: Add, stubs: dict[str, Stub], files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = made()
    (files / "a.txt").write_text(words(0, 60))
    add(row, files / "a.txt")
    chunks = len(documents.chunk_ids(row.id))
    result = reembed_job.run({"collection": row.id, "embedding": "hf:x/y"}, JobContext("job"))
    assert result == {"collection": "papers", "embedding": "hf:x/y", "vectors": chunks}
    changed = collections.by_id(row.id)
    assert (changed.embedding, changed.dimension, changed.next_embedding) == ("hf:x/y", 8, None)
    assert vectors.all_vectors(row.id)[1].shape == (chunks, 8)
    assert reembed_job.run({"collection": row.id, "embedding": "hf:x/y"}, JobContext("job"))["vectors"] == 0
    (files / "b.txt").write_text(words(200, 60))

    original = Stub.encode_documents

    def flip(self: Stub, texts: Any) -> Any:
        monkeypatch.setattr(Stub, "encode_documents", original)
        reembed_job.run({"collection": row.id, "embedding": "minilm"}, JobContext("other"))
        return original(self, texts)

    monkeypatch.setattr(Stub, "encode_documents", flip)
    with pytest.raises(Conflict, match="changed from hf:x/y to minilm"):
        add(row, files / "b.txt")
    assert statuses(add(row, files / "b.txt")) == {"b.txt": "added"}  # as a resumed job does


def test_an_unchanged_collection_loads_no_model(add: Add, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = made()
    (files / "a.txt").write_text(words(0, 20))
    add(row, files / "a.txt")

    def refuse(ref: str = "minilm") -> Stub:
        raise AssertionError("asked for")

    monkeypatch.setattr("core.models.embedders.get_embedder", refuse)
    assert statuses(add(row, files / "a.txt")) == {"a.txt": "unchanged"}


def test_a_name_longer_than_the_store_takes_stops_nobody(add: Add, files: Path) -> None:
    row = made()
    (files / "a.txt").write_text(words(0, 20))
    result = add(row, (files / "a.txt", "x" * 2001), (files / "a.txt", "good"))
    assert [each["status"] for each in result["files"]] == ["failed", "added"]
    assert "2,001 characters" in result["files"][0]["reason"]


def test_removal_forgets_vectors_of_replaced_text(add: Add, files: Path) -> None:
    row = made()
    (files / "a.txt").write_text(words(0, 40))
    add(row, files / "a.txt")
    old = {each.text_hash for each in documents.chunks(documents.chunk_ids(row.id)).values()}
    (files / "a.txt").write_text(words(1000, 40))
    assert statuses(add(row, files / "a.txt")) == {"a.txt": "replaced"}
    assert vectors.known("minilm", old) == set()
