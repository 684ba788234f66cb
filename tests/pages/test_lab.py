"""The Prompt lab under AppTest, on a tiny real model: what a click starts, a link rebuilds, bad input says.

Whether an answer is any good is not asked here: the tiny model's weights are random.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import techniques
from core.errors import InvalidInput
from core.events import Event
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.prompts import library
from core.prompts.file import PromptFile, PromptMessage
from core.store import runs as store
from core.techniques import TECHNIQUES, runs
from core.techniques import lab as lab_of_techniques
from pages.shared.lab import draft, option_draft
from pages.shared.lab.verdict import judge
from pages.shared.session import MODEL
from tests.pages.conftest import ROOT

QUESTION = "How many apples are left?"


class Lab:
    """The lab under AppTest, with the tiny model chosen and short answers."""

    def __init__(self, model: Path, link: str | None = None) -> None:
        self.app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        self.app.session_state[MODEL] = f"path:{model}"
        self.app.run()
        self.app.switch_page("pages/prompts/lab.py")
        if link:
            self.app.query_params["lab"] = link
        self.run()
        if not link:
            self.set("lab_max_tokens", 8)

    def run(self) -> None:
        """Draw the page anew."""
        self.app.run()
        assert not self.app.exception

    def set(self, key: str, value: Any) -> None:
        """Give a widget a value."""
        self.app.get_by_key(key).set_value(value)
        self.run()

    def tick(self, *names: str) -> None:
        """Tick these techniques and no others."""
        for name in TECHNIQUES:
            self.app.get_by_key(draft.tick(name)).set_value(name in names)
        self.run()

    def click(self, key: str) -> None:
        """Press the button whose key is, or begins with, `key`."""
        next(each for each in self.app.button if each.key and each.key.startswith(key)).click()
        self.run()

    def ask(self, *names: str) -> list[runs.RunView]:
        """Put the question to these techniques; their runs once all have ended."""
        self.set(draft.QUESTION, QUESTION)
        self.tick(*names)
        self.click("lab_run")
        return self.finished()

    @property
    def link(self) -> str:
        """The runs in the URL."""
        value = self.app.query_params["lab"]
        return value[0] if isinstance(value, list) else value

    def finished(self) -> list[runs.RunView]:
        """The shown runs once all have ended, and the page drawn anew."""
        deadline = time.monotonic() + 60
        while any(runs.get(run_id).running for run_id in self.link.split(".")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.run()
        return [runs.get(run_id) for run_id in self.link.split(".")]

    def errors(self) -> list[str]:
        """Every error on the page, as it reads."""
        return [each.value.replace("\\", "") for each in self.app.error]

    def captions(self) -> str:
        """All captions, as they read."""
        return "\n".join(each.value.replace("\\", "") for each in self.app.caption)


@pytest.fixture
def lab(tiny_model: Path) -> Lab:
    """A fresh browser on the lab."""
    return Lab(tiny_model)


def test_an_example_question_fills_the_page_and_runs_nothing(lab: Lab) -> None:
    lab.click("lab_example_0")
    example = techniques.EXAMPLE_QUESTIONS[0]
    assert lab.app.get_by_key(draft.QUESTION).value == example.question
    assert lab.app.get_by_key(draft.EXPECTED).value == example.answer
    assert {name for name in TECHNIQUES if lab.app.get_by_key(draft.tick(name)).value} == set(example.techniques)
    assert store.list_runs() == []


def test_every_ticked_technique_gets_a_column_with_what_was_sent(lab: Lab) -> None:
    found = lab.ask("zero-shot", "zero-shot-cot")
    assert [run.request.technique for run in found] == ["zero-shot", "zero-shot-cot"]
    assert all(run.request.question == QUESTION for run in found)
    shown = [each.value for each in lab.app.code]
    for run in found:
        for call in run.result.calls:
            assert call.result.prompt in shown
            assert call.result.completions[0].text in shown
    assert "2 calls" in lab.captions()


def test_a_link_rebuilds_question_techniques_and_settings_in_another_browser(lab: Lab, tiny_model: Path) -> None:
    lab.set("lab_temperature", 0.3)
    lab.set("lab_seed", "7")
    lab.set(draft.EXPECTED, "7")
    lab.ask("few-shot", "zero-shot")
    other = Lab(tiny_model, lab.link)
    assert other.app.get_by_key(draft.QUESTION).value == QUESTION
    assert [name for name in TECHNIQUES if other.app.get_by_key(draft.tick(name)).value] == ["zero-shot", "few-shot"]
    assert other.app.get_by_key("lab_temperature").value == 0.3
    assert other.app.get_by_key("lab_seed").value == "7"
    assert other.app.get_by_key(draft.EXPECTED).value == "7"
    assert other.link == lab.link


def test_a_link_rebuilds_examples_and_options_and_hides_no_setting(lab: Lab, tiny_model: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text(json.dumps({"question": "Mine?", "answer": "yes"}))
    asked = techniques.TechniqueRequest.parse(
        technique="few-shot",
        model=f"path:{tiny_model}",
        question=QUESTION,
        examples=str(file),
        shots=0,
        mode="completion",
        params=SamplingParams(temperature=0, max_tokens=4, stop=("hidden",)),
    )
    run = techniques.start(asked)
    assert run.wait(60)
    other = Lab(tiny_model, run.id)
    assert other.app.get_by_key(draft.EXAMPLES).value == str(file)
    assert other.app.get_by_key(option_draft.option("shots")).value == 0
    again = other.ask("few-shot")[0].request
    assert (again.examples, again.shots, again.mode, again.params.stop) == (str(file), 0, "completion", ())


def test_settings_of_the_playground_and_of_the_lab_are_apart(lab: Lab) -> None:
    lab.set("lab_max_tokens", 33)
    lab.app.switch_page("pages/try/playground.py")
    lab.run()
    assert lab.app.get_by_key("play_max_tokens").value != 33
    lab.app.switch_page("pages/prompts/lab.py")
    lab.run()
    assert lab.app.get_by_key("lab_max_tokens").value == 33


def test_a_page_that_was_left_shows_the_same_runs_again(lab: Lab) -> None:
    found = lab.ask("zero-shot")
    lab.app.switch_page("pages/work/runs.py").run()
    lab.app.query_params.clear()
    lab.app.switch_page("pages/prompts/lab.py")
    lab.run()
    assert lab.link == found[0].id


def test_new_shows_nothing_and_keeps_the_question(lab: Lab) -> None:
    lab.ask("zero-shot")
    lab.click("lab_new")
    assert "lab" not in lab.app.query_params
    assert lab.app.get_by_key(draft.QUESTION).value == QUESTION


@pytest.mark.parametrize("bad", ["0123456789abcdef0123", "../../etc/passwd", "<b>x</b>"])
def test_an_unknown_id_is_a_column_that_says_so_and_the_others_are_shown(lab: Lab, tiny_model: Path, bad: str) -> None:
    found = lab.ask("zero-shot")
    other = Lab(tiny_model, f"{bad.replace('.', '')}.{found[0].id}")
    assert any("no such run" in error.lower() or "no run" in error.lower() for error in other.errors())
    assert found[0].result.calls[0].result.prompt in [each.value for each in other.app.code]


def test_nothing_runs_without_a_question_or_a_technique(lab: Lab) -> None:
    lab.tick("zero-shot", "pal")
    lab.click("lab_run")
    [error] = lab.errors()
    assert "question" in error.lower()
    lab.set(draft.QUESTION, QUESTION)
    lab.tick()
    lab.click("lab_run")
    assert lab.errors() == ["Tick at least one technique."]
    assert store.list_runs() == []


def test_what_is_refused_is_a_column_and_the_others_run(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    real = techniques.start

    def start(request: techniques.TechniqueRequest) -> Any:
        if request.technique == "pal":
            raise InvalidInput("No <b>sandbox</b> today.")
        return real(request)

    monkeypatch.setattr(techniques, "start", start)
    found = lab.ask("zero-shot", "pal")
    assert [run.request.technique for run in found] == ["zero-shot"]
    assert lab.errors() == ["No <b>sandbox</b> today."]
    assert "**Zero\\-shot**" in [each.value for each in lab.app.markdown]  # named by technique, not by its model


def test_one_column_is_stopped_and_the_other_goes_on(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    real, go_on = lab_of_techniques.generate, threading.Event()

    def held(request: GenerationRequest, cancel: threading.Event) -> Iterator[Event]:
        """The model waits until the test lets it go on, or somebody stops the run."""
        while not (go_on.is_set() or cancel.is_set()):
            time.sleep(0.01)
        yield from real(request, cancel)

    monkeypatch.setattr(lab_of_techniques, "generate", held)
    lab.set(draft.QUESTION, QUESTION)
    lab.tick("zero-shot", "zero-shot-cot")
    lab.click("lab_run")
    second = lab.link.split(".")[1]
    lab.click(f"lab_stop_{second}")
    deadline = time.monotonic() + 30
    while runs.get(second).running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert runs.get(second).status == "cancelled"
    go_on.set()
    one, two = lab.finished()
    assert (one.status, two.status) == ("finished", "cancelled")
    assert len(two.result.calls) == 1


def test_one_technique_on_several_models(lab: Lab, tiny_model: Path) -> None:
    lab.set(draft.MODE, "models")
    refs = [f"path:{tiny_model}", f"path:{tiny_model}?dtype=fp32"]
    box = lab.app.get_by_key(draft.MODELS)
    box.options.extend(refs)
    box.set_value(refs)
    lab.run()
    lab.set(draft.QUESTION, QUESTION)
    lab.click("lab_run")
    found = lab.finished()
    assert [run.request.model for run in found] == refs
    assert {run.request.technique for run in found} == {"zero-shot"}


def test_a_technique_gets_only_the_options_it_uses(lab: Lab) -> None:
    lab.set(draft.QUESTION, QUESTION)
    lab.tick("zero-shot", "self-consistency")
    lab.set(option_draft.option("samples"), 3)
    lab.click("lab_run")
    plain, votes = lab.finished()
    assert votes.request.samples == 3
    assert len(votes.result.calls[0].result.completions) == 3
    assert len(plain.result.calls[0].result.completions) == 1


def test_a_prompt_of_ones_own_words_the_technique_while_it_is_the_only_one(lab: Lab) -> None:
    text = "Arr! {{question}}"
    library.save("pirate", PromptFile(messages=(PromptMessage(role="user", content=text),)))
    library.save("mute", PromptFile(messages=(PromptMessage(role="user", content="Hello."),)))
    lab.tick("zero-shot")
    box = lab.app.get_by_key(option_draft.option("prompt"))
    assert "pirate" in box.options and "mute" not in box.options
    lab.set(option_draft.option("prompt"), "pirate")
    [run] = lab.ask("zero-shot")
    assert run.request.prompt == "pirate"
    assert f"Arr! {QUESTION}" in run.result.calls[0].result.prompt
    lab.click("lab_new")
    both = lab.ask("zero-shot", "one-shot")
    assert [each.request.prompt for each in both] == [None, None]


@pytest.mark.parametrize(
    ("answer", "expected", "right"),
    [
        ("875", "875", True),
        ("So there are 23 boxes, and the answer is 875.", "875", True),
        ("875 apples, then 12 more", "875", False),
        ("1,234.0", "1234", True),
        ("The Eiffel Tower.", "eiffel tower", True),
        ("It stands in Paris, the capital of France.", "Paris", True),
        ("I cannot tell.", "Paris", False),
        ("many", "875", False),
        ("1/2", "0.5", True),
        ("0.5", "1/2", True),
        ("I do not know.", "no", False),
        ("No, it does not.", "no", True),
        ("marsupials", "Mars", False),
        ("It is Mars.", "Mars", True),
        ("The answer is A", "A", True),
        ("(b).", "B", True),
        ("Probably C", "B", False),
        ("The answer is (C), as A is wrong", "A", False),
        (None, "875", False),
        ("  ", "Paris", False),
    ],
)
def test_right_or_wrong(answer: str | None, expected: str, right: bool) -> None:
    verdict = judge(answer, expected)
    assert verdict is not None and verdict.right is right


def test_without_an_expected_answer_nothing_is_right_or_wrong() -> None:
    assert judge("875", "  ") is None


HOSTILE = "<img src=x onerror=alert(1)> ![p](https://example.com/p.png) $x$ :red[no] **bold**"


def hostile_steps() -> None:
    """A script that draws every kind of step with the same hostile text."""
    from core.techniques import StepResult
    from pages.shared.lab.steps import steps
    from tests.pages.test_lab import HOSTILE

    kinds = "examples thought program output action observation votes extraction retry trimmed problem unheard-of"
    data = {
        "tool": HOSTILE,
        "argument": HOSTILE,
        "engine": HOSTILE,
        "status": HOSTILE,
        "rule": HOSTILE,
        "groups": [{"answer": HOSTILE, "count": 2}, {"answer": None, "count": 1}],
        "agreement": 0.67,
    }
    steps([StepResult(kind=kind, text=HOSTILE, data=data) for kind in kinds.split()])


def test_whatever_a_model_wrote_is_shown_letter_by_letter() -> None:
    app = AppTest.from_function(hostile_steps, default_timeout=60).run()
    assert not app.exception
    rendered = [each.value for kind in (app.caption, app.markdown, app.info, app.warning) for each in kind]
    assert rendered
    for text in rendered:
        assert not re.search(r"(?<!\\)(<img|!\[p|\$x|:red|\*\*bold)", text)  # each of these is escaped
    letters = [each.value for kind in (app.code, app.text) for each in kind]
    assert letters.count(HOSTILE) >= 6


def test_the_page_runs_shows_the_steps_and_the_way_back(lab: Lab) -> None:
    [run] = lab.ask("zero-shot-cot")
    lab.app.switch_page("pages/work/runs.py").run()
    lab.app.session_state[lab.app.dataframe[0].key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    lab.run()
    assert run.result.calls[0].result.prompt in [each.value for each in lab.app.code]
    assert "2 calls" in lab.captions()
