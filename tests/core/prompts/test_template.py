"""Templates: a variable is replaced as text, once, and nothing is ever run."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.prompts import template
from tests.core.prompts.strategies import texts

many = settings(max_examples=300, deadline=None, derandomize=True)

HOSTILE = [
    "{{ ''.__class__.__mro__ }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{x.__class__}}",
    "{{ x.y._z }}",
    "{{ 'a' * 10**9 }}",
    "{{x()}}",
    "{{x|upper}}",
    "{{x[0]}}",
    "{{7*7}}",
    "{% for x in y %}{% endfor %}",
    "{# comment #}",
    "{x.__init__.__globals__[sys]}",
    "{0.__class__}",
    "{x!r:>{width}}",
    "${x}",
    "$x",
    "$(id)",
    "`id`",
    "%(x)s %s %d",
    "<%= x %>",
    "#{x}",
    "{{#each x}}",
    "{{> x}}",
    "{{&x}}",
    "{{!x}}",
    "{{{",
    "}}}}",
    "{{}}",
    "{{ }}",
    "{{\nx\n}}",
    "{{9x}}",
    "{{-x}}",
    "{{x y}}",
    "{{" + "x" * 65 + "}}",
    "{{x\u200b}}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_everything_but_a_name_in_double_braces_is_printed_as_it_stands(text: str) -> None:
    assert template.variables(text) == ()
    assert template.render(f"a {text} b", {"x": "VALUE", "y": "VALUE"}) == f"a {text} b"


@pytest.mark.parametrize("name", ["x", "_x", "user.name", "b-c", "größe", "名前", "X9", "x" * 64, "__x__", "a.b_c"])
def test_a_name_is_a_key_and_never_looked_into(name: str) -> None:
    assert template.variables(f"{{{{ {name}\t}}}}") == (name,)
    assert template.render(f"<{{{{{name}}}}}>", {name: "v"}) == "<v>"


def test_escapes_are_handlebars() -> None:
    values = {"x": "v"}
    for written, printed in {
        r"\{{x}}": "{{x}}",
        r"\\{{x}}": r"\v",
        r"\\\{{x}}": r"\{{x}}",
        r"\n {{x}}": r"\n v",
        "{{{x}}}": "{v}",
        "{{{{x}}}}": "{{v}}",
        "{{x}}{{x}}": "vv",
    }.items():
        assert template.render(written, values) == printed


@many
@given(texts)
def test_an_escaped_text_renders_to_itself(text: str) -> None:
    assert template.variables(template.escape(text)) == ()
    assert template.render(template.escape(text), {}) == text


@many
@given(texts, texts)
def test_a_value_is_never_looked_at_again(text: str, value: str) -> None:
    mark = "\ue000"
    names = template.variables(text)
    marked = template.render(text, dict.fromkeys(names, mark))
    assert template.render(text, dict.fromkeys(names, value)) == marked.replace(mark, value)


def test_a_missing_variable_is_named_and_an_unused_one_can_be() -> None:
    with pytest.raises(InvalidInput, match="“b”") as caught:
        template.render("{{a}} {{b}}", {"a": "{{b}}"})
    assert caught.value.field == "b"
    with pytest.raises(InvalidInput, match="and 4 more"):
        template.render("".join(f"{{{{v{n}}}}}" for n in range(9)), {})
    assert template.unused("{{a}}", ["a", "aa", "b"]) == ("aa", "b")


@many
@given(
    st.lists(
        st.sampled_from(["{a}", "{b}", "{{", "}}", "x", " ", "\\", "\n", "{{{a}}}", "{{a}}", "{{{{x}}}}"]), max_size=8
    ).map("".join)
)
def test_a_format_string_is_converted_exactly(text: str) -> None:
    try:
        fields = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        return
    if template.variables(text) or not fields or not fields <= {"a", "b"} or "\\x{" in text:  # LaTeX: \x{a}
        return
    values = {"a": "A{{b}}", "b": "{a}\\"}
    assert set(template.single_braces(text)) == fields
    assert template.render(template.convert_single_braces(text), values) == text.format(**values)


def test_a_huge_template_takes_no_longer_than_its_length() -> None:
    for text in (
        "{{" * 200_000,
        "\\" * 400_000,
        "{{x" * 100_000,
        "{" * 400_000 + "x" + "}" * 400_000,
        "\\a[" * 100_000,
    ):
        assert template.render(template.escape(text), {}) == text
        template.single_braces(text)
        template.convert_single_braces(text)
