"""The summary: figures are those of the cells, intervals and tests those of the books, one sentence says it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from core.errors import NotFound
from core.evals.results import open_ledger, summary
from core.statistics import holm, sign_flip
from core.store import evals
from core.store.evals import CellRecord
from tests.core.evals.results.made import make, verdict

A = [True] * 40 + [False] * 20
B = [True] * 30 + [False] * 10 + [True] * 4 + [False] * 16


def two(**fields: object) -> str:
    return make(["A", "B"], 60, lambda row, variant, _: {"passed": (A, B)[variant][row - 1], **fields}).id


def test_the_contract_of_the_command_line() -> None:
    document = summary(two(cost=0.01, cached=False)).as_json()
    json.dumps(document, allow_nan=False)
    first, second = document["variants"]
    assert {"name", "n", "score", "ci95", "errors", "tokens", "seconds", "cost"} <= set(first)
    assert (first["name"], first["n"], first["score"], first["errors"]) == ("A", 60, pytest.approx(40 / 60), 0)
    assert first["ci95"] == pytest.approx(proportion_confint(40, 60, method="wilson"))
    assert first["tokens"] == 60 * 30 and first["seconds"] == 30 and first["cost"] == pytest.approx(0.6)
    (pair,) = document["pairs"]
    assert {"a", "b", "difference", "ci95", "p", "decisive"} <= set(pair)
    assert (pair["a"], pair["b"], pair["difference"]) == ("A", "B", pytest.approx(first["score"] - second["score"]))
    assert pair["p"] == pytest.approx(mcnemar([[30, 10], [4, 16]], exact=True).pvalue) and not pair["decisive"]
    assert (document["calls"], document["cached"]) == (120, 0)
    assert document["run"] and document["sentence"] == pair["sentence"]
    assert document["sentence"].startswith("A is ahead of B by 10 points (95 % -3 to 22); not decisive: about ")


def test_scores_between_0_and_1_are_compared_too() -> None:
    generator = np.random.default_rng(0)
    grades = generator.random((40, 2)) * [1, 0.9]
    made = make(["A", "B"], 40, lambda row, v, _: {"passed": grades[row - 1, v] > 0.5, "score": grades[row - 1, v]})
    found = summary(made.id)
    assert found.variants[0].mean_score == pytest.approx(grades[:, 0].mean())
    (pair,) = found.score_pairs
    assert pair.p == pytest.approx(sign_flip(grades[:, 0] - grades[:, 1])) and pair.test == "sign-flip"
    assert found.as_json()["pairs"][0]["mean_score"]["difference"] == pytest.approx(np.subtract(*grades.mean(axis=0)))
    assert summary(two()).score_pairs == ()


def test_a_cell_without_an_answer_is_counted_and_left_out() -> None:
    def cell(row: int, variant: int, _: int) -> dict[str, object]:
        if variant == 1 and row > 20:
            return {"error": "The endpoint did not answer."}
        return {"passed": row % 2 == 0}

    found = summary(make(["A", "B"], 30, cell).id)
    b = found.variants[1]
    assert (b.n, b.errors, b.score) == (20, 10, 0.5) and b.ci95 == pytest.approx(
        proportion_confint(10, 20, method="wilson")
    )
    assert found.pairs[0].rows == 20 and found.errors == 10


def test_an_answer_that_could_not_be_judged_is_counted_and_left_out_everywhere() -> None:
    def cell(row: int, variant: int, _: int) -> dict[str, object]:
        if variant == 1 and row > 20:
            return {"unjudged": "The judge smollm2 gave no verdict: Its reply is empty.", "cost": 0.01}
        return {"passed": row % 2 == 0, "score": 0.25 + 0.5 * (row % 2 == 0), "cost": 0.01}

    record = make(["A", "B"], 30, cell)
    found = summary(record.id)
    b = found.variants[1]
    assert (b.n, b.errors, b.unjudged, b.answers, b.calls, b.score, b.mean_score) == (20, 0, 10, 30, 30, 0.5, 0.5)
    assert b.ci95 == pytest.approx(proportion_confint(10, 20, method="wilson"))
    assert [each.n for each in b.metrics] == [20]
    assert found.pairs[0].rows == found.score_pairs[0].rows == 20 and (found.errors, found.unjudged) == (0, 10)
    assert found.as_json()["unjudged"] == found.as_json()["variants"][1]["unjudged"] == 10
    evals.override(record.id, 30, 1, 0, False, "It is rude.")  # a person judges where the judge did not
    again = summary(record.id).variants[1]
    assert (again.n, again.unjudged, again.score) == (21, 9, 10 / 21)


def test_repeats_are_clustered_by_row() -> None:
    """Four repeats that always agree: as sure as one, and the pair is one of rows."""
    once = summary(two())
    often = summary(make(["A", "B"], 60, lambda row, variant, _: {"passed": (A, B)[variant][row - 1]}, repeat=4).id)
    assert often.variants[0].n == 240 and often.repeat == 4
    assert often.variants[0].ci95 == pytest.approx(once.variants[0].ci95, abs=0.01)
    assert often.pairs == once.pairs


def test_a_persons_word_counts_everywhere() -> None:
    eval_id = two()
    before = summary(eval_id)
    for row in range(41, 51):
        evals.override(eval_id, row, 0, 0, True, "It says so in other words.")
    after = summary(eval_id)
    assert after.variants[0].score == pytest.approx(50 / 60) and after.overridden == 10
    assert after.variants[0].mean_score == pytest.approx(50 / 60)
    assert after.pairs[0].difference > before.pairs[0].difference
    # a second word that leaves every sum as it was is seen all the same
    evals.override(eval_id, 41, 0, 0, None)
    evals.override(eval_id, 51, 0, 0, True, "")
    assert open_ledger(eval_id).figures.passed[open_ledger(eval_id).figures.row == 51].tolist() == [True, False]


def test_single_assertions_have_figures_of_their_own() -> None:
    def cell(row: int, variant: int, _: int) -> dict[str, object]:
        close = row / 40
        inner = verdict(row > 10, label="regex")
        return {
            "passed": True,
            "verdicts": [
                verdict(True),
                verdict(close > 0.5, close, "similar", metric="closeness"),
                verdict(False, 0.0, "llm-rubric", error="The judge did not answer."),
                verdict(True, label="assert-set", parts=(inner,)),
            ],
        }

    (only,) = summary(make(["A"], 40, cell).id).variants
    metrics = {each.name: each for each in only.metrics}
    assert set(metrics) == {"contains", "closeness", "regex"}
    assert metrics["closeness"].mean == pytest.approx(np.mean(np.arange(1, 41) / 40))
    assert metrics["closeness"].passed == 0.5 and metrics["regex"].mean == 0.75
    low, high = metrics["closeness"].ci95
    assert low < metrics["closeness"].mean < high
    assert metrics["contains"].ci95 == pytest.approx(proportion_confint(40, 40, method="wilson"))


def test_how_often_a_judge_changed_its_mind_with_the_order() -> None:
    def cell(row: int, variant: int, _: int) -> dict[str, object]:
        return {"passed": True, "verdicts": [verdict(label="select-best", details={"flipped": row <= 5})]}

    found = summary(make(["A", "B"], 20, cell).id)
    assert [each.metrics[0].flipped for each in found.variants] == [0.25, 0.25]
    assert found.as_json()["variants"][0]["metrics"]["select-best"]["flipped"] == 0.25


def test_cells_that_come_between_two_looks_are_passed_over() -> None:
    """The figures are read first; while an eval runs there are more cells when verdicts and outputs are."""
    record = make(["A", "B"], 4, lambda row, v, _: {"passed": True, "text": "x"} if row != 2 and v == 0 else None)
    book = open_ledger(record.id)
    later = [CellRecord(row=row, variant=1, verdicts='[{"label": "late", "score": 0}]') for row in (1, 2, 4)]
    evals.save_cells(record.id, [*later, CellRecord(row=2, variant=0)])
    assert book.metrics.score["contains"].tolist() == [1, 1, 1] and "late" not in book.metrics.score
    assert len(set(book.texts.tolist())) == 1 and 0 not in book.texts


def test_the_board_and_who_is_level_with_the_first() -> None:
    shares = [0.5, 0.95, 0.9, 0.5]
    made = make(["D", "A", "B", "C"], 100, lambda row, v, _: {"passed": row <= 100 * shares[v]})
    found = summary(made.id)
    assert [each.name for each in found.leaderboard] == ["A", "B", "C", "D"]
    assert [each.rank for each in found.leaderboard] == [1, 2, 3, 3]
    assert [each.level for each in found.leaderboard] == [True, True, False, False]
    assert [each.p_holm for each in found.pairs] == holm([each.p for each in found.pairs])
    assert found.sentence.startswith("A leads with 95 %: decisively better than D and C, not than B: about ")


def test_before_there_is_anything_and_while_it_runs() -> None:
    empty = summary(make(["A", "B"], 20, lambda *_: None).id)
    assert empty.sentence == "There is no answer yet." and empty.variants[0].score is None
    assert empty.as_json()["variants"][0]["ci95"] == [0, 1] and empty.expected == 40 and empty.done == 0
    half = make(["A", "B"], 20, lambda row, v, _: {"passed": True} if row <= 10 and v == 0 else None)
    assert summary(half.id).sentence == "So far: A passed 100 % of 10 answers (95 % 72 to 100)."
    with pytest.raises(NotFound):
        summary("nothing")


def test_few_rows_have_no_statistics_but_figures() -> None:
    found = summary(make(["A", "B"], 10, lambda row, v, _: {"passed": v == 0}).id)
    assert "fewer than 15 rows: no statistics" in found.sentence and not found.pairs[0].decisive
    three = summary(make(["A", "B", "C"], 10, lambda row, v, _: {"passed": v == 0}).id)
    assert three.sentence == "A passed most, 100 %, on 10 rows; fewer than 15 rows: no statistics."


def test_a_look_a_moment_ago_will_do_for_a_page_that_polls() -> None:
    eval_id = two()
    before = summary(eval_id)
    evals.override(eval_id, 60, 0, 0, True)
    assert summary(eval_id, stale_s=60) == before
    assert summary(eval_id) != before
    assert math.isclose(summary(eval_id).variants[0].score or 0, 41 / 60)
