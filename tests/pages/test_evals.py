"""The page Evals under AppTest: what would be run is said before, a click runs it, what is wrong is one sentence.

Models are scripted, and jobs are done at once in the test's own process.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import ModelFailed
from core.evals.eval_file import AT_ONCE
from core.evals.examples import examples
from core.evals.formats import read_eval
from core.evals.running import kept_files, latest, plan_of, preview, start
from core.settings import get_settings
from core.store import evals as store
from pages.shared.evals import form, sources, state
from tests.core.evals.running.conftest import Script, eval_file, jobs_here, models, variant
from tests.pages.conftest import ROOT
from tests.pages.document_pages import HOSTILE, live_in_markdown

__all__ = ["jobs_here", "models"]
pytestmark = pytest.mark.usefixtures("jobs_here", "models")


class EvalsPage:
    """The page."""

    def __init__(self, held: dict[str, Any] | None = None, **query: str) -> None:
        self.app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        for key, value in (held or {}).items():
            self.app.session_state[key] = value
        self.app.run()
        self.app.switch_page("pages/evaluate/evals.py")
        for key, value in query.items():
            self.app.query_params[key] = value
        self.run()

    def run(self) -> None:
        """Draw it until the look at the draft is there."""
        deadline = time.monotonic() + 60
        self.app.run()
        assert not self.app.exception, self.app.exception
        while any("Reading the rows" in each.value for each in self.app.caption):
            assert time.monotonic() < deadline
            time.sleep(0.05)
            self.app.run()
            assert not self.app.exception, self.app.exception

    def click(self, key: str) -> None:
        self.app.get_by_key(key).click()
        self.run()

    def set(self, key: str, value: Any) -> None:
        self.app.get_by_key(key).set_value(value)
        self.run()

    def words(self) -> str:
        kinds = (self.app.markdown, self.app.caption, self.app.subheader, self.app.warning)
        return "\n".join(each.value.replace("\\", "") for kind in kinds for each in kind)

    def errors(self) -> list[str]:
        return [each.value.replace("\\", "") for each in self.app.error]

    def code(self) -> str:
        return "\n".join(each.value for each in self.app.code)


def test_the_worked_example_says_what_it_would_do_and_runs_with_a_click() -> None:
    page = EvalsPage(example="1")
    assert "12 rows × 2 variants = 24 cells" in page.words() and "24 calls to make" in page.words()
    assert "What is the capital of France?" in page.code()
    page.click("evals_run")
    [record] = store.list_evals()
    assert page.app.query_params["eval"] in (record.id, [record.id])
    assert len(list(store.cells(record.id))) == 24
    assert latest(str(examples()[0].path)) is not None  # a terminal's --resume finds it
    assert "no call is missing" in page.words()
    page.app.run()
    assert len(store.list_evals()) == 1
    table = next(each.value for each in page.app.dataframe if "Results" in each.value)
    assert list(table["Results"]) == [f"/results?eval={record.id}"] and list(table["Rows"]) == [12]


def test_the_sidebar_goes_before_the_file_and_the_command_says_it() -> None:
    page = EvalsPage()
    page.set("evals_limit", 2)
    page.set("evals_repeat", 3)
    page.set("evals_cache", False)
    assert "2 rows × 2 variants × 3 times = 12 cells" in page.words()
    page.click("evals_run")
    plan = plan_of(store.list_evals()[0])
    assert (plan.file.data.limit, plan.file.repeat, plan.use_cache) == (2, 3, False)


def test_the_card_has_the_file_and_the_command() -> None:
    page = EvalsPage({"evals_repeat_card": True, "evals_limit": 2})
    path = examples()[0].path
    assert path.read_text().strip() in page.code()
    assert [each for each in page.code().splitlines() if each.startswith("loupe")] == [
        f"loupe eval run {path} --limit 2"
    ]


def test_a_copy_of_an_example_is_edited_with_its_data_beside_it() -> None:
    page = EvalsPage({state.EXAMPLE: "sentiment"})
    page.click("evals_copy")
    assert page.app.session_state[state.NAME] == "sentiment.yaml"
    assert "Beside it: sentiment.csv" in page.words() and "2 variants" in page.words()
    page.click("evals_run")
    [record] = store.list_evals()
    plan = plan_of(record)
    assert Path(plan.path).read_text() == page.app.session_state[state.TEXT]
    assert read_eval(plan.path).variants == plan.file.variants


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prompts: [x", "eval.yaml"),
        ("a: &a [1]\nb: *a\n", "eval.yaml"),
        ("prompts: ['{{x}}']\nproviders: [openai:gpt-9]\ntests: [{vars: {x: 1}}]\n", "openai:gpt-9"),
        ("prompts: ['{{x}}']\nproviders: [smollm2]\ntests: [{vars: {y: 1}}]\n", "x"),
        ("prompts: ['{{x}}']\nproviders: [smollm2]\ntests: other.csv\n", "other.csv"),
        (
            "prompts: ['{{x}}']\nproviders: [smollm2]\ntests: [{vars: {x: 1}, assert: [{type: contans, value: 1}]}]\n",
            "contans",
        ),
    ],
)
def test_what_is_wrong_with_a_pasted_file_is_one_sentence(text: str, said: str) -> None:
    page = EvalsPage({state.SOURCE: state.FROM_FILE, state.TEXT: text})
    assert len(page.errors()) == 1 and said in page.errors()[0]
    assert not any(each.key == "evals_run" and not each.disabled for each in page.app.button)


def test_a_secret_in_a_pasted_file_is_kept_nowhere(models: Script) -> None:
    text = (
        "env: {OPENAI_API_KEY: sk-canary}\nprompts: ['{{x}}']\n"
        "providers: [{id: smollm2, config: {apiKey: sk-canary}}]\ntests: [{vars: {x: 1}}]\n"
    )
    page = EvalsPage({state.SOURCE: state.FROM_FILE, state.TEXT: text, "evals_repeat_card": True})
    assert page.errors() == [] and "(left out)" in page.code() and "sk-canary" not in page.code()
    page.click("evals_run")
    [record] = store.list_evals()
    assert "sk-canary" not in record.file + record.plan
    kept = get_settings().home / "evals"
    assert [each for each in kept.rglob("*") if each.is_file() and "sk-canary" in each.read_text()] == []


def test_uploaded_files_are_kept_together_and_the_eval_among_them_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Upload:
        def __init__(self, name: str, content: str) -> None:
            self.name, self._content = name, content

        def getvalue(self) -> bytes:
            return self._content.encode()

    held: dict[str, Any] = {state.TEXT: "", state.NAME: "eval.yaml"}
    monkeypatch.setattr("streamlit.session_state", held)
    held["up"] = [
        Upload("rows.csv", "x\n1\n"),
        Upload("mine.yaml", "prompts: ['{{x}}']\nproviders: [smollm2]\ntests: rows.csv\n"),
    ]
    sources._take("up")
    assert held[state.NAME] == "mine.yaml" and held[state.TEXT].startswith("prompts")
    assert [each.name for each in Path(held[state.FOLDER]).iterdir()] == ["rows.csv"]
    held["up"] = [Upload("../../evil.csv", "x\n"), Upload("mine.yaml", "prompts: [a]")]
    sources._take("up")
    assert "cannot be kept" in held[state.ERROR]
    held[state.TEXT] = ""
    held["up"] = [Upload("rows.csv", "x\n1\n")]
    sources._take("up")
    assert "None of these files is an eval" in held[state.ERROR]


def test_the_form_makes_variants_of_prompts_models_and_techniques_and_a_file_that_reads_back() -> None:
    page = EvalsPage({state.SOURCE: state.FROM_FORM, form.TITLE: "Mine", form.TECHNIQUE: ["", "few-shot"]})
    assert "2 rows × 4 variants = 8 cells" in page.words()
    page.click("evals_run")
    [record] = store.list_evals()
    plan = plan_of(record)
    assert record.name == "Mine"
    assert [each.name for each in plan.file.variants] == [
        "prompt 1 · as it is",
        "prompt 1 · few-shot",
        "prompt 2 · as it is",
        "prompt 2 · few-shot",
    ]
    again = read_eval(plan.path)
    assert again.variants == plan.file.variants and again.default_assertions == plan.file.default_assertions


def test_the_form_says_how_many_calls_are_made_at_once() -> None:
    page = EvalsPage({state.SOURCE: state.FROM_FORM})
    assert page.app.number_input(key="evals_at_once").placeholder == str(AT_ONCE)


def test_the_form_takes_further_assertions_and_says_what_is_wrong_with_one() -> None:
    page = EvalsPage({state.SOURCE: state.FROM_FORM})
    page.click("evals_assert_add")
    page.set("evals_assert1_type", "regex")
    page.set("evals_assert1_value", "(")
    assert any("regex" in each for each in page.errors())
    page.set("evals_assert1_value", "[A-Z]")
    page.set("evals_assert1_negated", True)
    assert page.errors() == [] and "not-regex [A-Z]" in page.words()
    page.set("evals_assert1_type", "contains-any")
    page.set("evals_assert1_value", "[1,")
    assert any("begins like JSON" in each for each in page.errors())
    page.click("evals_assert1_remove")
    assert page.errors() == []


def test_a_form_without_a_prompt_or_rows_says_so() -> None:
    page = EvalsPage({state.SOURCE: state.FROM_FORM})
    page.set("evals_rows", "")
    assert any("no rows yet" in each for each in page.errors())
    page.set("evals_prompt0", "")
    page.set("evals_prompt1", "")
    assert any("no prompt yet" in each for each in page.errors())


def test_a_model_that_is_not_here_is_told_before() -> None:
    page = EvalsPage({"evals_models": ["smollm2", "api:nowhere/x"]})
    assert "no endpoint named 'nowhere'" in page.words() and "2 variants" in page.words()


def test_a_bad_link_is_a_sentence_and_the_page_stays() -> None:
    page = EvalsPage(eval="nothing")
    assert any("There is no eval 'nothing'" in each for each in page.errors())
    assert "12 rows × 2 variants" in page.words()


def test_evals_are_deleted_with_what_was_kept_for_them() -> None:
    page = EvalsPage({state.SOURCE: state.FROM_FORM})
    page.click("evals_run")
    [record] = store.list_evals()
    folder = Path(plan_of(record).file.folder)
    assert folder.is_dir()
    from pages.shared.evals import earlier

    earlier.running.delete(record.id)
    assert store.list_evals() == [] and not folder.exists()


def test_folders_that_nobody_needs_go_after_a_day_and_others_stay() -> None:
    import os

    used = kept_files.keep({"rows.csv": b"question\na\n"})
    unused = kept_files.keep({"rows.csv": b"question\nb\n"})
    fresh = kept_files.keep({"rows.csv": b"question\nc\n"})
    file = read_eval(
        kept_files.add(used, "e.yaml", b"prompts: ['{{question}}']\nproviders: [smollm2]\ntests: rows.csv\n")
    )
    start(file)
    for folder in (used, unused):
        os.utime(folder, (1, 1))
    kept_files.sweep()
    assert used.is_dir() and fresh.is_dir() and not unused.exists()


def test_what_others_wrote_is_shown_letter_by_letter(models: Script) -> None:
    text = (
        f"description: '{HOSTILE}'\nprompts: [{{label: '{HOSTILE}', raw: '{{{{question}}}} {HOSTILE}'}}]\n"
        f"providers: [smollm2]\ntests: [{{vars: {{question: '{HOSTILE}'}}, description: '{HOSTILE}'}}]\n"
    )
    page = EvalsPage({state.SOURCE: state.FROM_FILE, state.TEXT: text, state.NAME: f"{HOSTILE}.yaml"})
    assert page.errors() == []
    page.click("evals_run")
    kinds = (page.app.markdown, page.app.caption, page.app.subheader, page.app.warning, page.app.error)
    raw = [each.value for kind in kinds for each in kind] + [each.label for each in page.app.expander]
    assert live_in_markdown(raw, "**bold**") == [] and live_in_markdown(raw, "![x]") == []


def test_a_look_counts_calls_that_are_missing(models: Script) -> None:
    file = eval_file(["a", "b", "a"], variant(), variant("twin"), repeat=2)
    first = preview.look_at(file)
    assert (first.cells, first.calls, first.cached, first.counted) == (12, 2, 10, 12)
    start(file)
    assert preview.look_at(file).calls == 0 and preview.look_at(file, use_cache=False).calls == 2
    assert [each.messages for each in first.first[0].sent] == [(("user", "Q: a"),)] * 2


def test_what_failed_is_asked_again_with_a_click(models: Script) -> None:
    def broken(request: Any) -> str:
        raise ModelFailed("It computed no valid numbers.")

    answer, models.answer = models.answer, broken
    page = EvalsPage({"evals_limit": 2})
    page.click("evals_run")
    assert any(each.label == "Ask the 4 that failed again" for each in page.app.button)
    models.answer = answer
    page.click("evals_again")
    assert [each.error for each in store.cells(store.list_evals()[0].id)] == [None] * 4
    assert not any(each.key == "evals_again" for each in page.app.button)
