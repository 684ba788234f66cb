"""Compare under AppTest, on a tiny real model: what a click starts, a link rebuilds, bad input says.

Whether an answer is any good is not asked here: the tiny model's weights are random.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.evals.compare import columns, sweeping
from core.evals.compare.columns import Column
from core.evals.compare.worddiff import word_diff
from core.evals.formats import parse_eval
from core.generation.request import GenerationRequest
from core.prompts import library
from core.prompts.file import PromptFile, PromptMessage
from core.store import runs as store
from core.techniques import TechniqueRequest
from pages.shared.arena import draft as arena_draft
from pages.shared.arena import session as arena_session
from pages.shared.compare import draft, prompt_box, sweep_draft
from pages.shared.compare.draft import EACH, PROMPT, field, page_of
from pages.shared.compare.prompt_box import EXAMPLES
from tests.pages.conftest import ROOT

TEXT = "The lens gathers light"


class Compare:
    """The page under AppTest, with the tiny model in every column and short answers."""

    def __init__(self, model: Path, **query: str) -> None:
        self.model = f"path:{model}?dtype=fp32"
        self.app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        self.app.run()
        self.app.switch_page("pages/try/compare.py")
        for name, value in query.items():
            self.app.query_params[name] = value
        if not query:
            for slot in range(6):
                self.app.session_state[field(slot, "model")] = self.model
                self.app.session_state[field(slot, "mode")] = "completion"
        self.run()

    def run(self) -> None:
        """Draw the page anew."""
        self.app.run()
        assert not self.app.exception

    def set(self, key: str, value: Any) -> None:
        """Give a widget a value."""
        self.app.get_by_key(key).set_value(value)
        self.run()

    def dial(self, slot: int, name: str, value: Any) -> None:
        """Move a dial of a column, whose settings are then the shown ones."""
        self.set(draft.EDITED, slot)
        self.set(f"{page_of(slot)}_{name}", value)

    def click(self, key: str) -> None:
        """Press the button whose key is, or begins with, `key`."""
        next(each for each in self.app.button if each.key and each.key.startswith(key)).click()
        self.run()

    def start(self, text: str = TEXT, tokens: int = 5) -> list[Column]:
        """Run all columns on a prompt; their runs once all have ended."""
        for slot in self.app.session_state[draft.COLUMNS]:
            if self.app.session_state[f"{page_of(slot)}_max_tokens"] == 160:
                self.app.session_state[f"{page_of(slot)}_max_tokens"] = tokens
        self.set(PROMPT, text)
        self.click("compare_start")
        return self.finished()

    def link(self, name: str = "columns") -> str:
        """What the URL holds."""
        value = self.app.query_params[name]
        return value[0] if isinstance(value, list) else value

    def finished(self) -> list[Column]:
        """The shown runs once all have ended, and the page drawn anew."""
        ids, deadline = self.link().split("."), time.monotonic() + 60
        while any(columns.find(each).running for each in ids):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.run()
        return [columns.find(each) for each in ids]

    def swept(self) -> sweeping.RunView:
        """The shown sweep once it has ended, and the page drawn anew."""
        deadline = time.monotonic() + 60
        while sweeping.get(self.link("sweep")).running:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.run()
        return sweeping.get(self.link("sweep"))

    def errors(self) -> list[str]:
        """Every error on the page, as it reads."""
        return [each.value.replace("\\", "") for each in self.app.error]

    def words(self) -> str:
        """All captions and Markdown, as they read."""
        return "\n".join(each.value.replace("\\", "") for each in [*self.app.caption, *self.app.markdown])

    def drawn(self) -> list[Any]:
        """Data of the components of our own: token views, word diffs, bars."""
        found: list[Any] = []

        def look(node: Any) -> None:
            proto = getattr(node, "proto", None)
            if type(proto).__name__ == "BidiComponent":
                found.append(json.loads(proto.json))
            for child in getattr(node, "children", {}).values():
                look(child)

        look(self.app.main)
        return found


@pytest.fixture
def compare(tiny_model: Path) -> Compare:
    """A fresh browser on the page."""
    return Compare(tiny_model)


def test_columns_run_on_one_prompt_each_with_its_own_settings(compare: Compare) -> None:
    compare.dial(1, "temperature", 1.0)
    compare.dial(1, "seed", "3")
    one, other = compare.start()
    assert isinstance(one.request, GenerationRequest) and isinstance(other.request, GenerationRequest)
    assert one.request.prompt == other.request.prompt == TEXT
    assert (one.request.params.temperature, other.request.params.temperature, other.seed) == (0, 1.0, 3)
    words = compare.words()
    assert "**A** · temperature 0" in words and "**B** · temperature 1 · seed 3" in words
    assert "tokens in · 5 out · first token" in words and "tokens/s" in words


def test_a_link_rebuilds_columns_and_settings_in_another_browser(compare: Compare, tiny_model: Path) -> None:
    compare.dial(1, "top_k", 5)
    compare.start()
    other = Compare(tiny_model, columns=compare.link())
    assert other.app.session_state[draft.COLUMNS] == (0, 1)
    assert other.app.get_by_key(PROMPT).value == TEXT
    other.set(draft.EDITED, 1)
    assert other.app.get_by_key(f"{page_of(1)}_top_k").value == 5
    assert other.app.get_by_key(field(1, "model")).value == compare.model
    assert other.link() == compare.link()


def test_columns_are_added_copied_and_removed(compare: Compare) -> None:
    compare.dial(1, "top_k", 7)
    compare.click("compare_copy_1")
    assert compare.app.session_state[draft.COLUMNS] == (0, 1, 2)
    assert compare.app.session_state[f"{page_of(2)}_top_k"] == 7
    for _ in range(3):
        compare.click("compare_add")
    assert len(compare.app.session_state[draft.COLUMNS]) == 6
    assert next(each for each in compare.app.button if each.key == "compare_add").disabled
    compare.click("compare_remove_0")
    assert compare.app.session_state[draft.COLUMNS] == (1, 2, 3, 4, 5)
    assert len(compare.start(tokens=2)) == 5
    for slot in (1, 2, 3, 4):
        compare.click(f"compare_remove_{slot}")
    assert len(compare.link().split(".")) == 1
    assert next(each for each in compare.app.button if each.key == "compare_remove_5").disabled


def test_the_shown_settings_stay_those_of_their_column_when_letters_move(compare: Compare) -> None:
    compare.click("compare_copy_1")
    compare.dial(2, "top_k", 9)
    compare.click("compare_remove_0")
    assert compare.app.session_state[draft.EDITED] == 2
    assert compare.app.get_by_key(f"{page_of(2)}_top_k").value == 9


def test_a_box_for_each_leaves_the_prompts_where_they_are(compare: Compare) -> None:
    compare.start(tokens=2)
    compare.set(EACH, draft.OWN_BOXES)
    compare.set(draft.EDITED, 1)
    assert [compare.app.get_by_key(field(slot, "library")).value for slot in (1,)] == [""]
    assert compare.app.session_state[field(0, "library")] == ""
    assert "cannot be run" not in compare.words()


def test_one_column_is_run_alone_and_the_others_stay(compare: Compare) -> None:
    before = [each.id for each in compare.start(tokens=2)]
    compare.click("compare_run_1")
    after = [each.id for each in compare.finished()]
    assert after[0] == before[0] and after[1] != before[1]


def test_a_prompt_of_its_own_for_each(compare: Compare) -> None:
    compare.start(tokens=2)
    compare.set(EACH, draft.OWN_BOXES)
    compare.set(field(0, "prompt"), "one")
    compare.set(field(1, "prompt"), "two")
    compare.click("compare_start")
    found = [each.request for each in compare.finished()]
    assert [each.prompt for each in found if isinstance(each, GenerationRequest)] == ["one", "two"]
    assert "The prompts differ" in compare.words()


def test_variables_get_boxes_and_a_prompt_of_the_library_brings_its_own(compare: Compare) -> None:
    library.save(
        "mine/story",
        PromptFile(messages=(PromptMessage(role="user", content="Tell of {{hero}} and {{place}}."),)),
    )
    compare.set(draft.EDITED, 1)
    compare.set(field(1, "mode"), "")
    compare.set(field(1, "library"), "mine/story")
    compare.set(PROMPT, "Sing of {{hero}}.")
    compare.set(draft.value_key("hero"), "Ada")
    compare.set(draft.value_key("place"), "London")
    one, other = compare.start("Sing of {{hero}}.", tokens=2)
    assert isinstance(one.request, GenerationRequest) and one.request.prompt == "Sing of Ada."
    assert isinstance(other.request, GenerationRequest)
    assert other.request.messages[-1].content == "Tell of Ada and London."


def test_a_technique_is_a_column_beside_a_plain_prompt(compare: Compare) -> None:
    compare.set(draft.EDITED, 1)
    compare.set(field(1, "technique"), "few-shot")
    compare.set(f"{page_of(1)}_option_shots", 2)
    _, other = compare.start("How many apples are left?", tokens=3)
    assert isinstance(other.request, TechniqueRequest)
    assert (other.request.technique, other.request.shots, other.request.mode) == ("few-shot", 2, "completion")
    assert other.request.question == "How many apples are left?"


def test_where_they_part_is_shown_with_both_probabilities_under_both(compare: Compare) -> None:
    compare.dial(1, "temperature", 2.0)
    compare.dial(1, "seed", "1")
    one, other = compare.start(tokens=8)
    deadline = time.monotonic() + 60
    while len(bars := [each for each in compare.drawn() if "rest" in each]) < 2:
        assert time.monotonic() < deadline
        compare.run()
    assert "**Where they part**" in compare.words()
    under_a, under_b = ({row["text"][0]: row for row in each["rows"]} for each in bars)
    assert set(under_a) == set(under_b) == {"A", "B"}
    assert under_a["A"]["taken"] and under_b["B"]["taken"] and not under_a["B"]["taken"]
    assert (under_a["A"]["after"], under_a["B"]["after"]) == (1, 0)
    assert under_a["A"]["before"] == pytest.approx(under_b["A"]["before"], rel=1e-3)  # one model, one prompt
    assert one.text != other.text


def test_outputs_that_are_the_same_are_said_to_be(compare: Compare) -> None:
    compare.start()
    assert "The outputs are the same, token for token." in compare.words()


def test_differences_are_marked_against_the_first_column(compare: Compare) -> None:
    compare.dial(1, "temperature", 2.0)
    compare.dial(1, "seed", "1")
    one, other = compare.start(tokens=8)
    compare.set("compare_differences", True)
    [found] = [each for each in compare.drawn() if "pieces" in each]
    assert [(each["k"], each["t"]) for each in found["pieces"]] == [
        (piece.kind, piece.text) for piece in word_diff(one.text, other.text)
    ]


def test_stop_ends_one_column(compare: Compare) -> None:
    for slot in (0, 1):
        compare.dial(slot, "max_tokens", 150)
        compare.set(f"{page_of(slot)}_min_tokens", 150)
    compare.set(PROMPT, TEXT)
    compare.click("compare_start")
    first, second = compare.link().split(".")
    compare.click(f"compare_stop_{first}")
    compare.click("compare_stop_all")
    stopped = compare.finished()
    assert [each.id for each in stopped] == [first, second]
    assert stopped[0].status == "cancelled"


def test_an_example_runs_with_one_click(compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    """On whatever model is the default; here the tiny one."""
    from core.settings import get_settings

    monkeypatch.setenv("LOUPE_DEFAULT_MODEL", compare.model)
    get_settings.cache_clear()
    short = replace(EXAMPLES[0], columns=tuple({**each, "max_tokens": 3} for each in EXAMPLES[0].columns))
    monkeypatch.setattr(prompt_box, "EXAMPLES", (short,))
    compare.click("compare_example_0")
    found = compare.finished()
    assert len(found) == len(EXAMPLES[0].columns)
    assert all(each.request.question == EXAMPLES[0].prompt for each in found)


def test_an_empty_prompt_is_one_sentence_and_runs_nothing(compare: Compare) -> None:
    compare.click("compare_start")
    assert compare.errors() == ["The prompt is empty; write something to continue."]
    assert store.list_runs() == []


def test_a_column_that_cannot_run_says_so_beside_the_others(compare: Compare) -> None:
    compare.app.session_state[field(1, "model")] = "nowhere/at-all"
    [one] = compare.start(tokens=2)
    assert one.status == "finished"
    assert any("nowhere/at-all" in each for each in compare.errors())


def test_a_link_with_a_run_that_is_gone_shows_the_others(compare: Compare, tiny_model: Path) -> None:
    compare.start(tokens=2)
    known = compare.link().split(".")[0]
    other = Compare(tiny_model, columns=f"{known}.{'f' * 20}")
    assert any("There is no run" in each for each in other.errors())
    assert other.link() == known
    bad = Compare(tiny_model, columns="nonsense")
    assert any("There is no such run" in each for each in bad.errors())


def test_a_hostile_output_is_shown_letter_by_letter(compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = "<img src=x onerror=alert(1)> **bold** ![](http://x/y.png)"
    compare.start(tokens=2)
    real = columns.find

    def find(run_id: str) -> Column:
        return replace(real(run_id), text=evil, tokens=())

    monkeypatch.setattr(columns, "find", find)
    compare.run()
    shown = [each for each in compare.drawn() if "spans" in each]
    assert [span["t"] for each in shown for span in each["spans"]] == [evil, evil]
    assert evil not in compare.words()


def test_the_eval_file_repeats_the_columns(compare: Compare) -> None:
    compare.dial(1, "temperature", 1.0)
    compare.start("Say {{word}}", tokens=2)
    compare.set(draft.value_key("word"), "light")
    compare.start("Say {{word}}", tokens=2)
    compare.app.session_state["compare_eval"] = True
    compare.run()
    text = next(each.value for each in compare.app.code if each.value.startswith("description:"))
    file = parse_eval(text, "compare.yaml")
    assert [each.params.temperature for each in file.variants] == [0, 1.0]
    assert [each.messages[0].content for each in file.variants] == ["Say {{word}}"] * 2
    assert len({each.name for each in file.variants}) == 2
    assert [row.vars for row in file.data.rows] == [{"word": "light"}]


def test_the_columns_meet_in_the_arena(compare: Compare) -> None:
    compare.dial(1, "temperature", 1.0)
    compare.click("compare_copy_1")  # set like the one it was copied from: one contestant
    compare.start("Say {{word}}", tokens=2)
    compare.set(draft.value_key("word"), "light")
    compare.click("compare_blind")
    met = compare.app.session_state[arena_draft.CONTESTANTS]
    assert [each.params.temperature for each in met] == [0, 1.0]
    assert all(each.variables == ("question",) for each in met)
    assert compare.app.get_by_key(arena_session.QUESTION).value == "Say light"


def sweep(compare: Compare, **axes: Any) -> None:
    """Open the tab Sweep and set its axes."""
    compare.app.session_state["compare_tab"] = "Sweep"
    compare.run()
    for place, (setting, values) in zip(sweep_draft.PLACES, axes.items(), strict=False):
        compare.set(place, setting)
        compare.set(sweep_draft.values_key(place, setting), values)
    if len(axes) == 1:
        compare.set(sweep_draft.SECOND, "")


def test_a_sweep_of_two_settings_is_a_grid_of_outputs_with_a_score(compare: Compare, tiny_model: Path) -> None:
    compare.set(PROMPT, TEXT)
    sweep(compare, temperature="0, 2", max_tokens="1..3 step 2")
    compare.set(sweep_draft.SAMPLES, 2)
    compare.set(sweep_draft.SCORE, "not-equals: nothing of the kind")
    assert "4 cells, 6 outputs" in compare.words()
    compare.click("sweep_start")
    view = compare.swept()
    assert view.status == "finished" and len(view.result.samples) == 6
    chart = next(iter(compare.app.get("vega_lite_chart")))
    assert "Temperature" in str(chart.proto) and "Max tokens" in str(chart.proto)
    texts = {each.text for each in view.result.of(0)}
    assert texts <= {each.value.strip("\n") for each in compare.app.code}
    compare.set("sweep_cell", 3)
    shown = {each.value.strip("\n") for each in compare.app.code}
    assert {each.text.strip("\n") for each in view.result.of(3)} <= shown
    # the same in another browser, settings included
    other = Compare(tiny_model, sweep=compare.link("sweep"))
    assert other.app.get_by_key(sweep_draft.values_key(sweep_draft.FIRST, "temperature")).value == "0, 2"
    assert other.app.get_by_key(sweep_draft.SCORE).value == "not-equals: nothing of the kind"
    assert other.app.get_by_key(PROMPT).value == TEXT


def test_a_sweep_of_one_setting_over_choices(compare: Compare) -> None:
    compare.set(field(0, "mode"), "")
    compare.set(PROMPT, "How many apples are left?")
    sweep(compare, technique=["none", "zero-shot"])
    compare.dial(0, "max_tokens", 2)
    compare.click("sweep_start")
    view = compare.swept()
    assert [each.technique for each in view.request.variants] == [None, "zero-shot"]
    assert all(each.error is None for each in view.result.samples)


@pytest.mark.parametrize(
    ("first", "values", "said"),
    [
        ("temperature", "warm", "Temperature: 'warm' is no number."),
        ("temperature", "0, 5", "temperature is 5.0"),
        ("temperature", "", "Temperature has no values"),
        ("shots", "1, 2", "has no shots"),
    ],
)
def test_a_sweep_that_cannot_run_says_why_and_runs_nothing(
    compare: Compare, first: str, values: str, said: str
) -> None:
    compare.set(PROMPT, TEXT)
    sweep(compare, **{first: values})
    compare.click("sweep_start")
    assert any(said in each for each in compare.errors())
    assert store.list_runs() == []


def test_a_sweep_is_among_the_runs_and_shown_there(compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    compare.set(PROMPT, TEXT)
    compare.dial(0, "max_tokens", 2)
    sweep(compare, seed="1, 2")
    compare.click("sweep_start")
    view = compare.swept()
    [row] = [row for row in store.list_runs() if row.kind == sweeping.KIND]
    assert row.title == f"Sweep of Seed: {TEXT}"

    def page(sweep_id: str) -> None:
        from core.evals.compare import sweeping
        from core.store import runs
        from pages.shared.compare.details import sweep_details

        sweep_details(runs.get(sweep_id), sweeping.get(sweep_id))

    monkeypatch.setattr("streamlit.page_link", lambda *args, **kwargs: None)  # there is no router in this test
    app = AppTest.from_function(page, args=(view.id,), default_timeout=60).run()
    assert not app.exception and not app.error
    assert {each.text for each in view.result.of(0)} <= {each.value.strip("\n") for each in app.code}
