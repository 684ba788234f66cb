"""What ships with Loupe: prompts that teach by example, and worked examples whose answers are right."""

from __future__ import annotations

import re

import pytest

from core import sandbox
from core.evals.scorers import RULES, extract
from core.prompts import library, template
from core.prompts.folder import SHIPPED
from core.prompts.formats import read_prompt, write_prompt
from core.techniques import TECHNIQUES, examples
from core.techniques.wording import wording_of

FILES = sorted(SHIPPED.rglob("*.prompt.yml"))
NAMES = [file.relative_to(SHIPPED).as_posix().removesuffix(".prompt.yml") for file in FILES]
EVERYDAY = [name for name in NAMES if name.startswith("everyday/")]
SUM = re.compile(r"(\d[\d+*/(). -]*[\d)]) = (\d+(?:\.\d+)?)")


def test_there_is_one_for_every_technique_and_for_everyday_work() -> None:
    assert {f"techniques/{name}" for name in TECHNIQUES} <= set(NAMES)
    everyday = {"summarise", "classify", "extract-json", "rewrite", "translate"}
    assert everyday <= {name.removeprefix("everyday/") for name in EVERYDAY}
    listed = {entry.name: entry for entry in library.list_prompts()}
    assert [listed[name].problem for name in NAMES] == [None] * len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_prompt_says_what_it_is_and_can_be_tried(name: str) -> None:
    prompt = library.load(name).prompt
    assert prompt.notes == ()
    assert prompt.unknown_parameters == ()
    assert prompt.sampling
    assert len(prompt.name) > 2
    assert prompt.description.endswith(".")
    assert prompt.test_data
    assert all(str(row["expected"]).strip() for row in prompt.test_data)
    assert prompt.evaluators
    for each in prompt.evaluators:
        assert each["name"]
        assert len({"string", "llm", "uses"} & set(each)) == 1
    used = set(prompt.variables) | {"expected"}
    assert all(set(row) <= used for row in prompt.test_data)
    assert write_prompt(prompt).content == (SHIPPED / f"{name}.prompt.yml").read_bytes()


@pytest.mark.parametrize("name", EVERYDAY)
def test_an_everyday_prompt_runs_on_every_row_of_its_test_data(name: str) -> None:
    prompt = library.load(name).prompt
    assert len(prompt.test_data) >= 3
    for row in prompt.test_data:
        for message in prompt.render(row):
            assert "{{" not in message.content
    assert all(each.description or len(each.name) > 3 for each in prompt.inputs)


@pytest.mark.parametrize("name", TECHNIQUES)
def test_a_wording_shows_examples_that_have_what_it_shows(name: str) -> None:
    technique = TECHNIQUES[name]
    wording = wording_of(technique)
    assert wording.shows_examples == ("examples" in technique.options)
    assert wording.notes.extract is None or wording.notes.extract in RULES
    assert bool(wording.later) == bool(technique.reply)
    if wording.shows_examples:
        rows = examples.load(str(wording.notes.examples))
        assert len(examples.usable(rows, wording.needs, None, "x")) > wording.notes.shots
    if wording.notes.extract:  # what an example ends in is what the rule finds
        for row in examples.load(wording.notes.examples or "arithmetic")[:3]:
            shown = template.render(wording.notes.example, row.values())
            assert not shown or extract(wording.notes.extract, shown) == row.answer


@pytest.mark.parametrize("name", examples.shipped_sets())
def test_a_set_of_examples_is_worth_showing(name: str) -> None:
    rows = examples.load(name)
    assert len(rows) >= 6
    assert len({row.question for row in rows}) == len(rows)
    for row in rows:
        for left, right in SUM.findall(row.reasoning):
            assert sandbox.run(f"def solution():\n    return abs(({left}) - {right}) < 1e-9").result == "True", left
        if row.reasoning and row.answer[0].isdigit():
            assert SUM.findall(row.reasoning)[-1][1] == row.answer, row.question


def test_every_program_of_the_examples_gives_its_answer() -> None:
    rows = [row for name in examples.shipped_sets() for row in examples.load(name) if row.program]
    assert len(rows) >= 8
    for row in rows:
        ran = sandbox.run(row.program)
        assert ran.ok, row.question
        assert float(str(ran.result)) == float(row.answer), row.question


def test_labels_of_classifying_examples_are_few() -> None:
    for name in ("sentiment", "support-tickets"):
        rows = examples.load(name)
        answers = [row.answer for row in rows]
        assert 3 <= len(set(answers)) <= 4
        assert all(answers.count(answer) >= 3 for answer in answers)
        assert set(answers) == set(answers[:6])  # the first few show nearly all of them


def test_the_wording_file_is_read_by_the_format_it_ships_in() -> None:
    for file in FILES:
        assert read_prompt(file.read_bytes(), file.name).format == "github"
