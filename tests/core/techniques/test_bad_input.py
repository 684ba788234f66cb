"""Bad requests, examples and wordings are refused in one sentence before anything is asked; odd but good ones work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInput, LoupeError, NotFound
from core.generation.params import SamplingParams
from core.techniques import TechniqueRequest
from tests.core.techniques.scripted import ask, script

QUESTION = "A box holds 6 eggs. How many eggs are in 7 boxes?"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"technique": "tree-of-thought"}, "few-shot-cot"),
        ({"question": "  "}, "question is empty"),
        ({"question": "\ud800"}, "surrogate"),
        ({"expected": "\udcff"}, "expected holds a lone surrogate"),
        ({"prompt": "\udcff"}, "surrogate"),
        ({"extract": "guess"}, "guess"),
        ({"extract": "program"}, "technique pal"),
        ({"technique": "react", "tools": ["telephone"]}, "telephone"),
        ({"shots": 3}, "zero-shot has no shots"),
        ({"technique": "few-shot", "shots": 65}, "shots is 65"),
        ({"technique": "few-shot", "shots": -1}, "shots is -1"),
        ({"technique": "few-shot", "choose": "best"}, "choose is 'best'"),
        ({"technique": "few-shot", "samples": 4}, "few-shot has no samples"),
        ({"technique": "self-consistency", "samples": 1}, "samples is 1"),
        ({"technique": "react", "max_steps": 0}, "max_steps is 0"),
        ({"params": SamplingParams(n=2)}, "leave n at 1"),
        ({"nonsense": 1}, "nonsense is not one of"),
    ],
)
def test_a_bad_request_is_one_sentence_that_names_the_value(values: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        TechniqueRequest.parse(**{"technique": "zero-shot", "model": "scripted", "question": "Why?", **values})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("{not json}", "Row 1"),
        ('{"question": "a", "answer": "b"}\n\n[1]', "Row 3"),
        ('{"question": "a"}', "answer is missing"),
        ('{"question": "a", "answer": "b"}', "have no reasoning"),
        ("[" * 100_000, "Row 1"),
        ('{"question": "a", "answer": "b", "reasoning": "\\ud800"}', "Row 1"),
    ],
)
def test_bad_examples_are_one_sentence_that_names_the_row(
    content: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(content, encoding="utf-8")
    script(monkeypatch)
    with pytest.raises(InvalidInput) as caught:
        ask("few-shot-cot", QUESTION, examples=str(file))
    assert words in str(caught.value)


def test_a_row_may_hold_any_line_end_of_unicode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rows.jsonl"
    row = {"question": "One\u2028two\x85three?", "answer": "yes"}
    file.write_text(json.dumps(row, ensure_ascii=False) + "\r\n", encoding="utf-8", newline="")
    model = script(monkeypatch, "x")
    ask("few-shot", QUESTION, examples=str(file))
    assert "One\u2028two" in model.prompts[0]


@pytest.mark.parametrize("name", ["nowhere.jsonl", "../../etc/passwd", "a\0b", "~nobody-here/x"])
def test_examples_that_are_not_there_are_one_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch)
    with pytest.raises((NotFound, InvalidInput)):
        ask("few-shot", QUESTION, examples=name)


def test_another_wording_from_the_library_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.prompts import library
    from core.prompts.file import PromptFile, PromptMessage

    text = "Answer like a pirate.\n{{question}}\n{{examples}}"
    library.save("pirate", PromptFile(messages=(PromptMessage(role="user", content=text),)))
    model = script(monkeypatch, "Arr.")
    ask("few-shot", QUESTION, prompt="pirate", shots=1)
    assert "Answer like a pirate." in model.prompts[0]
    assert QUESTION in model.prompts[0]


def test_a_wording_without_the_question_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.prompts import library
    from core.prompts.file import PromptFile, PromptMessage

    library.save("mute", PromptFile(messages=(PromptMessage(role="user", content="Say something."),)))
    script(monkeypatch)
    with pytest.raises(LoupeError, match="question"):
        ask("zero-shot", QUESTION, prompt="mute")


def test_a_wording_with_a_variable_that_nobody_fills_in_is_refused_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from core.prompts import library
    from core.prompts.file import PromptFile, PromptMessage

    said = (("user", "{{question}}"), ("assistant", "{{reasoning}}"), ("user", "So, {{conclusion}}?"))
    messages = tuple(PromptMessage(role=role, content=content) for role, content in said)
    library.save("unfilled", PromptFile(messages=messages))
    model = script(monkeypatch)
    with pytest.raises(InvalidInput, match="conclusion"):
        ask("zero-shot-cot", QUESTION, prompt="unfilled")
    assert model.requests == []


def test_stop_strings_of_ones_own_never_push_out_the_techniques(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch)
    stops = SamplingParams(stop=tuple(f"s{n}" for n in range(16)))
    with pytest.raises(InvalidInput, match="give at most"):
        ask("react", QUESTION, params=stops)


def test_a_system_prompt_stands_first(monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(monkeypatch, "x")
    ask("zero-shot", QUESTION, system="You count eggs.")
    assert model.requests[0].messages[0].content == "You count eggs."
    assert sum(message.role == "system" for message in model.requests[0].messages) == 1


def test_the_expected_answer_is_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(monkeypatch, "x")
    ask("zero-shot", QUESTION, expected="secret-42")
    assert "secret-42" not in model.prompts[0]
