"""GitHub Models' prompt files as evals."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.evals.assertion import Assertion
from core.evals.assertions import Judging, judge
from core.evals.datasets import rows_of
from core.evals.eval_file import EvalFile
from core.evals.formats import parse_eval, read_eval, write_eval
from core.evals.output import Output
from core.evals.row import Row
from tests.core.evals.assertions.saying import Replies
from tests.core.evals.formats.writing import bare

FILE = """
name: Capitals
description: Names of capitals
model: smollm2
modelParameters: {temperature: 0.5, max_tokens: 16}
messages:
  - {role: system, content: Answer with one word.}
  - {role: user, content: "What is the capital of {{country}}?"}
testData:
  - {country: France, expected: Paris}
  - {country: Japan, expected: Tokyo}
evaluators:
  - {name: right, string: {contains: "{{expected}}"}}
  - {name: starts, string: {startsWith: "It is."}}
  - {name: ends, string: {endsWith: "{{expected}}"}}
  - name: kind
    llm:
      modelId: smollm2
      systemPrompt: You grade.
      prompt: "Is {{completion}} kind? Expected {{expected}}."
      choices: [{choice: "very", score: 1}, {choice: "no", score: 0}]
"""
RIGHT = 'string: {contains: "{{expected}}"}'


def _passed(file: EvalFile, output: str, *replies: str) -> list[bool]:
    row = next(iter(rows_of(file)))
    assert isinstance(row, Row)
    verdicts = judge(row, file.variants[0], Output(text=output), Judging(ask=Replies(*replies)))
    assert not any(each.error for each in verdicts), verdicts
    return [each.passed for each in verdicts]


def test_prompt_data_and_evaluators(tmp_path: Path) -> None:
    (tmp_path / "capitals.prompt.yml").write_text(FILE)
    file = read_eval(tmp_path / "capitals.prompt.yml")
    [variant] = file.variants
    assert (variant.model, variant.params.temperature, variant.params.max_tokens) == ("smollm2", 0.5, 16)
    assert [row.vars["country"] for row in file.data.rows] == ["France", "Japan"]
    assert _passed(file, "it is. PARIS, no, Paris", "That is VERY kind") == [True, True, True, True]
    assert _passed(file, "So it is. paris", "no") == [True, False, False, False]
    assert any("endsWith minds upper and lower case" in note for note in file.notes)


def test_a_reply_without_a_choice_is_an_error_after_a_second_question() -> None:
    file = parse_eval(FILE, "capitals.prompt.yml")
    row, replies = next(iter(rows_of(file))), Replies("perhaps", "maybe")
    assert isinstance(row, Row)
    verdict = judge(row, file.variants[0], Output(text="Paris"), Judging(ask=replies))[-1]
    assert verdict.error and "none of the choices" in verdict.error and len(replies.requests) == 2
    assert "Is Paris kind? Expected Paris." in replies.requests[0].messages[1].content


def test_it_is_written_as_promptfoo_has_it() -> None:
    file = parse_eval(FILE, "capitals.prompt.yml")
    assert bare(parse_eval(write_eval(file), "again.yaml")) == bare(file)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("testData:", "data:"), "holds no testData"),
        ((RIGHT, "uses: github/similarity"), "uses 'github/similarity', which is not in"),
        ((RIGHT, "string: {like: a}"), "needs one of equals, contains"),
        ((RIGHT, "x: 1"), "has none of string, llm and uses"),
        (("score: 1}", "score: 7}"), "scores are from 0 to 1"),
        (("model: smollm2", "model: openai/gpt-4o"), "the provider 'openai/gpt-4o' is none"),
        (("modelId: smollm2", "modelId: openai/gpt-4o"), "the provider 'openai/gpt-4o' is none"),
        (("temperature: 0.5", "temperature: 5"), "temperature is 5"),
    ],
)  # fmt: skip
def test_what_cannot_be_honoured_is_said(change: tuple[str, str], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        parse_eval(FILE.replace(*change), "capitals.prompt.yml")


def test_another_model_and_an_evaluator_left_out() -> None:
    text = FILE.replace("model: smollm2", "model: openai/gpt-4o").replace(
        'string: {contains: "{{expected}}"}', "uses: a/b"
    )
    file = parse_eval(text, "capitals.prompt.yml", models=("smollm2",), skip_unsupported=True)
    assert file.variants[0].model == "smollm2" and len(file.default_assertions) == 3
    assert all(isinstance(each, Assertion) for each in file.default_assertions)
    assert any("'a/b'" in note for note in file.notes)
