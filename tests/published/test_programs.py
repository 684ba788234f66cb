"""Programs that models wrote, run in the sandbox: within 0.3 points of the figures, since a time limit decides some.

The quick part takes the first rows of every file, the slow one all of them (`make slow`).
"""

from __future__ import annotations

import pytest

from tests.published.figures import Figure, figures, percent

FIGURES = [figure for figure in figures() if figure.extract == "program"]
POINTS = 0.3


@pytest.mark.parametrize("figure", [figure for figure in FIGURES if figure.first_100 is not None], ids=str)
def test_the_first_hundred_score_what_they_should(figure: Figure) -> None:
    rows, expected = figure.first or (0, 0.0)
    assert percent(figure.score(rows)) == expected


def test_verdicts_on_humaneval_are_upstreams() -> None:
    [figure] = [figure for figure in FIGURES if figure.file.startswith("humaneval")]
    report, verdicts = figure.score(40), figure.verdicts()
    assert {item.id: item.correct == 1.0 for item in report.items} == {
        item.id: verdicts[str(item.id)] for item in report.items
    }


@pytest.mark.slow
@pytest.mark.parametrize("figure", FIGURES, ids=str)
def test_the_figure_is_reproduced(figure: Figure) -> None:
    report = figure.score()
    assert report.mean.n == figure.n
    assert percent(report) == pytest.approx(figure.reproduced, abs=POINTS)
    if figure.per_item_agreement is not None:
        verdicts = figure.verdicts()
        agreeing = [verdicts[str(item.id)] == (item.correct == 1.0) for item in report.items]
        assert sum(agreeing) == figure.per_item_agreement


@pytest.mark.slow
def test_the_first_thirty_votes_are_upstreams() -> None:
    [figure] = [figure for figure in FIGURES if figure.first_30 is not None]
    assert percent(figure.score(30)) == figure.first_30
