"""The job "eval": every cell once, no call twice, one failure never another's, and a resume that does only the rest."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from core.errors import Conflict, LoupeError, ModelFailed
from core.evals.assertion import Assertion
from core.evals.eval_file import DataSource
from core.evals.output import Output
from core.evals.row import Row
from core.evals.running import delete, resume_eval, start
from core.evals.running.overrides import Overrides
from core.jobs import JobCancelled, JobContext
from core.store import evals as store
from core.store.database import get_database
from core.store.tables import EvalOutput
from tests.core.evals.running.conftest import Script, cells, done, eval_file, run, text_of, variant


def test_every_cell_is_asked_judged_and_stored(script: Script) -> None:
    script.answer = lambda request: text_of(request) if text_of(request) != "B: number 1" else "no idea"
    record, result = done(eval_file(3, variant("A", "A: {{question}}"), variant("B", "B: {{question}}")))
    assert [each.id for each in cells(record)] == [(row, column, 0) for row in (1, 2, 3) for column in (0, 1)]
    assert [each.passed for each in cells(record)] == [True, True, True, False, True, True]
    assert result["calls"] == len(script.asked) == 6 and result["cached"] == 0 and result["passed"] == 5
    failed = store.cell(record.id, 2, 1)
    assert json.loads(failed.verdicts)[0]["label"] == "contains" and failed.score == 0.0
    assert Output.model_validate_json(store.outputs([failed.output])[failed.output or ""]).text == "no idea"
    assert [each.vars["question"] for each in store.rows(record.id)] == ["number 0", "number 1", "number 2"]


def test_the_same_eval_again_makes_no_call(script: Script) -> None:
    done(eval_file(3))
    record, result = done(eval_file(3))
    assert result["calls"] == 0 and result["cached"] == 3 and len(script.asked) == 3
    assert all(each.cached and each.passed and each.seconds == 0.5 for each in cells(record))


def test_a_further_row_or_variant_makes_only_its_own_calls(script: Script) -> None:
    done(eval_file(3))
    _, result = done(eval_file(4, variant(), variant("new", "Say: {{question}}")))
    assert result["calls"] == 5 and result["cached"] == 3


def test_without_cache_everything_is_asked_anew_but_once(script: Script) -> None:
    done(eval_file(2))
    _, result = done(eval_file(["x", "y", "x"]), said=Overrides(use_cache=False))
    assert result["calls"] == 2 and result["cached"] == 1
    _, result = done(eval_file(["x", "y", "x"]), said=Overrides(use_cache=False))
    assert result["calls"] == 2
    assert len(script.asked) == 6


def test_equal_rows_and_equal_variants_share_a_call(script: Script) -> None:
    script.seconds = 0.01
    rows = [f"number {each % 3}" for each in range(60)]
    record, result = done(eval_file(rows, variant("one"), variant("two"), concurrency=4))
    assert sorted(script.texts) == ["Q: number 0", "Q: number 1", "Q: number 2"]
    assert result["calls"] == 3 and result["cached"] == 117 and len(cells(record)) == 120


def test_equal_rows_share_a_call_across_pages(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.evals.running.matrix.CELLS_A_PAGE", 4)
    script.seconds = 0.02
    _, result = done(eval_file(["x"] * 30 + ["y"] * 3, concurrency=8))
    assert Counter(script.texts) == {"Q: x": 1, "Q: y": 1} and result["cells"] == 33


def test_greedy_repeats_share_a_call_and_drawn_ones_do_not(script: Script) -> None:
    file = eval_file(2, variant("greedy"), variant("drawn", temperature=0.7), repeat=3)
    record, result = done(file)
    seeds = [each.params.seed for each in script.asked if each.params.temperature]
    assert Counter(seeds) == {0: 2, 1: 2, 2: 2}
    assert result["calls"] == 8 and result["cached"] == 4 and len(cells(record)) == 12
    assert done(file)[1]["calls"] == 0


def test_a_failure_stops_nothing_is_not_kept_and_is_tried_again_by_a_resume(script: Script) -> None:
    broken = True

    def answer(request: Any) -> str:
        if broken and text_of(request).endswith("1"):
            raise ModelFailed("It computed no valid numbers.")
        return text_of(request)

    script.answer = answer
    record, result = done(eval_file(3))
    assert result["errors"] == 1 and result["passed"] == 2
    failed = store.cell(record.id, 2, 0)
    assert failed.error == "It computed no valid numbers." and not failed.passed and failed.verdicts == "[]"
    assert json.loads(store.outputs([failed.output])[failed.output or ""])["text"] == "half"
    broken = False
    script.asked.clear()
    assert resume_eval(record.id)
    result = run(record, JobContext("j", attempt=2))
    assert script.texts == ["Q: number 1"] and result["errors"] == 0 and result["attempt"]["kept"] == 2
    assert not resume_eval(record.id)


def test_a_model_that_is_gone_fails_its_own_cells_only(script: Script) -> None:
    script.gone = {"gguf:gone"}
    file = eval_file(2, variant("here"), variant("there", model="smollm2?dtype=bf16"))
    record = start(file)
    script.gone = {"smollm2?dtype=bf16"}
    result = run(record)
    assert [each.error for each in cells(record)] == [None, "smollm2?dtype=bf16 is gone."] * 2
    assert result["calls"] == 2 and result["errors"] == 2


def test_models_come_one_after_another(script: Script) -> None:
    names = ["smollm2", "smollm2?dtype=fp32", "smollm2"]
    done(
        eval_file(
            4, *(variant(f"v{place}", f"{place} {{{{question}}}}", model=model) for place, model in enumerate(names))
        )
    )
    models = [each.model for each in script.asked]
    assert models == ["smollm2"] * 8 + ["smollm2?dtype=fp32"] * 4


def test_no_more_calls_at_once_than_asked_for(script: Script) -> None:
    script.seconds = 0.01
    done(eval_file(20, concurrency=3))
    assert script.most == 3


def test_a_cancel_keeps_what_came_and_a_resume_asks_the_rest(script: Script) -> None:
    context = JobContext("j")

    def answer(request: Any) -> str:
        if len(script.asked) == 5:
            context.cancelled.set()
        return text_of(request)

    script.answer = answer
    record = start(eval_file(40, concurrency=2))
    with pytest.raises(JobCancelled):
        run(record, context)
    asked = len(script.asked)
    assert 5 <= asked < 10 and len(cells(record)) == asked
    result = run(record, JobContext("j", attempt=2, previous=json.loads(context.take().columns["result"])))
    assert len(script.asked) == len(set(script.texts)) == 40
    assert result["attempt"] == {"calls": 40 - asked, "cached": 0, "kept": asked} and result["calls"] == 40


def test_whatever_goes_wrong_in_a_cell_stays_in_it(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: Any) -> str:
        if text_of(request).endswith("1"):
            raise ZeroDivisionError
        return text_of(request)

    script.answer = answer
    record, result = done(eval_file(3))
    assert result["errors"] == 1 and "Something went wrong" in (store.cell(record.id, 2, 0).error or "")


def test_a_data_set_that_changed_is_refused(script: Script, tmp_path: Path) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text('{"vars": {"question": "a"}}\n{"vars": {"question": "b"}}\n')
    record, _ = done(eval_file(data=DataSource(path=str(data))))
    data.write_text('{"vars": {"question": "a"}}\n{"vars": {"question": "c"}}\n')
    with pytest.raises(Conflict, match="cannot go on: the data set is another one since it began"):
        run(record, JobContext("j", attempt=2))


def test_a_broken_row_is_named_and_the_rest_runs(script: Script, tmp_path: Path) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text('{"vars": {"question": "a"}}\nnonsense\n{"vars": {"question": "b"}}\n')
    with pytest.raises(LoupeError, match="line 2"):
        start(eval_file(data=DataSource(path=str(data))))
    record, result = done(eval_file(data=DataSource(path=str(data), on_broken="skip")))
    rows = store.rows(record.id)
    assert [row.broken is None for row in rows] == [True, False, True] and "line 2" in rows[1].description
    assert result["cells"] == 2 and [each.row for each in cells(record)] == [1, 3]


def test_a_judge_is_asked_once_for_the_same(script: Script) -> None:
    script.answer = lambda request: '{"pass": true, "score": 1, "reason": "ok"}' if len(request.chat) > 1 else "four"
    row = Row(number=1, vars={"question": "2+2"}, assertions=(Assertion(type="llm-rubric", value="is four"),))
    file = eval_file(data=DataSource(rows=(row,)))
    done(file)
    asked = len(script.asked)
    record, _ = done(file)
    assert len(script.asked) == asked == 2 and cells(record)[0].passed


def test_what_a_judge_replied_goes_with_the_last_eval_that_needs_it(script: Script) -> None:
    def outputs() -> int:
        with get_database().read() as session:
            return session.execute(select(func.count()).select_from(EvalOutput)).scalar_one()

    script.answer = lambda request: '{"pass": true, "best": 1}' if len(request.chat) > 1 else text_of(request)
    rubric, best = Assertion(type="llm-rubric", value="fits"), Assertion(type="select-best", value="shorter")
    rows = DataSource(rows=(Row(number=1, vars={"question": "a"}, assertions=(rubric, best)),))
    first, result = done(eval_file(0, variant("A", "A {{question}}"), variant("B", "B {{question}}"), data=rows))
    assert result["calls"] == outputs() == 6  # two answers, two by the rubric, one choice in both orders
    second, _ = done(eval_file(0, variant("A", "A {{question}}"), data=rows))
    delete(first.id)
    assert outputs() == 2 and cells(second)[0].verdicts
    script.asked.clear()
    third, _ = done(eval_file(0, variant("A", "A {{question}}"), data=rows))
    assert script.asked == []
    delete(second.id)
    delete(third.id)
    assert outputs() == 0


def test_a_judge_that_gives_no_verdict_leaves_the_answer_unjudged_and_a_resume_asks_it_again(script: Script) -> None:
    reply = "Well, who knows."
    script.answer = lambda request: reply if len(request.chat) > 1 else text_of(request)
    rows = tuple(
        Row(
            number=place,
            vars={"question": "same"},
            assertions=(Assertion(type="contains", value="same"), Assertion(type="llm-rubric", value="fits")),
        )
        for place in (1, 2)
    )
    record, result = done(eval_file(data=DataSource(rows=rows)))
    assert (result["errors"], result["unjudged"], result["passed"]) == (0, 2, 0)
    assert len(script.asked) == 3  # one answer, and two questions to the judge for both rows
    silent = cells(record)[0]
    assert silent.status == "unjudged" and "gave no verdict" in (silent.error or "")
    assert json.loads(store.outputs([silent.output])[silent.output or ""])["text"] == "Q: same"
    reply = '{"pass": true, "score": 1, "reason": "ok"}'
    assert resume_eval(record.id)
    result = run(record, JobContext("j", attempt=2))
    assert (result["unjudged"], result["passed"]) == (0, 2) and len(script.asked) == 4
    assert [each.status for each in cells(record)] == ["passed"] * 2 and not resume_eval(record.id)


def test_what_is_only_measured_leaves_the_verdict_to_the_others(script: Script) -> None:
    script.answer = lambda request: "" if len(request.chat) > 1 else text_of(request)
    asserted = (Assertion(type="contains", value="a"), Assertion(type="llm-rubric", value="fits", weight=0))
    row = Row(number=1, vars={"question": "a"}, assertions=asserted)
    record, result = done(eval_file(data=DataSource(rows=(row,))))
    assert cells(record)[0].status == "passed" and result["unjudged"] == 0


def chosen(request: Any) -> str:
    """A judge that always likes what holds "long" best; models answer with their prompt."""
    if len(request.chat) == 1:
        return text_of(request)
    listed = text_of(request)
    return json.dumps({"reason": "longer", "best": 1 if listed.rfind("long") < listed.rfind("short") else 2})


def test_what_compares_outputs_is_judged_when_all_of_them_are_there(script: Script) -> None:
    script.answer = chosen
    rows = tuple(
        Row(
            number=place, vars={"question": f"{place}"}, assertions=(Assertion(type="select-best", value="more words"),)
        )
        for place in (1, 2)
    )
    file = eval_file(
        0, variant("a", "short {{question}}"), variant("b", "long {{question}}"), data=DataSource(rows=rows)
    )
    record, result = done(file)
    assert [each.passed for each in cells(record)] == [False, True, False, True]
    assert len(script.asked) == result["calls"] == 8  # 4 answers, 2 rows judged in both orders
    first = cells(record)
    run(record, JobContext("j", attempt=2))  # what was judged is judged alike, and costs nothing
    assert cells(record) == first and len(script.asked) == 8


def test_a_judge_that_cannot_compare_leaves_outputs_unjudged_and_a_word_that_came_meanwhile_stays(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    record: Any = None

    def answer(request: Any) -> str:
        if len(request.chat) == 1:
            return text_of(request)
        store.override(record.id, 1, 1, 0, True, "I like it.")  # a person looks at Results while outputs are compared
        return "Neither, I fear."

    script.answer = answer
    row = Row(number=1, vars={"question": "x"}, assertions=(Assertion(type="select-best", value="more words"),))
    record = start(eval_file(0, variant("a", "short {{question}}"), variant("b"), data=DataSource(rows=(row,))))
    result = run(record)
    first, second = cells(record)
    assert (first.status, second.status, second.override_reason) == ("unjudged", "passed", "I like it.")
    assert result["unjudged"] == 1
    script.answer = chosen
    assert resume_eval(record.id)
    run(record, JobContext("j", attempt=2))
    assert [each.status for each in cells(record)] == ["failed", "passed"]


def test_vectors_of_outputs_that_are_there_are_computed_together(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    batches: list[int] = []

    def embed(embedding: str, texts: list[str]) -> list[Any]:
        batches.append(len(texts))
        return [np.ones(1, np.float32) for _ in texts]

    monkeypatch.setattr("core.evals.judging.vectors._embed", embed)
    rows = tuple(
        Row(number=each, vars={"question": f"{each}"}, assertions=(Assertion(type="similar", value=f"like {each}"),))
        for each in range(1, 9)
    )
    file = eval_file(data=DataSource(rows=rows))
    done(file)
    batches.clear()
    done(file)
    assert batches == [16]


def test_what_is_there_already_needs_no_worker(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr("core.jobs.start", lambda *_, **__: started.append("one") or "1" * 20)
    file = eval_file(3)
    run(start(file, at_once=True))
    assert len(started) == 1
    record = start(file, at_once=True)
    assert record.job is None and len(started) == 1 and len(script.asked) == 3
    assert [each.passed and each.cached for each in cells(record)] == [True] * 3
    assert not resume_eval(record.id)
    for other in ({"at_once": False}, {"at_once": True, "said": Overrides(use_cache=False)}):
        assert start(file, **other).job
    monkeypatch.setattr("core.evals.running.at_once.MOST_CELLS", 2)
    assert start(file, at_once=True).job


@pytest.mark.parametrize("kind", ["llm-rubric", "select-best", "python", "similar"])
def test_a_judgement_that_takes_long_is_left_to_a_worker(script: Script, kind: str) -> None:
    row = Row(number=1, vars={"question": "a"}, assertions=(Assertion(type="contains", value="a"),))
    run(start(eval_file(data=DataSource(rows=(row,)))))
    asserted = (*row.assertions, Assertion(type=kind, value="True"))
    slow = row.model_copy(update={"assertions": asserted})
    assert start(eval_file(data=DataSource(rows=(slow,))), at_once=True).job
