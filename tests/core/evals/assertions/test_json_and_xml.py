"""Outputs that are JSON or XML, or hold some; schemas and documents made to do harm."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from core.errors import InvalidInput
from core.evals.assertion import Assertion
from core.evals.assertions import check_known
from core.evals.assertions.schemas import errors
from core.evals.json_text import found_in
from core.evals.scorers import patterns
from tests.core.evals.assertions.saying import passes, said

PLACE = {
    "required": ["latitude", "longitude"],
    "type": "object",
    "properties": {
        "latitude": {"type": "number", "minimum": -90, "maximum": 90},
        "longitude": {"type": "number", "minimum": -180, "maximum": 180},
    },
}
"""The schema of promptfoo's documentation."""
HERE = '{"latitude": 52.5, "longitude": 13.4}'
CASES: list[tuple[str, Any, str, bool]] = [
    ("is-json", None, HERE, True),
    ("is-json", None, "3", True),
    ("is-json", None, ' "text" ', True),
    ("is-json", None, "", False),
    ("is-json", None, "NaN", False),
    ("is-json", None, "[Infinity]", False),
    ("is-json", None, "{'a': 1}", False),
    ("is-json", None, f"Here: {HERE}", False),
    ("is-json", None, '{"a": 1,}', False),
    ("is-json", None, "[" * 100_000, False),
    ("is-json", None, "1" * 10_000, False),
    ("is-json", PLACE, HERE, True),
    ("is-json", PLACE, '{"latitude": 152.5, "longitude": 13.4}', False),
    ("is-json", PLACE, '{"latitude": 52.5}', False),
    ("is-json", PLACE, "[]", False),
    ("is-json", '{"type": "array"}', "[]", True),
    ("is-json", "type: array\nitems: {type: string}", '["a"]', True),
    ("is-json", "type: array\nitems: {type: string}", "[1]", False),
    ("is-json", {"const": 1}, "true", False),
    ("is-json", {"type": "integer"}, "1.0", True),
    ("is-json", {"items": [{"type": "string"}, {"type": "number"}]}, '["a", "b"]', False),
    ("is-json", {"uniqueItems": True}, "[1, 1.0]", False),
    ("is-json", {"uniqueItems": True}, "[1, true]", True),
    ("is-json", {"patternProperties": {"^x": {"type": "string"}}, "additionalProperties": False}, '{"xa": "b"}', True),
    ("is-json", {"patternProperties": {"^x": {"type": "string"}}, "additionalProperties": False}, '{"ya": "b"}', False),
    ("is-json", {"definitions": {"a": {"type": "number"}}, "$ref": "#/definitions/a"}, '"text"', False),
    ("contains-json", None, f"Sure! {HERE} Anything else?", True),
    ("contains-json", None, f"```json\n{HERE}\n```", True),
    ("contains-json", None, "[1, 2]", True),
    ("contains-json", None, "the number 3", False),
    ("contains-json", None, "{not json}", False),
    ("contains-json", None, "", False),
    ("contains-json", PLACE, f'First {{"a": 1}}, then {HERE}.', True),
    ("contains-json", PLACE, 'Only {"a": 1}.', False),
    ("is-xml", None, "<root><child>Content</child></root>", True),
    ("is-xml", None, "<root><child>Content</child></root", False),
    ("is-xml", None, "", False),
    ("is-xml", None, "Text <a/>", False),
    ("is-xml", None, '<?xml version="1.0"?>\n<größe>東京</größe>', True),
    ("is-xml", None, "<br>", False),
    ("is-xml", {"requiredElements": ["analysis.classification", "analysis.color"]},
     "<analysis><classification>T-shirt</classification><color>Red</color></analysis>", True),
    ("is-xml", {"requiredElements": ["analysis.classification", "analysis.color"]},
     "<analysis><classification>T-shirt</classification></analysis>", False),
    ("is-xml", ["root.parent.child.grandchild"],
     "<root><parent><child><grandchild>Content</grandchild></child></parent></root>", True),
    ("is-xml", "root.parent.child.grandchild", "<root><parent><child></child></parent></root>", False),
    ("contains-xml", None, "Sure, here is your xml:\n<root><child>Content</child></root>\nlet me know!", True),
    ("contains-xml", None, "東京 <a>é</a> 京", True),
    ("contains-xml", ["root.child"], "Text <a/> and <root><child>Content</child></root>", True),
    ("contains-xml", ["root.child"], "Text <wrapper><root><child/></root></wrapper>", False),
    ("contains-xml", ["wrapper.root.child"], "Text <wrapper><root><child/></root></wrapper>", True),
    ("contains-xml", None, "if a <b and c> d", False),
    ("contains-xml", None, "none", False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value", "output", "right"), CASES, ids=[f"{each[0]} {str(each[2])[:30]!r}" for each in CASES]
)
def test_what_is_json_or_xml(kind: str, value: Any, output: str, right: bool) -> None:
    assert passes(kind, output, value) is right
    assert passes(f"not-{kind}", output, value) is not right


def test_a_reason_names_the_place_in_the_data() -> None:
    verdict = said("is-json", '{"latitude": 152.5, "longitude": 13.4}', PLACE)
    assert verdict.reason == (
        "It is JSON that does not fit the schema: latitude: 152.5 is greater than the maximum of 90."
    )
    assert said("is-json", "{").reason.startswith("It is not JSON: Expecting property name")


def test_json_is_found_from_left_to_right() -> None:
    assert list(found_in('x {"a": [1]} y [2, {"b": 3}] {bad} {"c": {}}')) == [{"a": [1]}, [2, {"b": 3}], {"c": {}}]
    assert list(found_in("[" * 50_000)) == []
    assert list(found_in('{"a": "' + "[{" * 50_000)) == []


HOSTILE_SCHEMAS: dict[str, Any] = {
    "remote": {"$ref": "http://127.0.0.1:1/schema.json"},
    "file": {"$ref": "file:///etc/passwd"},
    "nowhere": {"$ref": "#/definitions/none"},
    "endless": {"$ref": "#"},
    "bomb": {
        "definitions": {
            f"a{level}": {"allOf": [{"$ref": f"#/definitions/a{level + 1}"}] * 2} for level in range(30)
        } | {"a30": {}},
        "$ref": "#/definitions/a0",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_SCHEMAS)
def test_a_hostile_schema_is_an_error_without_a_network(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **more: object) -> None:
        raise AssertionError("somebody asked the network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    verdict = said("is-json", "[1]", HOSTILE_SCHEMAS[name], known=False)
    assert verdict.error is not None and "schema" in verdict.error
    assert not verdict.passed


def test_a_pattern_in_a_schema_has_a_limit_on_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "SECONDS", 0.2)
    evil = "(a|aa)+$"
    for schema, data in (
        ({"pattern": evil}, "a" * 5000 + "b"),
        ({"patternProperties": {evil: {}}}, {"a" * 5000 + "b": 1}),
    ):
        with pytest.raises(InvalidInput, match="takes longer than"):
            errors(schema, data)


def test_many_items_are_compared_in_a_moment() -> None:
    assert errors({"uniqueItems": True}, [{"a": number} for number in range(50_000)]) == []


BAD_SCHEMAS = [3, "type: [", {"type": "no such"}, {"pattern": "("}, {"patternProperties": {"(": {}}}, "&a [*a]",
               {"patternProperties": {"a": {}}, "unevaluatedProperties": False}, {"title": "x" * 300_000}]  # fmt: skip


@pytest.mark.parametrize("schema", BAD_SCHEMAS, ids=[str(each)[:30] for each in BAD_SCHEMAS])
def test_a_schema_that_is_none_is_named_before_anything_runs(schema: Any) -> None:
    with pytest.raises(InvalidInput, match="is-json has a wrong value"):
        check_known([Assertion(type="is-json", value=schema)])


HOSTILE_XML = {
    "billion laughs": '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    "external": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "external dtd": '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>',
    "encoding": '<?xml version="1.0" encoding="no-such"?><a/>',
    "surrogate": "<a>\ud800</a",
    "deep": "<a>" * 100_000,
    "huge": f"<a>{'x' * 600_000}</a>",
}


@pytest.mark.parametrize("name", HOSTILE_XML)
def test_hostile_xml_is_not_xml(name: str) -> None:
    assert not passes("is-xml", HOSTILE_XML[name])
    assert said("contains-xml", HOSTILE_XML[name]).error is None
