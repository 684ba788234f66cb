"""Sampling parameters and requests: every bad value is one sentence that names it; case numbers are the catalogue's."""

from __future__ import annotations

import math
from typing import Any

import pytest

from core.errors import InvalidInput
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest

BAD: list[tuple[str, Any]] = [
    *[("temperature", value) for value in (-1, 2.1, 1e9, math.nan, math.inf, -math.inf, "abc", "", None, [])],
    *[("top_p", value) for value in (0, -0.1, 1.0001, math.nan, "x")],
    *[("top_k", value) for value in (-1, 1e9, 1.5, math.nan)],
    *[("min_p", value) for value in (-0.1, 1.1, math.nan)],
    *[("typical_p", value) for value in (0, 1.1)],
    *[("repetition_penalty", value) for value in (0, -1, math.inf)],
    *[("presence_penalty", value) for value in (-2.1, 3)],
    *[("frequency_penalty", value) for value in (-2.1, 3)],
    *[("n", value) for value in (0, -1, 1000, 1.5)],
    *[("max_tokens", value) for value in (0, -1, 10**9, "many")],
    *[("min_tokens", value) for value in (-1,)],
    *[("num_beams", value) for value in (0, 65)],
    *[("no_repeat_ngram_size", value) for value in (-1,)],
    *[("early_stopping", value) for value in ("maybe",)],
    *[("seed", value) for value in (-1, 2**64, "x", 1.5)],
    *[("stop", value) for value in ("", [""], ["x"] * 1000, ["y" * 1001], 3)],
    ("logit_bias", {"a": "garbage"}),
]


@pytest.mark.parametrize(("field", "value"), BAD)
def test_a_bad_value_is_one_sentence_that_names_it(field: str, value: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        SamplingParams.parse(**{field: value})
    sentence = str(caught.value)
    assert sentence.startswith(field) and sentence.endswith(".") and "\n" not in sentence
    assert len(sentence) < 300
    assert "pydantic" not in sentence and "http" not in sentence


@pytest.mark.parametrize(
    "values", [{"min_tokens": 10, "max_tokens": 5}, {"n": 3, "num_beams": 2}], ids=["min over max", "n over beams"]
)
def test_values_that_do_not_go_together(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        SamplingParams.parse(**values)
    assert all(str(number) in str(caught.value) for number in values.values())


@pytest.mark.parametrize(
    "values",
    [{"temperature": 0}, {"top_k": 0}, {"seed": 2**63 - 1}, {"stop": "END"}, {"early_stopping": "never"}, {"top_p": 1}],
)
def test_values_at_the_edge_are_fine(values: dict[str, Any]) -> None:
    SamplingParams.parse(**values)


def test_every_field_says_what_it_does() -> None:
    for name, field in SamplingParams.model_fields.items():
        assert field.description and field.description.endswith("."), name


def chat(*turns: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in turns]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"messages": []}, "empty"),
        ({"messages": chat(("system", "Be brief."))}, "empty"),
        ({"messages": chat(("user", "  \n"))}, "empty"),
        ({"messages": chat(("user", "a"), ("assistant", "b"))}, "user"),
        ({"messages": chat(("wizard", "a"))}, "role"),
        ({"messages": chat(*[("user", "a")] * 10_001)}, "10000"),
        ({"messages": chat(("user", "\ud800"))}, "surrogate"),
        ({"mode": "completion", "prompt": ""}, "empty"),
        ({"mode": "completion", "prompt": "a\udfffb"}, "surrogate"),
        ({"mode": "poem", "prompt": "a"}, "mode"),
        ({"messages": chat(("user", "a")), "top_logprobs": 101}, "top_logprobs"),
        ({"messages": [{"role": "user"}]}, "content"),
        ({"messages": "hello"}, "messages"),
    ],
)
def test_a_bad_request_is_one_sentence(values: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput, match=says) as caught:
        GenerationRequest.parse(model="smollm2", **values)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value) and len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "text",
    [
        "\u202eabc",
        "a\u200bb",
        "e" + "\u0301" * 1000,
        "👨‍👩‍👧‍👦",
        "\u0000",
        "{{ ''.__class__ }}",
        "{x.__init__}",
        "%(x)s",
    ],
)
def test_unusual_text_passes_unchanged(text: str) -> None:
    asked = GenerationRequest.parse(model="smollm2", messages=chat(("user", text + "x")))
    assert asked.messages[0].content == text + "x"
