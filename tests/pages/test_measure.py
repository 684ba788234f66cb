"""The page Measure under AppTest: question sets kept, uploaded, made and chosen; what is measured is shown as numbers.

Jobs are run in the test's own process by the kind's own `run`, with an embedding model that counts words.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from core import jobs
from core.documents.measuring import Question, grid_job, measure_job, questions_job
from core.jobs import JobContext
from core.store import jobs as job_store
from core.store.runs import new_id
from pages.shared.documents import question_files
from pages.shared.documents.welcome import EXAMPLE
from tests.core.documents.retrieval.library import PLANETS, WordCounts, make, put, words
from tests.pages.document_pages import HOSTILE, IMAGE, LINK, DocumentsPage, live_in_markdown

__all__ = ["words"]
QUESTIONS = [
    Question("q1", "Which planet has rings of ice?", {"saturn.txt": 1}),
    Question("q2", "Which planet is the hottest?", {"venus.txt": 1}),
    Question("q3", "Where is vitamin C?", {"mercury.txt": 1}),  # wrong on purpose: it comes late
]
KINDS = {"measure": measure_job, "grid": grid_job, "questions": questions_job}


@pytest.fixture
def planets(words: WordCounts, monkeypatch: pytest.MonkeyPatch) -> str:
    """Id of a small collection; jobs are done at once, in this process."""
    row = put(make("planets", splitter="fixed"), PLANETS)

    def start(kind: str, title: str, request: dict[str, Any]) -> str:
        job = new_id()
        result = KINDS[kind].run(json.loads(json.dumps(request)), JobContext(job))
        now = job_store.datetime.now(job_store.UTC)
        job_store.create(
            job_store.JobRow(
                id=job,
                kind=kind,
                title=title,
                status="finished",
                created_at=now,
                updated_at=now,
                ended_at=now,
                request=json.dumps(request),
                result=json.dumps(result),
            )
        )
        return job

    monkeypatch.setattr(jobs, "start", start)
    return row.id


def page(**query: str) -> DocumentsPage:
    return DocumentsPage("measure", **query)


def cells(test: DocumentsPage, column: str) -> list[Any]:
    """A column of the table that has it."""
    table = next(each.value for each in test.app.dataframe if column in each.value)
    return list(table[column])


def test_without_questions_it_says_what_they_are(planets: str) -> None:
    test = page()
    assert "questions whose answers are known" in test.words()
    assert not test.has("measure_run")


def test_the_example_collection_has_its_questions_one_click_away(words: WordCounts) -> None:
    row = put(make(EXAMPLE), {f"{EXAMPLE}/mars.md": "Mars is named after the Roman god of war."})
    test = page()
    test.click("measure_example")
    [kept] = question_files.stored_sets(row.id)
    assert len(kept.read().questions) == 12
    assert test.has("measure_run")


def test_every_ticked_mode_is_measured_with_its_interval_and_its_failures(planets: str) -> None:
    question_files.keep(planets, "mine", QUESTIONS, made=False)
    test = page()
    test.set("measure_modes", ["keyword", "similarity"])
    test.set("measure_k", 3)
    test.click("measure_run")
    [job] = jobs.list_jobs(kind="measure")
    assert [each["mode"] for each in job.request["settings"]] == ["similarity", "keyword"]
    assert cells(test, "Mode") == ["Similarity", "Keyword"]
    [first, _] = job.result["runs"]
    low, high = first["ci95"]["ndcg@3"]
    assert cells(test, "nDCG@3")[0] == f"{first['ndcg@3']:.3f}  ({low:.3f}–{high:.3f})"
    assert "3 questions." in test.words()
    wrong = next(each.value for each in test.app.dataframe if "Expected" in each.value)
    row = wrong[wrong["Question"] == "Where is vitamin C?"].iloc[0]
    item = next(each for each in first["items"] if each["id"] == "q3")
    assert (row["Expected"], row["Came first"]) == ("mercury.txt", item["ranking"][0])
    assert test.query("measured") == job.id


def test_a_link_shows_the_measurement_in_another_browser(planets: str) -> None:
    question_files.keep(planets, "mine", QUESTIONS, made=False)
    test = page()
    test.set("measure_modes", ["keyword"])
    test.click("measure_run")
    assert cells(page(measured=test.query("measured")), "Mode") == ["Keyword"]
    assert "There is no job" in page(measured="0" * 20).errors()[0]


def test_chunk_sizes_and_modes_make_a_grid_and_leave_the_collection_as_it_is(planets: str) -> None:
    question_files.keep(planets, "mine", QUESTIONS, made=False)
    test = page()
    test.set("measure_modes", ["keyword", "similarity"])
    test.app.session_state["measure_tab"] = "Chunk sizes"
    test.run()
    test.set("measure_sizes", "12, 24")
    test.click("measure_grid_run")
    [job] = jobs.list_jobs(kind="grid")
    assert [(cell["chunk_size"], cell["mode"]) for cell in job.result["cells"]] == [
        *((12, "similarity"), (12, "keyword"), (24, "similarity"), (24, "keyword"))
    ]
    assert "Best here:" in test.words()
    assert [each.label for each in test.app.selectbox if each.label == "Collection"] == ["Collection"]
    assert test.app.get_by_key("collection").options == ["planets"]


@pytest.mark.parametrize("sizes", ["", "none", "0, 4"])
def test_a_grid_without_a_size_is_one_sentence(planets: str, sizes: str) -> None:
    question_files.keep(planets, "mine", QUESTIONS, made=False)
    test = page()
    test.app.session_state["measure_tab"] = "Chunk sizes"
    test.run()
    test.set("measure_sizes", sizes)
    test.click("measure_grid_run")
    assert test.errors() == ["Tick at least one mode and write at least one chunk size, such as 64, 128, 256."]


def test_an_upload_becomes_a_set_and_a_bad_line_is_named(planets: str) -> None:
    test = page()
    queries, qrels = [each for each in test.app.file_uploader if each.label in ("queries.jsonl", "qrels.tsv")]
    queries.upload("queries.jsonl", b'{"_id": "q1", "text": "Which is red?"}\n{"_id": "q2"}\n')
    qrels.upload("qrels.tsv", b"query-id\tcorpus-id\tscore\nq1\tmars.txt\t1\n")
    test.run()
    test.click("measure_upload_save")
    [error] = test.errors()
    assert error.startswith('queries.jsonl, line 2 lacks "_id" or "text"')
    assert question_files.stored_sets(planets) == []

    queries, qrels = [each for each in test.app.file_uploader if each.label in ("queries.jsonl", "qrels.tsv")]
    queries.upload("queries.jsonl", b'{"_id": "q1", "text": "Which is red?"}\n')
    test.run()
    test.click("measure_upload_save")
    [kept] = question_files.stored_sets(planets)
    assert kept.read().questions == (Question("q1", "Which is red?", {"mars.txt": 1}),)
    assert test.has("measure_run")


def test_questions_that_a_model_wrote_are_kept_or_dropped_one_by_one(planets: str) -> None:
    rows = [
        {"question": f"{HOSTILE} {number}?", "document": f"{number}.txt", "source": f"{number}.txt", "quote": LINK}
        for number in range(3)
    ]
    now = job_store.datetime.now(job_store.UTC)
    job_store.create(
        job_store.JobRow(
            id=new_id(),
            kind="questions",
            title="Write 3 questions",
            status="finished",
            created_at=now,
            updated_at=now,
            request=json.dumps({"collection": planets}),
            result=json.dumps({"questions": rows}),
        )
    )
    test = page()
    test.app.session_state[test.app.data_editor[0].key] = {
        "edited_rows": {1: {"Keep": False}, 2: {"Question": "A better one?"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    test.run()
    for harmful in (IMAGE, LINK):
        assert live_in_markdown(test.raw(), harmful) == []
    test.click("measure_save")
    [kept] = question_files.stored_sets(planets)
    assert kept.made
    assert [(each.text, each.judged) for each in kept.read().questions] == [
        (f"{HOSTILE} 0?", {"0.txt": 1}),
        ("A better one?", {"2.txt": 1}),
    ]


def test_a_set_is_deleted_after_a_question(planets: str) -> None:
    question_files.keep(planets, "mine", QUESTIONS, made=False)
    test = page()
    test.click("measure_delete")
    assert question_files.stored_sets(planets) == []
    assert not test.has("measure_run")


def test_sets_are_apart_by_collection_and_names_are_only_shown(planets: str) -> None:
    kept = question_files.keep(planets, "../../etc", QUESTIONS, made=False)
    assert kept.folder.parent.name == planets
    assert question_files.stored_sets("other") == []
    assert [each.name for each in question_files.stored_sets(planets)] == ["../../etc"]
