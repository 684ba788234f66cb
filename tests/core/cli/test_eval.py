"""`loupe eval`: the contract's fields, exit codes, overrides of the command line, resume, reports, conversion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelFailed
from core.evals.running import latest
from core.store import evals as store
from core.store import jobs
from tests.core.cli.conftest import Loupe
from tests.core.evals.running.conftest import Script, jobs_here, models, text_of

__all__ = ["jobs_here", "models"]
pytestmark = pytest.mark.usefixtures("jobs_here")

FILE = """\
description: Numbers
prompts: ["Q: {{question}}", "Say {{question}}"]
providers: [smollm2]
tests:
  - {vars: {question: one}, assert: [{type: contains, value: one}]}
  - {vars: {question: two}, assert: [{type: contains, value: two}]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "numbers.yaml"
    file.write_text(FILE)
    return file


def test_json_has_the_fields_of_the_contract(loupe: Loupe, models: Script, file: Path) -> None:
    outcome = loupe("eval", "run", str(file), "--json", "--quiet")
    assert outcome.code == 0, outcome.err
    document = json.loads(outcome.out)
    assert store.get(document["run"]).name == "Numbers"
    assert [each["score"] for each in document["variants"]] == [1, 1]
    assert set(document["variants"][0]) >= {"name", "n", "score", "ci95", "errors", "tokens", "seconds", "cost"}
    assert set(document["pairs"][0]) >= {"a", "b", "difference", "ci95", "p", "decisive"}
    assert (document["calls"], document["cached"], document["cells"], document["failed"]) == (4, 0, 4, 0)
    again = json.loads(loupe("eval", "run", str(file), "--json").out)
    assert (again["calls"], again["cached"]) == (0, 4) and again["run"] != document["run"]


def test_a_failed_assertion_exits_with_100_and_an_override_counts(loupe: Loupe, models: Script, file: Path) -> None:
    models.answer = lambda request: text_of(request).replace("Say two", "no idea")
    outcome = loupe("eval", "run", str(file))
    assert outcome.code == 100
    assert "1 of 4 cells failed: loupe eval show" in outcome.err and "50.0 %" in outcome.out
    record = store.list_evals()[0]
    listed = loupe("eval", "show", record.id, "--failures")
    assert listed.code == 0 and "row 2, " in listed.out and "no idea" in listed.out
    store.override(record.id, 2, 1, 0, True, "It may say so.")
    assert loupe("eval", "run", str(file), "--resume").code == 0
    shown = json.loads(loupe("eval", "show", record.id, "--failures", "--json").out)
    assert shown["failed"] == 0 and shown["failures"] == [] and shown["overridden"] == 1


def test_a_call_that_fails_exits_with_100_and_a_resume_makes_only_it(loupe: Loupe, models: Script, file: Path) -> None:
    def answer(request: Any) -> str:
        if text_of(request) == "Q: two":
            raise ModelFailed("It computed no valid numbers.")
        return text_of(request)

    models.answer = answer
    document = json.loads(loupe("eval", "run", str(file), "--json").out)
    assert document["failed"] == 1 and document["errors"] == 1
    models.answer = text_of
    outcome = loupe("eval", "run", str(file), "--resume", "--json")
    resumed = json.loads(outcome.out)
    assert outcome.code == 0 and resumed["run"] == document["run"]
    assert (resumed["calls"], resumed["kept"], resumed["errors"]) == (1, 3, 0)
    nothing = json.loads(loupe("eval", "run", str(file), "--resume", "--json").out)
    assert (nothing["calls"], nothing["cached"], nothing["kept"]) == (0, 0, 4)


def test_a_judge_that_says_nothing_is_no_failed_answer_and_is_asked_again(
    loupe: Loupe, models: Script, file: Path
) -> None:
    file.write_text(FILE + "defaultTest: {assert: [{type: llm-rubric, value: fits}]}\n")
    models.answer = lambda request: "Hm." if len(request.chat) > 1 else text_of(request)
    outcome = loupe("eval", "run", str(file), "--json")
    document = json.loads(outcome.out)
    assert outcome.code == 100 and (document["errors"], document["unjudged"], document["failed"]) == (0, 4, 4)
    assert [(each["n"], each["score"]) for each in document["variants"]] == [(0, None)] * 2
    assert "no verdict" in loupe("eval", "show", document["run"]).out
    models.answer = lambda request: '{"pass": true}' if len(request.chat) > 1 else text_of(request)
    resumed = json.loads(loupe("eval", "run", str(file), "--resume", "--json").out)
    assert (resumed["run"], resumed["unjudged"], resumed["failed"]) == (document["run"], 0, 0)


def test_a_resume_of_what_changed_is_refused_in_words(loupe: Loupe, models: Script, file: Path) -> None:
    assert "was not run before" in loupe("eval", "run", str(file), "--resume").err
    loupe("eval", "run", str(file))
    file.write_text(FILE.replace("one}]}", "1}]}"))
    outcome = loupe("eval", "run", str(file), "--resume", "--json")
    assert outcome.code == 1 and outcome.out == "" and "the data set is another one" in outcome.err
    outcome = loupe("eval", "run", str(file), "--resume", "--repeat", "2")
    assert "it asked once, and now 2 times" in outcome.err


def test_the_command_line_goes_before_the_file(loupe: Loupe, models: Script, file: Path) -> None:
    arguments = ["--model", "smollm2?dtype=fp32", "--repeat", "2", "--limit", "1", "--concurrency", "1", "--no-cache"]
    document = json.loads(loupe("eval", "run", str(file), "--json", "--name", "Mine", *arguments).out)
    assert document["name"] == "Mine" and document["rows"] == 1 and document["repeat"] == 2
    assert {each.model for each in models.asked} == {"smollm2?dtype=fp32"} and models.most == 1
    assert (document["calls"], document["cached"]) == (2, 2)
    written = store.get(document["run"]).file
    assert "repeat: 2" in written and "filterFirstN: 1" in written


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--repeat", "0"], "--repeat is '0': write a whole number from 1 to 100."),
        (["--limit", "x"], "--limit is 'x'"),
        (["--concurrency", "65"], "--concurrency is '65'"),
        (["--model", "gpt-9"], "gpt-9"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    loupe: Loupe, models: Script, file: Path, arguments: list[str], said: str
) -> None:
    outcome = loupe("eval", "run", str(file), *arguments)
    assert outcome.code == 1 and said in outcome.err and len(outcome.err.strip().splitlines()) == 1
    assert store.list_evals() == [] and models.asked == []


def test_a_broken_row_is_named_and_the_rest_runs_if_asked(loupe: Loupe, models: Script, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"vars": {"question": "one"}}\nnonsense\n{"vars": {"question": "two"}}\n')
    file = tmp_path / "e.yaml"
    file.write_text("prompts: ['{{question}}']\nproviders: [smollm2]\ntests: rows.jsonl\n")
    outcome = loupe("eval", "run", str(file))
    assert outcome.code == 1 and "rows.jsonl, line 2" in outcome.err
    outcome = loupe("eval", "run", str(file), "--skip-broken", "--json")
    assert outcome.code == 0 and json.loads(outcome.out)["broken"] == 1
    assert "1 of 3 rows cannot be read" in outcome.err and "line 2" in outcome.err


def test_a_model_that_is_not_here_is_told_and_the_others_run(loupe: Loupe, models: Script, file: Path) -> None:
    models.gone = {"api:nowhere/x"}
    outcome = loupe("eval", "run", str(file), "--model", "smollm2", "--model", "api:nowhere/x", "--json")
    assert outcome.code == 100 and "no endpoint named 'nowhere'" in outcome.err
    assert [each["errors"] for each in json.loads(outcome.out)["variants"]] in ([0, 2, 0, 2], [0, 0, 2, 2])


def test_a_folder_that_is_gone_fails_its_own_cells(loupe: Loupe, models: Script, file: Path) -> None:
    models.gone = {"path:/nowhere/at/all"}
    file.write_text(FILE.replace("[smollm2]", "[smollm2, 'path:/nowhere/at/all']"))
    outcome = loupe("eval", "run", str(file), "--json")
    assert outcome.code == 100 and "There is no folder '/nowhere/at/all'" in outcome.err
    assert sorted(each["errors"] for each in json.loads(outcome.out)["variants"]) == [0, 0, 2, 2]
    outcome = loupe("eval", "run", str(file), "--model", "path:/nowhere/at/all")
    assert outcome.code == 1 and "There is no folder" in outcome.err


def test_reports_are_written(loupe: Loupe, models: Script, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    document = json.loads(loupe("eval", "run", str(file), "--out", str(out), "--json").out)
    assert sorted(document["reports"]) == sorted(str(each) for each in out.iterdir()) and len(document["reports"]) == 4
    listed = loupe("eval", "export", document["run"], "--out", str(tmp_path / "more"), "--format", "csv")
    assert listed.out.strip().endswith(".csv") and len(list((tmp_path / "more").iterdir())) == 1
    outcome = loupe("eval", "run", str(file), "--out", str(file))
    assert outcome.code == 1 and "which is a file" in outcome.err


def test_list_and_delete(loupe: Loupe, models: Script, file: Path) -> None:
    assert "There is no eval yet" in loupe("eval", "list").err
    loupe("eval", "run", str(file))
    listed = json.loads(loupe("eval", "list", "--json").out)
    assert [(each["name"], each["rows"], each["passed"], each["status"]) for each in listed] == [
        ("Numbers", 2, 4, "finished")
    ]
    assert "Numbers" in loupe("eval", "list").out
    assert loupe("eval", "delete", listed[0]["id"]).code == 0
    assert store.list_evals() == [] and jobs.rows() == [] and latest(str(file)) is None
    outcome = loupe("eval", "delete", listed[0]["id"])
    assert outcome.code == 1 and "There is no eval" in outcome.err


def test_any_format_becomes_promptfoo_s(loupe: Loupe, tmp_path: Path) -> None:
    file = tmp_path / "small.prompt.yml"
    file.write_text(
        "model: smollm2\nmessages:\n  - {role: user, content: 'Say {{input}}'}\n"
        "testData:\n  - {input: one, expected: one}\n"
        "evaluators:\n  - {name: says it, string: {contains: '{{expected}}'}}\n"
    )
    outcome = loupe("eval", "convert", str(file))
    assert outcome.code == 0 and "contains" in outcome.out
    again = tmp_path / "again.yaml"
    again.write_text(outcome.out)
    assert loupe("eval", "convert", str(again)).out == outcome.out
