"""The page Results under AppTest: sentence, figures, rows by mode, one cell, a person's word, an earlier run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import jobs
from core.evals.formats import read_eval
from core.evals.report import REPORTS
from core.evals.running import prepare
from core.evals.running.overrides import Overrides
from core.store import evals
from core.store.evals import EvalRecord
from tests.core.evals.results.made import make, verdict
from tests.pages.conftest import ROOT
from tests.pages.document_pages import HOSTILE, IMAGE, LINK, DocumentsPage, live_in_markdown

SHARES = {"A": 0.9, "B": 0.5, "C": 0.45}


class ResultsPage(DocumentsPage):
    """The page, with the same hands as the pages of documents."""

    def __init__(self, **query: str) -> None:
        self.app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        self.app.switch_page("pages/evaluate/results.py")
        for key, value in query.items():
            self.app.query_params[key] = value
        self.run()

    @property
    def table(self) -> dict[str, Any]:
        """What the table of rows was given."""
        return self.component("results_matrix_")

    @property
    def numbers(self) -> list[int]:
        """Numbers of the rows on the page."""
        return [row["n"] for row in self.table["rows"]]


def cell(row: int, variant: int, repeat: int = 0) -> dict[str, Any]:
    if (row, variant) == (7, 1):
        return {"error": "The endpoint did not answer."}
    passed = row <= 40 * list(SHARES.values())[variant]
    grade = verdict(True, 0.1 if row == 5 else 0.9, "closeness")
    said = f"It is {2 * row}." if variant < 2 else f"It might be {2 * row}, or so."
    return {"passed": passed, "verdicts": [verdict(passed, reason="Not in there."), grade], "text": said, "cost": 0.001}


def made(**fields: Any) -> EvalRecord:
    return make(list(SHARES), 40, cell, **fields)


def test_without_an_eval_it_says_where_they_come_from() -> None:
    page = ResultsPage()
    assert "An eval asks several variants" in page.words() and not page.app.selectbox


def test_the_sentence_and_the_board() -> None:
    made()
    page = ResultsPage()
    assert "A leads with 90 %: decisively better than B and C" in page.words().replace("\n", " ") or (
        "A leads with 90 % and is better than both others; decisive." in page.words()
    )
    assert "40 rows × 3 variants · 120 calls, 0 from the cache · 1 call had no answer" in page.words()
    board = page.component("results_board")
    assert [row["name"] for row in board["rows"]] == ["A", "B", "C"]
    first = board["rows"][0]
    assert first["share"] == 0.9 and first["ci"][0] < 0.9 < first["ci"][1]
    assert board["heads"] == ["Answers", "Errors", "Tokens", "s per answer", "Cost"]
    assert board["rows"][1]["figures"][:2] == ["39", "1"]


def test_modes_search_and_filters_come_from_the_address() -> None:
    made()
    assert ResultsPage().numbers == list(range(1, 26))
    assert ResultsPage(rows_page="2").numbers == list(range(26, 41))
    assert ResultsPage(rows_mode="Errors").numbers == [7]
    assert ResultsPage(rows_mode="Differ", rows_search="re:is 6\\d\\.").numbers == [30, 31, 32, 33, 34]
    assert ResultsPage(rows_mode="Failures", rows_only="A").numbers == [37, 38, 39, 40]
    assert ResultsPage(rows_search="be 24,").numbers == [12]
    assert ResultsPage(rows_assertion="closeness").numbers == [5]
    assert ResultsPage(rows_mode="nonsense", rows_assertion="nothing", rows_value="x").numbers == list(range(1, 26))


def test_a_mode_is_chosen_and_begins_on_its_first_page() -> None:
    made()
    page = ResultsPage(rows_page="2")
    page.set("rows_mode", "Differ")
    assert page.numbers[:2] == [19, 20]  # the browser keeps the mode in the address
    page.set("rows_search", "re:(")
    assert any("is no pattern" in each for each in page.errors())
    page.set("rows_search", "nowhere to be found")
    assert "No row matches" in page.words()


def test_pairs_assertions_cost_and_reports() -> None:
    record = made()
    page = ResultsPage(results_tab="Pairs")
    pairs = page.app.dataframe[0].value
    assert list(pairs["A"]) == ["A", "A", "B"] and list(pairs["Verdict"])[:2] == ["decisive", "decisive"]
    assert list(pairs["Verdict"])[2].startswith("not decisive: about ")
    assert "closeness" in ResultsPage(results_tab="Assertions").app.dataframe[0].value.columns
    plot = ResultsPage(results_tab="Cost and score")
    assert "On the line is what nothing cheaper is as good as" in plot.words()
    reports = ResultsPage(results_tab="Reports")
    assert reports.app.code[0].value == "loupe eval run sums.yaml"
    assert all(report.file for report in REPORTS.values()) and record.file.strip() in [
        each.value.strip() for each in reports.app.code
    ]


def test_the_command_repeats_what_was_said_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "e.yaml"
    path.write_text("prompts: ['{{x}}']\nproviders: ['openai:gpt-9']\ntests: [{vars: {x: 1}}, {vars: {x: 2}}]\n")
    said = Overrides(models=("smollm2",), limit=1, repeat=2, skip_broken=True, skip_unsupported=True, use_cache=False)
    file = said.applied(read_eval(path, models=said.models, skip_unsupported=True))
    for where, command in (
        (str(path), f"loupe eval run {path} --model smollm2 --repeat 2 --limit 1 --skip-broken --skip-unsupported"),
        ("", "loupe eval run my-eval.yaml"),
    ):
        record = prepare(file, said=said, path=where, name="My eval")
        page = ResultsPage(eval=record.id, results_tab="Reports")
        assert page.app.code[0].value == f"{command} --no-cache"


def test_a_cell_opens_with_everything_that_is_known_of_it() -> None:
    record = made()
    page = ResultsPage(eval=record.id, cell="39-0-0")
    texts = [each.value.strip() for each in page.app.code]
    assert texts[0] == "It is 78." and "What is 39 + 39?" in texts
    assert "✗] **contains** Not in there." in page.words()
    assert "20 out" in page.words() and "10 tokens in" in page.words()
    assert page.table["chosen"] == "39-0-0"
    page.click("results_previous")
    assert page.query("cell") == "38-0-0"
    page.click("results_close")
    assert "cell" not in page.app.query_params and page.table["chosen"] == ""


def test_what_a_judge_was_asked_and_wrote() -> None:
    asked = {"judge": "api:local/judge", "prompt": [{"role": "user", "content": f"Is it polite? {HOSTILE}"}]}
    asked |= {"replies": ["PASS, since it says please."], "tokens": 12, "seconds": 0.5, "cost_usd": 0.01}
    both = {"orders": [asked, asked], "flipped": True}
    judged = [verdict(True, 0.8, "llm-rubric", details=asked), verdict(False, label="select-best", details=both)]
    record = make(["A"], 1, lambda *_: {"passed": False, "verdicts": judged, "text": "Please."})
    page = ResultsPage(eval=record.id, cell="1-0-0")
    texts = [each.value.strip() for each in page.app.code]
    assert texts.count("PASS, since it says please.") == 3 and any("Is it polite?" in each for each in texts)
    assert "api:local/judge · 12 tokens · 0.50 s · $0.010000" in page.words()
    assert any('"flipped": true' in each for each in texts)


def test_a_persons_word_counts_until_it_is_taken_back() -> None:
    record = made()
    page = ResultsPage(eval=record.id, cell="40-0-0")
    page.app.text_input(key="results_reason").set_value(f"Right in other words {LINK}")
    next(each for each in page.app.button if each.label == "Count it as passed").click()
    page.run()
    assert evals.cell(record.id, 40, 0).override is True
    assert "A person says **passed**: Right in other words" in page.words()
    assert "1 cell by a person's word" in page.words()
    assert page.component("results_board")["rows"][0]["share"] == pytest.approx(37 / 40)
    assert live_in_markdown(page.raw(), LINK) == []
    page.click("results_undo")
    assert evals.cell(record.id, 40, 0).override is None and "A person says" not in page.words()


def test_an_answer_without_a_verdict_is_shown_counted_and_judged_by_a_person() -> None:
    silent = {"unjudged": "The judge gave no verdict.", "text": "Paris, or so.", "cost": 0.001}
    gone = {"error": "It is gone.", "cost": 0.001}
    record = make(["A"], 4, lambda row, *_: (silent, gone)[row - 1] if row < 3 else {"passed": True, "cost": 0.001})
    page = ResultsPage(eval=record.id, cell="1-0-0")
    assert "1 call had no answer · 1 answer got no verdict" in page.words()
    board = page.component("results_board")
    assert board["heads"][:3] == ["Answers", "No verdict", "Errors"]
    assert board["rows"][0]["figures"][:3] == ["3", "1", "1"] and board["rows"][0]["share"] == 1
    cell = page.table["rows"][0]["cells"][0][0]
    assert (cell["status"], cell["text"], cell["reason"]) == (
        "unjudged", "Paris, or so.", "The judge gave no verdict.",
    )  # fmt: skip
    assert "no verdict" in page.words() and "score 0" not in page.words()
    assert page.app.code[0].value.strip() == "Paris, or so."
    labels = [each.label for each in page.app.button]
    assert "Count it as passed" in labels and "Count it as failed" in labels
    next(each for each in page.app.button if each.label == "Count it as failed").click()
    page.run()
    assert evals.cell(record.id, 1, 0).status == "failed"
    assert page.component("results_board")["rows"][0]["share"] == pytest.approx(2 / 3)


def test_the_price_of_an_answer_is_that_of_answers() -> None:
    gone = {"error": "It is gone.", "cost": 0.0}
    make(["A"], 4, lambda row, *_: gone if row < 3 else {"passed": True, "cost": 0.001})
    page = ResultsPage(results_tab="Cost and score")
    [plot] = [each for each in page.app.get("vega_lite_chart")]
    assert "at 1 US $ per 1,000 answers" in str(plot.proto)


def test_steps_and_repeats_of_a_cell() -> None:
    steps = [{"kind": "thought", "text": f"First {IMAGE}", "data": {}}, {"kind": "unheard-of", "text": "x", "data": {}}]
    record = make(["A"], 2, lambda r, v, t: {"passed": True, "text": f"time {t}", "steps": steps}, repeat=2)
    page = ResultsPage(eval=record.id, cell="1-0-1")
    assert page.app.code[0].value.strip() == "time 1" and f"First {IMAGE}" in [each.value for each in page.app.text]
    assert "2 rows × 1 variant × 2 times" in page.words()


def test_other_peoples_text_stays_text() -> None:
    def hostile(*_: int) -> dict[str, Any]:
        return {"passed": False, "text": HOSTILE, "verdicts": [verdict(False, label=HOSTILE, reason=HOSTILE)]}

    record = make(
        [HOSTILE, "=1+1"],
        20,
        hostile,
        name=HOSTILE,
        row=lambda _: {"vars": {HOSTILE: HOSTILE}, "description": HOSTILE},
    )
    for tab in ("Leaderboard", "Pairs", "Assertions", "Cost and score"):
        page = ResultsPage(eval=record.id, cell="1-0-0", results_tab=tab)
        assert live_in_markdown(page.raw(), IMAGE) == [] and live_in_markdown(page.raw(), LINK) == []
        for drawn in page.app.dataframe:
            assert not [each for each in drawn.value.astype(str).to_numpy().ravel() if each.startswith("=")]
    assert page.table["rows"][0]["about"].startswith(IMAGE)


def test_what_got_worse_since_an_earlier_run() -> None:
    then = make(["A", "old"], 30, lambda row, v, _: {"passed": row <= 25}, name="Sums")
    now = make(["A", "new"], 32, lambda row, v, _: {"passed": row > 3 and row <= 28}, name="Sums")
    page = ResultsPage(eval=now.id, results_tab="Since an earlier run")
    page.set("results_earlier", then.id)
    assert page.query("earlier") == then.id
    changed = page.app.dataframe[0].value.iloc[0]
    assert (changed["Got worse"], changed["Got better"], changed["Same"]) == (3, 3, 24)
    assert "30 rows are in both, matched by what they hold; 2 are new, 0 gone." in page.words()
    assert "Only in this run: new." in page.words() and "Only in the earlier run: old." in page.words()
    page.set("rows_change", "Got worse")
    assert page.numbers == [1, 2, 3]
    assert ResultsPage(eval=now.id, earlier=then.id, rows_change="New rows").numbers == [31, 32]


@pytest.mark.parametrize("query", [{"eval": "nothing"}, {"earlier": "nothing"}, {"eval": "'; DROP TABLE evals"}])
def test_a_bad_link_is_said_and_the_page_is_of_use(query: dict[str, str]) -> None:
    made()
    page = ResultsPage(**query)
    assert any("There is no eval" in each for each in page.errors()) and page.numbers


@pytest.mark.parametrize("name", ["99-0-0", "1-9-0", "x", "1-0-0; DROP"])
def test_a_bad_cell_is_no_failure(name: str) -> None:
    made()
    page = ResultsPage(cell=name)
    assert page.numbers and (not page.errors() or "There is no cell" in page.errors()[0])


def test_while_it_runs_and_where_it_was_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    half = make(["A", "B"], 20, lambda row, *_: {"passed": True} if row <= 6 else None)
    evals.set_job(half.id, "0" * 20)
    page = ResultsPage()  # its job was deleted
    assert "12 of 40 cells so far" in page.words() and page.table["rows"][10]["cells"] == [[], []]
    view = jobs.JobView(
        id="0" * 20,
        kind="eval",
        title=f"Eval {HOSTILE}",
        status="running",
        attempt=1,
        accelerator=False,
        created_at=half.created_at,
        started_at=half.created_at,
        ended_at=None,
        done=12,
        total=40,
        unit="cells",
        rate=None,
        eta_s=None,
        note="",
        error=None,
        stopping=False,
    )
    monkeypatch.setattr(jobs, "get", lambda _: view)
    page = ResultsPage()
    assert page.numbers == list(range(1, 21)) and page.has("results_job_cancel")
    monkeypatch.setattr(jobs, "get", lambda _: replace(view, status="interrupted", error="It was killed."))
    assert ResultsPage().has("results_job_resume")


def test_notes_of_the_plan_are_shown() -> None:
    plan = {"variants": [{"name": "A", "model": "m"}], "repeat": 1, "path": "/evals/my file.yaml", "broken": 0}
    plan |= {"missing": {"A": "There is no model m."}, "notes": [f"It has {LINK}."]}
    make(["A"], 2, lambda *_: {"passed": True}, plan=plan)
    page = ResultsPage(results_tab="Reports")
    assert "A: There is no model m." in page.words() and live_in_markdown(page.raw(), LINK) == []
    assert page.app.code[0].value == "loupe eval run '/evals/my file.yaml'"
    assert json.loads("".join(REPORTS["json"].render(evals.list_evals()[0].id)))["summary"]["notes"]
