"""Reports: what the cells say is in them, and what a model wrote does nothing in any of them."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInput, NotFound
from core.evals.report import REPORTS, write_reports
from core.store import evals
from tests.core.evals.results.made import make, verdict

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</pre></bdi></details></main><h1>Mine</h1>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "=cmd|'/C calc'!A0",
    "@SUM(A1:A9)",
    "+1",
    "-1",
    "\tx",
    "a\0b\x1b[31m\x08",
    "\u202eright to left",
    "]]> <![CDATA[ &lt; &#0; \ud7ff\ufffe",
    'two\r\nlines, and a "quote"',
]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The reports of an eval in which everything that somebody writes is hostile."""
    from core.settings import get_settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOUPE_HOME", str(tmp_path_factory.mktemp("home")))
        get_settings.cache_clear()

        def cell(row: int, variant: int, _: int) -> dict[str, Any]:
            text = HOSTILE[(row - 1) % len(HOSTILE)]
            if row == 3 and variant == 1:
                return {"error": text}
            verdicts = [verdict(variant == 0, reason=text), verdict(True, 0.5, text, details={"prompt": text})]
            return {"passed": variant == 0, "text": text, "prompt": text, "verdicts": verdicts, "cost": 0.001}

        def row(number: int) -> dict[str, Any]:
            text = HOSTILE[(number - 1) % len(HOSTILE)]
            broken = text if number == len(HOSTILE) + 1 else None
            return {"vars": {text: text, "q": number}, "description": text, "broken": broken}

        def some(number: int, variant: int, time: int) -> dict[str, Any] | None:
            return None if number > len(HOSTILE) else cell(number, variant, time)

        record = make([HOSTILE[0], "B \0 =1+1"], len(HOSTILE) + 1, some, row=row, name=HOSTILE[1], file=HOSTILE[0])
        evals.override(record.id, 2, 1, 0, True, HOSTILE[0])
        yield {name: "".join(report.render(record.id)) for name, report in REPORTS.items()}
    get_settings.cache_clear()


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.values: list[str] = []
        self.depth = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.values += [value or "" for _, value in attrs]


def test_the_page_runs_and_loads_nothing(reports: dict[str, str]) -> None:
    page = reports["html"]
    found = Tags(page)
    assert not found.tags & {"script", "img", "iframe", "object", "embed", "link", "form", "a", "base"}
    assert not [
        name for name in found.attributes if name.startswith("on") or name in ("href", "src", "style", "action")
    ]
    assert not [value for value in found.values if "javascript" in value or "http:" in value or "url(" in value]
    assert page.count("<h1>") == 1 and "\0" not in page and "\x1b" not in page
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy and policy[1].startswith("default-src &#x27;none&#x27;; style-src &#x27;sha256-")
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy[1]
    assert "url(" not in style and "@import" not in style


def test_the_page_says_what_came_of_it(reports: dict[str, str]) -> None:
    page = reports["html"]
    assert page.count("<svg role=") == 2 and "95 %" in page
    assert "fewer than 15 rows: no statistics" in page
    assert "1 overridden by a person" in page and "1 without an answer" in page and "1 of them broken" in page
    assert "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count('<details class="failed">') == len(HOSTILE) - 2
    assert page.count('<details class="error">') == 1


