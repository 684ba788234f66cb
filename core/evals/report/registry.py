"""The formats of reports by name. Knows nothing of how one is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.evals.report.csv import render as csv
from core.evals.report.html import render as html
from core.evals.report.json import render as json
from core.evals.report.junit import render as junit


@dataclass(frozen=True, slots=True)
class Report:
    """One format."""

    name: str
    title: str
    file: str
    """What the file is called."""
    mime: str
    render: Callable[[str], Iterator[str]]
    """The text of the report on an eval's id, piece by piece.

    Raises:
        NotFound: there is no such eval.
        StoreError: the database could not be read.
    """


REPORTS: dict[str, Report] = {
    each.name: each
    for each in (
        Report("html", "HTML", "results.html", "text/html", html),
        Report("csv", "CSV", "results.csv", "text/csv", csv),
        Report("json", "JSON", "results.json", "application/json", json),
        Report("junit", "JUnit", "results.junit.xml", "application/xml", junit),
    )
}
