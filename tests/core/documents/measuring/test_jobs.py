"""The jobs: results, resuming, and that a grid leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.documents.measuring import Question, grid_job, measure_job, questions_job, recut, write
from core.documents.settings import RetrievalSettings, SplitSettings
from core.errors import InvalidInput
from core.jobs import JobContext
from core.jobs.context import JobCancelled
from core.jobs.kinds import KINDS
from core.store import collections
from tests.core.documents.retrieval.library import PLANETS, make, put

pytestmark = pytest.mark.usefixtures("words")


def request(tmp_path: Path, collection: str, **more: Any) -> dict[str, Any]:
    questions = [
        Question("red", "red iron oxide", {"mars.txt": 1}),
        Question("ring", "rings of ice", {"saturn.txt": 1}),
    ]
    queries, qrels = write(tmp_path, questions)
    modes = [RetrievalSettings(mode="similarity").model_dump(), RetrievalSettings(mode="keyword").model_dump()]
    return {"collection": collection, "queries": str(queries), "qrels": str(qrels), "k": 5, "settings": modes, **more}


def test_the_kinds_are_registered() -> None:
    names = {"measure": measure_job, "grid": grid_job, "questions": questions_job}
    assert {kind: KINDS[kind] for kind in names} == {kind: module.__name__ for kind, module in names.items()}


def test_every_setting_is_measured(tmp_path: Path) -> None:
    row = put(make(), PLANETS)
    result = measure_job.run(request(tmp_path, row.id), JobContext("a" * 20))
    assert [each["mode"] for each in result["runs"]] == ["similarity", "keyword"]
    assert result["runs"][1]["mrr@5"] == 1 and len(result["runs"][1]["items"]) == 2


def test_a_resumed_measurement_does_only_what_is_missing(tmp_path: Path) -> None:
    row = put(make(), PLANETS)
    asked = request(tmp_path, row.id)
    done = {"revision": row.revision, "runs": [{"mode": "similarity", "mark": "from before"}]}
    result = measure_job.run(asked, JobContext("a" * 20, 2, done))
    assert result["runs"][0]["mark"] == "from before" and result["runs"][1]["mode"] == "keyword"
    row = put(row, {"pluto.txt": "Pluto is small."})
    result = measure_job.run(asked, JobContext("a" * 20, 3, done))
    assert "mark" not in result["runs"][0]  # the collection has changed since


def test_a_grid_has_a_cell_for_every_size_and_mode_and_leaves_nothing(tmp_path: Path) -> None:
    long = {path: f"{text} " * 4 for path, text in PLANETS.items()}
    row = put(make(splitter="fixed"), long)
    before = [each.name for each in collections.list_all()]
    job = JobContext("b" * 20)
    result = grid_job.run(request(tmp_path, row.id, chunk_sizes=[8, 16]), job)
    assert [(each["chunk_size"], each["mode"]) for each in result["cells"]] == [
        (8, "similarity"),
        (8, "keyword"),
        (16, "similarity"),
        (16, "keyword"),
    ]
    assert result["cells"][0]["chunks"] > result["cells"][2]["chunks"] > len(PLANETS)
    assert result["cells"][1]["mrr@5"] == 1 and result["cells"][1]["collection"] == "planets"
    assert [each.name for each in collections.list_all()] == before
    assert collections.get("planets").revision == row.revision


def test_a_cancelled_grid_leaves_nothing_and_keeps_its_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = put(make(splitter="fixed"), PLANETS)
    job = JobContext("b" * 20)
    kept: list[dict[str, Any]] = []
    monkeypatch.setattr(job, "partial", lambda result: (kept.append(dict(result)), job.cancelled.set()))
    with pytest.raises(JobCancelled):
        grid_job.run(request(tmp_path, row.id, chunk_sizes=[8, 16]), job)
    assert len(kept[-1]["cells"]) == 1
    assert [each.name for each in collections.list_all()] == ["planets"]
    again = grid_job.run(request(tmp_path, row.id, chunk_sizes=[8, 16]), JobContext("b" * 20, 2, kept[-1]))
    assert len(again["cells"]) == 4 and again["cells"][0] == kept[-1]["cells"][0]


def test_sizes_keep_the_share_of_the_overlap() -> None:
    present = SplitSettings(splitter="sentence", chunk_size=200, chunk_overlap=20, parent_size=300)
    assert recut.sized(present, 100) == present.model_copy(update={"chunk_size": 100, "chunk_overlap": 10})
    assert recut.sized(present, 400).parent_size == 400
    assert recut.sized(SplitSettings(splitter="none"), 64).splitter == "recursive"
    with pytest.raises(InvalidInput, match="chunk_size"):
        recut.sized(present, 3)


def test_leftovers_go_but_never_a_collection_of_a_person() -> None:
    make("(measuring) my notes, 64 tokens, really")
    recut.remove_leftovers("c" * 20)
    assert [each.name for each in collections.list_all()] == ["(measuring) my notes, 64 tokens, really"]