def test_a_spreadsheet_runs_no_formula(reports: dict[str, str]) -> None:
    lines = list(csv.reader(io.StringIO(reports["csv"])))
    assert not [cell for line in lines for cell in line if cell.startswith(("=", "+", "-", "@", "\t"))]
    header, body = lines[0], [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    assert len(body) == 2 * len(HOSTILE) + 1 and len(header) == len(set(header))
    assert {"row", "vars.q", "variant", "status", "output", "reason", "score.contains"} <= set(header)
    outputs = [line["output"] for line in body if line["variant"] == HOSTILE[0]]
    assert outputs[5] == "'" + HOSTILE[5] and outputs[0] == HOSTILE[0] and outputs[13] == HOSTILE[13]
    assert [line["status"] for line in body[4:6]] == ["passed", "error"] and body[-1]["status"] == "broken"
    assert body[3]["overridden"] == "True" and body[3]["status"] == "passed"


def test_json_holds_everything(reports: dict[str, str]) -> None:
    document = json.loads(reports["json"])
    assert document["version"] == 1 and document["summary"]["overridden"] == 1
    assert len(document["rows"]) == len(HOSTILE) + 1 and document["rows"][-1]["broken"]
    cell = document["rows"][11]["cells"][1]
    assert cell["output"]["text"] == HOSTILE[11] and cell["verdicts"][0]["reason"] == HOSTILE[11]
    assert cell["status"] == "failed" and document["file"] == HOSTILE[0]


def test_junit_is_xml_whatever_was_written(reports: dict[str, str]) -> None:
    root = ElementTree.fromstring(reports["junit"])
    suites = root.findall("testsuite")
    cases = [case for suite in suites for case in suite.findall("testcase")]
    assert int(root.attrib["tests"]) == len(cases) == 2 * len(HOSTILE) + 1
    failures = [case for case in cases if case.find("failure") is not None]
    assert int(root.attrib["failures"]) == len(failures) == len(HOSTILE) - 2
    errors = [case.find("error") for case in cases if case.find("error") is not None]
    assert int(root.attrib["errors"]) == len(errors) == 1 and errors[0].attrib["message"] == HOSTILE[2]
    assert [len(suite.findall("testcase/skipped")) for suite in suites] == [0, 0, 1] and root.attrib["skipped"] == "1"
    assert suites[1].findall("testcase")[10].findtext("system-out") == "ab[31m"
    for suite in suites:
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))


def test_an_answer_without_a_verdict_is_no_failure_in_any_report() -> None:
    silent = {"unjudged": "The judge gave no verdict.", "text": "Paris, or so.", "seconds": 2.0}
    cells = [{"passed": True, "seconds": 2.0}, silent, {"error": "It is gone.", "seconds": 2.0}]
    found = {name: "".join(REPORTS[name].render(make(["A"], 3, lambda row, *_: cells[row - 1]).id)) for name in REPORTS}
    lines = list(csv.DictReader(io.StringIO(found["csv"])))
    assert [(each["status"], each["passed"], each["score"]) for each in lines] == [
        ("passed", "True", "1.0"), ("unjudged", "", ""), ("error", "", ""),
    ]  # fmt: skip
    assert lines[1]["output"] == "Paris, or so." and lines[1]["reason"] == "The judge gave no verdict."
    document = json.loads(found["json"])
    cell = document["rows"][1]["cells"][0]
    assert (cell["status"], cell["passed"], cell["score"], cell["output"]["text"]) == (
        "unjudged", None, None, "Paris, or so.",
    )  # fmt: skip
    suites = ElementTree.fromstring(found["junit"])
    assert (suites.get("failures"), suites.get("errors")) == ("0", "2")
    page = found["html"]
    assert (
        "1 of the answers without a verdict" in page
        and "Paris, or so." in page
        and '<th scope="col"><bdi>No verdict' in page
    )
    assert '<td class="number">3.00</td>' in page  # seconds an answer: two answers cost six


def test_reports_are_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    eval_id = make(["A", "B"], 3, lambda row, v, _: {"passed": v == 0}, repeat=2).id
    written = write_reports(eval_id, tmp_path / "out")
    assert [each.name for each in written] == [report.file for report in REPORTS.values()]
    assert "repeat 2" in written[3].read_text()
    before = written[0].read_text()

    def breaks(_: str) -> Any:
        yield "half"
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(REPORTS, "html", type(REPORTS["html"])("html", "HTML", "results.html", "text/html", breaks))
    with pytest.raises(InvalidInput, match=r"cannot be written into .*: No space left on device"):
        write_reports(eval_id, tmp_path / "out", ["html"])
    assert written[0].read_text() == before
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == sorted(each.name for each in written)


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    eval_id = make(["A"], 1, lambda *_: {"passed": True}).id
    with pytest.raises(InvalidInput, match="There is no report 'pdf'; there are html, csv, json, junit"):
        write_reports(eval_id, tmp_path, ["pdf"])
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="cannot be written into"):
        write_reports(eval_id, tmp_path / "file")
    with pytest.raises(NotFound):
        write_reports("nothing", tmp_path)


def test_an_eval_that_is_not_complete_says_so() -> None:
    eval_id = make(["A", "B"], 4, lambda row, v, _: {"passed": True} if row < 3 else None).id
    assert "not complete: 4 of 8 cells" in "".join(REPORTS["html"].render(eval_id))
    lines = list(csv.DictReader(io.StringIO("".join(REPORTS["csv"].render(eval_id)))))
    assert [line["status"] for line in lines] == ["passed"] * 4 + ["waiting"] * 2
