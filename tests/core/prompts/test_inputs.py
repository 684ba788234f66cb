"""The form of a prompt: which field each variable gets, and how a value becomes text."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import InvalidInput
from core.prompts.file import PromptFile, PromptMessage
from core.prompts.inputs import as_text, declared_input, infer


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ({"type": "integer"}, "number"),
        ({"type": "Float"}, "number"),
        ({"kind": "bool"}, "boolean"),
        ({"type": "textarea"}, "long_text"),
        ({"enum": ["a", "b"]}, "choice"),
        ({"type": "string", "choices": [1, True]}, "choice"),
        ({"type": "choice"}, "text"),
        ({"type": "select", "choices": "abc"}, "text"),
        ({"type": ["odd"]}, "text"),
        ({"type": "nonsense"}, "text"),
        ({}, "text"),
    ],
)
def test_a_declared_type_in_any_dialect(spec: dict[str, Any], kind: str) -> None:
    assert declared_input("x", spec).type == kind


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2.5], "number"),
        ([True, False], "boolean"),
        ([True, 1], "text"),
        (["short"], "text"),
        (["x" * 81], "long_text"),
        (["a\nb"], "long_text"),
        (["a", "b", "a", "b"], "choice"),
        (["a", "b", "c", "d"], "text"),
        ([["a"], {"b": 1}], "text"),
        ([None], "text"),
    ],
)
def test_an_undeclared_type_is_that_of_the_test_data(values: list[Any], kind: str) -> None:
    assert infer("x", [{"x": value} for value in values]).type == kind
    assert infer("document", []).type == "long_text"


def test_values_are_text_as_in_json() -> None:
    assert [as_text(value) for value in (True, None, 3, 1.5, "é", ["é", 1], {"a": None})] == [
        *("true", "null", "3", "1.5", "é", '["é", 1]', '{"a": null}')
    ]


def test_every_variable_is_a_field_and_a_default_stands_in() -> None:
    declared = (declared_input("tone", {"choices": ["kind", "dry"], "default": "kind"}), declared_input("unused", {}))
    prompt = PromptFile(
        messages=(
            PromptMessage(role="system", content="Be {{tone}}."),
            PromptMessage(role="user", content="{{text}} {{tone}}"),
        ),
        declared=declared,
    )
    assert [(each.name, each.type) for each in prompt.inputs] == [("tone", "choice"), ("text", "long_text")]
    assert [each.content for each in prompt.render({"text": 3})] == ["Be kind.", "3 kind"]
    assert prompt.render({"text": "", "tone": None})[1].content == " kind"
    with pytest.raises(InvalidInput, match="“text”") as caught:
        prompt.render({"tone": "dry"})
    assert caught.value.field == "text"
