"""Published ReAct transcripts: every action is read, and the answers are those that the rule `react-finish` finds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from core.evals.scorers import extract
from core.techniques.react_parsing import Action, parse
from tests.published.conftest import DATA

LABEL = re.compile(r"^(?:Action|Thought)(?: \d+)?: ", re.MULTILINE)
EXPECTED = {"Search": 2530, "Lookup": 65, "Finish": 952, "reflect": 26}
"""Actions that GPT-3 and a tuned Llama 2 took in all files, counted by the labels that begin a line."""


def files() -> list[Path]:
    return sorted((DATA / "react").glob("*.jsonl"))


def replies(transcript: str) -> Iterator[str]:
    """What the model wrote between observations."""
    for part in re.split(r"^Observation(?: \d+)?:", transcript, flags=re.MULTILINE):
        own = LABEL.search(part)  # what stands before the first label is the observation itself
        if own is not None:
            yield part[own.start() :]


def outputs() -> Iterator[str]:
    for file in files():
        with file.open(encoding="utf-8") as lines:
            yield from (json.loads(line)["output"] for line in lines)


def test_every_action_of_the_transcripts_is_read() -> None:
    read: list[Action] = []
    for output in outputs():
        for reply in replies(output):
            taken = parse(reply)
            assert taken.action is not None, reply
            assert taken.dropped == "", reply
            assert taken.thought and not LABEL.match(taken.thought), reply
            read.append(taken.action)
    assert {name: sum(each.tool.casefold() == name.casefold() for each in read) for name in EXPECTED} == EXPECTED
    assert len(read) == sum(EXPECTED.values())
    assert all(each.argument for each in read)


def test_arguments_are_what_stands_in_the_brackets() -> None:
    """Letter by letter, for every action on a line of its own; one bracket in all files never closes."""
    open_ended = 0
    for output in outputs():
        for reply in replies(output):
            line = re.search(r"^Action(?: \d+)?: +(\w+)\[(.*?)(\])?$", reply, re.MULTILINE)
            if line is None:
                continue
            open_ended += line[3] is None
            assert parse(reply).action == Action(line[1], line[2].strip())
    assert open_ended == 1


def test_answers_are_those_the_rule_finds() -> None:
    answers = 0
    for output in outputs():
        last = parse([*replies(output)][-1]).action
        answer = last.argument if last is not None and last.finishes else None
        assert answer == extract("react-finish", output)
        answers += answer is not None
    assert answers == EXPECTED["Finish"]


def test_the_examples_of_the_paper_are_read() -> None:
    prompts = json.loads((DATA / "react" / "prompts.json").read_text(encoding="utf-8"))
    for name in ("webthink_simple6", "webact_simple6"):
        questions = [part for part in prompts[name].split("Question: ") if part.strip()]
        assert len(questions) == 6
        for question in questions:
            taken = [parse(reply).action for reply in replies(question)]
            assert all(action is not None for action in taken)
            assert taken[-1] is not None and taken[-1].finishes and taken[-1].argument
