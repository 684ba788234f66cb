"""Strict YAML: what is dangerous is refused in one sentence, what did not change keeps its lines and comments."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.prompts import strict_yaml
from tests.core.prompts.strategies import texts, values

many = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
BENT = [
    "yes",
    "no",
    "on",
    "12:30",
    "010",
    "0x1F",
    "1_000",
    "2026-01-31",
    "~",
    "null",
    "1e3",
    ".5",
    "1.",
    ".inf",
    "<<",
    "=",
]
data = st.dictionaries(st.one_of(texts, st.sampled_from(BENT)), st.one_of(values, st.sampled_from(BENT)), max_size=4)
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: !!python/object/apply:os.system [id]", "line 1: the tag"),
        ("a: !!python/name:os.system", "the tag"),
        ("a: !!binary aGk=", "the tag"),
        ("a: !mine 1", "the tag"),
        ("!!set {a}", "the tag"),
        (BOMB, "aliases (*) are not allowed"),
        ("base: &b {x: 1}\nuse:\n  <<: *b", "aliases (*) are not allowed"),
        ("a: 1\nb: 2\na: 3", "line 3: 'a' occurs twice"),
        ("a:\n  b: 1\n  b: 2", "'b' occurs twice"),
        ("a: 1\n--- \nb: 2", "another document"),
        ("[" * 100_000, "nested too deeply"),
        ("- " * 5_000 + "x", "nested too deeply"),
        ("a: b: c", "mapping values are not allowed"),
        ("a: [1, 2", "line"),
        ("a: '\x07'", "not"),
        ("? [a, b]\n: 1", "not"),
        ("\tb: 1", "line 1"),
    ],
)
def test_what_is_dangerous_or_broken_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        strict_yaml.load(text, "The prompt x")
    said = str(caught.value)
    assert said.startswith("The prompt x is not ")
    assert says in said
    assert "\n" not in said
    assert said.endswith(".")


def test_an_anchor_that_nothing_repeats_is_harmless() -> None:
    assert strict_yaml.load("a: &x 1\nb: 2", "x") == {"a": 1, "b": 2}


def test_scalars_are_those_of_the_core_schema() -> None:
    read = strict_yaml.load("a: [yes, off, 12:30, 010, 0x1F, 2026-01-31, true, ~, 1, 1.5, -.inf, 1e3, '1', <<]", "x")
    assert read["a"] == [
        "yes",
        "off",
        "12:30",
        "010",
        "0x1F",
        "2026-01-31",
        True,
        None,
        1,
        1.5,
        float("-inf"),
        1e3,
        "1",
        "<<",
    ]


@many
@given(data)
def test_what_is_written_reads_as_what_it_was(written: dict[str, Any]) -> None:
    text, lost = strict_yaml.dump(written)
    assert not lost
    if written:
        assert repr(strict_yaml.load(text, "x")) == repr(written)
        assert "*" not in [type(event).__name__ for event in yaml.parse(text)]


@many
@given(data, data, st.data())
def test_an_edit_changes_the_values_and_keeps_what_is_above_and_below(
    old: dict[str, Any], new: dict[str, Any], drawn: st.DataObject
) -> None:
    assume(old)
    original = f"# head\n{strict_yaml.dump(old)[0]}# tail\n"
    try:
        assume(repr(strict_yaml.load(original, "x")) == repr(old))
    except InvalidInput:
        assume(False)
    mixed = {}
    for key in dict.fromkeys([*old, *new]):
        source = drawn.draw(st.sampled_from([old, new]))
        mixed |= {key: source[key]} if key in source else {}
    text, lost = strict_yaml.dump(mixed, original)
    found = strict_yaml.load(text, "x") or {}
    assert {key: repr(value) for key, value in found.items()} == {key: repr(value) for key, value in mixed.items()}
    assert lost or ("# head" in text and "# tail" in text)


COMMENTED = """\
# licence

# the name
name: a # short

# what it says
messages:
  - x # first
  # between
  - y

# end
"""


def test_comments_stand_where_they_stood() -> None:
    text, lost = strict_yaml.dump({"name": "b", "messages": ["x", "y"], "new": True}, COMMENTED)
    assert text == COMMENTED.replace("name: a # short\n", "name: b\n").replace("\n\n# end", "\nnew: true\n\n# end")
    assert lost  # “short”
    text, lost = strict_yaml.dump({"name": "a", "messages": ["x", "z"]}, COMMENTED)
    assert text.startswith(COMMENTED[: COMMENTED.index("messages:")])
    assert text.endswith("# end\n")
    assert lost
    text, lost = strict_yaml.dump({"messages": ["x", "y"]}, COMMENTED)
    assert text == "# licence\n\n# the name\n" + COMMENTED[COMMENTED.index("\n# what it says") :]
    assert lost


@many
@given(st.text(" \nab#:-|>'{", max_size=30))
def test_a_text_of_several_lines_stays_one_that_git_can_compare(text: str) -> None:
    written, _ = strict_yaml.dump({"a": [{"content": text}], "b": 1})
    assert strict_yaml.load(written, "x") == {"a": [{"content": text}], "b": 1}
    if "\n" in text.strip() and not text.endswith(" "):
        assert len(written.splitlines()) >= text.strip().count("\n") + 3


def test_windows_line_ends_stay() -> None:
    text, _ = strict_yaml.dump({"a": 2, "b": "x\ny"}, "a: 1 \r\nb: |-\r\n  x\r\n  y\r\n")
    assert text == "a: 2\r\nb: |-\r\n  x\r\n  y\r\n"


def test_a_value_that_ends_in_empty_lines_may_be_followed_by_others() -> None:
    text, _ = strict_yaml.dump({"a": "x\n\n\n", "b": 1}, "b: 1 # kept\n")
    assert strict_yaml.load(text, "x") == {"b": 1, "a": "x\n\n\n"}
    text, _ = strict_yaml.dump({"a": "x\n\n\n", "b": 2}, "a: 1\nb: 2 # kept\n")
    assert strict_yaml.load(text, "x") == {"a": "x\n\n\n", "b": 2}
    assert "# kept" in text


def test_aliases_stand_for_what_they_name_where_they_are_allowed() -> None:
    text = "base: &b {x: 1, y: [1, 2]}\nuse: {<<: *b, x: 2}\nsame: *b\nboth: {<<: [*b, {z: 3}]}\n"
    assert strict_yaml.load(text, "The file", aliases=True) == {
        "base": {"x": 1, "y": [1, 2]},
        "use": {"x": 2, "y": [1, 2]},
        "same": {"x": 1, "y": [1, 2]},
        "both": {"x": 1, "y": [1, 2], "z": 3},
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BOMB, "unfold into too much"),
        ("text: &t " + "x" * 100_000 + "\nmany: [" + ", ".join(["*t"] * 100) + "]", "unfold into too much"),
        ("a: &a [*a]", "'*a' stands inside of what it stands for"),
        ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 99)), "nested too deeply"),
        ("a: *b", "undefined alias"),
        ("a: &a 1\na: *a", "'a' occurs twice"),
        ("a: &a !!python/object/apply:os.system [ls]\nb: *a", "is refused"),
    ],
)
def test_aliases_cannot_hurt(text: str, says: str) -> None:
    with pytest.raises(InvalidInput) as error:
        strict_yaml.load(text, "The file", aliases=True)
    assert says in str(error.value)
