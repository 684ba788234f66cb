"""Texts that models wrote, scored by every rule: the counts that were published, the same verdict on every item."""

from __future__ import annotations

import json

import pytest

from core.evals.scorers import wilson
from tests.core.cli.conftest import Loupe, loupe  # noqa: F401 – the fixture
from tests.published.figures import DATA, Figure, figures, percent

FIGURES = [figure for figure in figures() if figure.extract != "program"]


def test_the_list_of_figures_is_there() -> None:
    assert len(FIGURES) == 54
    assert {figure.file for figure in figures()} <= {str(path.relative_to(DATA)) for path in DATA.rglob("*.jsonl")}


@pytest.mark.parametrize("figure", FIGURES, ids=str)
def test_the_figure_is_reproduced_item_by_item(figure: Figure) -> None:
    report = figure.score()
    assert report.mean.n == figure.n
    assert percent(report) == figure.reproduced
    assert report.no_answer == figure.no_answer
    if figure.metric != "qa-f1":
        right = sum(item.correct for item in report.items)
        assert right == round(figure.reproduced * figure.n / 100)
        assert report.mean.interval() == pytest.approx(wilson(right, figure.n))
    if figure.per_item_agreement is not None:
        verdicts = figure.verdicts()
        agreeing = [verdicts[str(item.id)] == (item.correct == 1.0) for item in report.items]
        assert sum(agreeing) == figure.per_item_agreement


def test_f1_is_what_upstream_recorded_for_every_item() -> None:
    [figure] = [figure for figure in FIGURES if figure.metric == "qa-f1"]
    recorded = {row["id"]: row["published_f1"] for row in figure.rows()}
    found = {item.id: item.correct for item in figure.score().items}
    assert found == pytest.approx(recorded, abs=1e-9)


def test_the_command_prints_the_figure(loupe: Loupe) -> None:  # noqa: F811
    path = str(DATA / "gsm8k_2021" / "175b_verification.jsonl")
    document = json.loads(loupe("score", path, "--extract", "last-number", "--metric", "numeric", "--json").out)
    assert (document["n"], round(100 * document["accuracy"], 2)) == (1319, 56.25)
    assert document["ci95"] == pytest.approx(wilson(742, 1319))
