"""One line of text as an assertion, as promptfoo's CSV has it."""

from __future__ import annotations

from typing import Any

import pytest

from core.evals.reading.short_forms import from_text

CASES: dict[str, dict[str, Any]] = {
    "Paris": {"type": "equals", "value": "Paris"},
    "http://a.b": {"type": "equals", "value": "http://a.b"},
    "foo: bar": {"type": "equals", "value": "foo: bar"},
    "equals: a": {"type": "equals", "value": "a"},
    "contains:Paris": {"type": "contains", "value": "Paris"},
    "not-contains: a: b": {"type": "not-contains", "value": "a: b"},
    "icontains-any: a , b": {"type": "icontains-any", "value": ["a", "b"]},
    "contains-all:<b>,</b>": {"type": "contains-all", "value": ["<b>", "</b>"]},
    "regex: ^a:b$": {"type": "regex", "value": "^a:b$"},
    "is-json": {"type": "is-json"},
    "not-is-json": {"type": "not-is-json"},
    'is-json: {"type": "object"}': {"type": "is-json", "value": '{"type": "object"}'},
    "similar(0.8): Hello: there": {"type": "similar", "value": "Hello: there", "threshold": "0.8"},
    "similar:cosine(0.7):x": {"type": "similar:cosine", "value": "x", "threshold": "0.7"},
    "rouge-n(0.5):x": {"type": "rouge-n", "value": "x", "threshold": "0.5"},
    "levenshtein(5): abc": {"type": "levenshtein", "value": "abc", "threshold": "5"},
    "starts-with: A": {"type": "starts-with", "value": "A"},
    "latency(500)": {"type": "latency", "threshold": "500"},
    "latency: 500": {"type": "latency", "threshold": "500"},
    "cost(0.001)": {"type": "cost", "threshold": "0.001"},
    "llm-rubric: is kind": {"type": "llm-rubric", "value": "is kind"},
    "grade: is kind": {"type": "llm-rubric", "value": "is kind"},
    "factuality: it is": {"type": "factuality", "value": "it is"},
    "python: len(output) < 3": {"type": "python", "value": "len(output) < 3"},
    "file://check.py:mine": {"type": "python", "value": "file://check.py:mine"},
    "javascript: output": {"type": "javascript", "value": "output"},
    "fn: output": {"type": "javascript", "value": "output"},
    "eval: output": {"type": "javascript", "value": "output"},
    "file://check.js": {"type": "javascript", "value": "file://check.js"},
    "extract:last-number/numeric: 42": {"type": "extract:last-number/numeric", "value": "42"},
    "extract:regex:A: (.*)/exact:a/b": {"type": "extract:regex:A: (.*)/exact", "value": "a/b"},
    "extract:letter/letter": {"type": "extract:letter/letter"},
    "extract: it": {"type": "extract", "value": "it"},
    "multi\nline": {"type": "equals", "value": "multi\nline"},
}


@pytest.mark.parametrize("text", CASES)
def test_short_forms(text: str) -> None:
    assert from_text(text) == CASES[text]
