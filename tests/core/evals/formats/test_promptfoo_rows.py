"""promptfoo's tests: variables, lists, files and scenarios become rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InvalidInput, LoupeError
from core.evals.datasets import check
from core.evals.formats import parse_eval, read_eval, write_eval
from tests.core.evals.formats.writing import asked, read

ONE = "prompts: ['Say {{x}}.']\nproviders: [smollm2]\n"


def test_lists_of_texts_stand_for_all_combinations_other_lists_are_values(tmp_path: Path) -> None:
    config = ONE + "defaultTest: {vars: {tone: [kind, curt]}}\ntests:\n  - vars: {x: [a, b], n: [1, 2]}\n"
    assert asked(read(tmp_path, config)) == [
        {"tone": tone, "x": x, "n": [1, 2]} for tone in ("kind", "curt") for x in ("a", "b")
    ]
    still = config + "    options: {disableVarExpansion: true}\n"
    [whole] = asked(file := read(tmp_path, still))
    assert whole == {"tone": ["kind", "curt"], "x": ["a", "b"], "n": [1, 2]}
    assert asked(parse_eval(write_eval(file), "again.yaml")) == [whole]


def test_defaulttest_may_say_that_lists_are_values(tmp_path: Path) -> None:
    config = (
        ONE + "defaultTest: {vars: {tone: [kind, curt]}, options: {disableVarExpansion: true}}\n"
        "tests:\n  - vars: {x: [a, b]}\n  - file://more.jsonl\n"
        "  - {vars: {x: [c, d], tone: dry}, options: {disableVarExpansion: false}}\n"
        "scenarios: [{config: [{vars: {x: [e, f]}}], tests: [{vars: {y: 1}}]}]\n"
    )
    file = read(tmp_path, config, more__jsonl='{"vars": {"x": ["g", "h"]}}\n{"x": "i"}\n')
    tones = {"tone": ["kind", "curt"]}
    expected = [
        {**tones, "x": ["a", "b"]},
        {"tone": "dry", "x": "c"},
        {"tone": "dry", "x": "d"},
        {**tones, "x": ["e", "f"], "y": 1},
        {**tones, "x": ["g", "h"]},
        {**tones, "x": "i"},
    ]
    assert asked(file) == expected
    (tmp_path / "again.yaml").write_text(write_eval(file))
    assert asked(read_eval(tmp_path / "again.yaml")) == expected


def test_a_test_in_a_data_set_may_say_that_lists_are_values(tmp_path: Path) -> None:
    config = ONE + "defaultTest: {vars: {tone: [kind, curt]}}\ntests: file://more.jsonl\n"
    line = '{"vars": {"x": ["g", "h"]}, "options": {"disableVarExpansion": true}}\n'
    assert asked(read(tmp_path, config, more__jsonl=line)) == [{"tone": ["kind", "curt"], "x": ["g", "h"]}]


def test_combinations_without_end_are_refused(tmp_path: Path) -> None:
    many = ", ".join(f"v{n}: [a, b, c, d, e, f, g, h, i, j]" for n in range(9))
    with pytest.raises(InvalidInput, match=r"Test 1.*1,000,000,000 combinations; at most 10,000"):
        read(tmp_path, ONE + f"tests: [{{vars: {{x: 1, {many}}}}}]")


def test_variables_from_files_and_from_each_other(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        ONE + "defaultTest: {vars: {greeting: 'Dear {{name}},'}}\n"
        "tests: [{vars: {x: 'file://t.md', name: Ada, y: '{{greeting}} {{x}}', z: 'file://d.json'}}, {vars: file://v.yaml}]",
        t__md="text",
        d__json='{"a": 1}',
        v__yaml="x: 2\nname: Bo\n",
    )
    assert asked(file) == [
        {"x": "text", "name": "Ada", "greeting": "Dear Ada,", "y": "Dear Ada, text", "z": {"a": 1}},
        {"x": 2, "name": "Bo", "greeting": "Dear Bo,"},
    ]


def test_variables_that_refer_to_each_other_stay_small(tmp_path: Path) -> None:
    grow = ", ".join(f"v{n}: '{f'{{{{v{n - 1}}}}}' * 40}'" for n in range(1, 9))
    file = read(tmp_path, ONE + "tests: [{vars: {x: '{{x}}', a: '{{b}}', b: '{{a}}'}}]")
    assert {"x", "a", "b"} <= asked(file)[0].keys()
    with pytest.raises(InvalidInput, match="grows without end"):
        read(tmp_path, ONE + f"tests: [{{vars: {{x: 1, v0: '{'y' * 100}', {grow}}}}}]")


def test_a_name_with_a_dot_reaches_into_a_value(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        "prompts: ['{{user.name}} {{user.tags.1}}']\nproviders: [smollm2]\n"
        "tests: [{vars: {user: {name: Ada, tags: [1, 2]}}, assert: [{type: contains, value: '{{vars.user.name}}'}]}]",
    )
    [row] = asked(file)
    assert file.variants[0].request(row).question == "Ada 2" and row["vars.user.name"] == "Ada"


def test_scenarios_are_every_config_with_every_test(tmp_path: Path) -> None:
    config = """
prompts: ['{{language}}: {{input}}']
providers: [smollm2]
scenarios:
  - config:
      - {vars: {language: Spanish, hello: Hola}}
      - $values: file://more.yaml
    tests:
      - {description: Hi, vars: {input: Hello}, assert: [{type: contains, value: '{{hello}}'}]}
      - {vars: {input: Bye}}
"""
    file = read(tmp_path, config, more__yaml="- {vars: {language: French, hello: Bonjour}}\n")
    assert [(row["language"], row["input"]) for row in asked(file)] == [
        ("Spanish", "Hello"), ("Spanish", "Bye"), ("French", "Hello"), ("French", "Bye"),
    ]  # fmt: skip
    assert [len(row.assertions) for row in file.data.rows] == [1, 0, 1, 0]


def test_files_of_tests_and_the_hub(tmp_path: Path) -> None:
    config = ONE + "tests: ['file://a.csv', 'file://more/*.yaml', {vars: {x: 9}}]"
    more = {"a__csv": "x\n1\n", "more___b__yaml": "- {vars: {x: 2}}\n", "more___c__yaml": "- {x: 3}\n"}
    file = read(tmp_path, config, **more)
    assert [row["x"] for row in asked(file)] == [9, "1", 2, 3]
    assert any("come before those of its data sets" in note for note in file.notes)
    file = read(tmp_path, ONE + "tests: huggingface://datasets/org/set?split=train&config=main&limit=5")
    assert (file.data.path, file.data.limit) == ("hub:org/set:main/train?limit=5", None)
    assert "split=train&limit=5" in write_eval(file)
    with pytest.raises(InvalidInput, match="Test 1 has the limit 'none'; it is a whole number from 1"):
        read(tmp_path, ONE + "tests: huggingface://datasets/org/set?limit=none")


def test_without_tests_the_prompts_are_asked_once(tmp_path: Path) -> None:
    file = read(tmp_path, "prompts: [Say hello.]\nproviders: [smollm2]")
    assert asked(file) == [{}]
    with pytest.raises(InvalidInput, match="holds no rows"):
        read(tmp_path, "prompts: [Say hello.]\nproviders: [smollm2]\ntests: []")


def test_missing_variables_name_row_variable_and_variant(tmp_path: Path) -> None:
    file = read(tmp_path, ONE + "tests: [{vars: {x: 1}}, {vars: {y: 1}}]")
    with pytest.raises(InvalidInput, match="Test 2: It has no value for “x”, which the prompt of 'smollm2' needs"):
        check(file)
    file = read(tmp_path, ONE + "tests: [{vars: {x: 1}, assert: [{type: contains, value: '{{z}}'}]}]")
    with pytest.raises(InvalidInput, match="Test 1: It has no value for “z”, which its assertion contains needs"):
        check(file)
    file = read(tmp_path, ONE.replace("[smollm2]", "[{id: smollm2, config: {technique: zero-shot, shots: 2}}]"))
    with pytest.raises(InvalidInput, match="no value for “x”"):
        check(file)


def test_a_variant_that_cannot_be_asked_is_named_before_anything_runs(tmp_path: Path) -> None:
    config = ONE.replace("[smollm2]", "[{id: smollm2, label: bad, config: {technique: zero-shot, shots: 2}}]")
    with pytest.raises(LoupeError, match="variant 'bad' cannot be asked: zero-shot has no shots"):
        check(read(tmp_path, config + "tests: [{vars: {x: 1}}]"))


def test_a_pasted_eval_may_name_no_files() -> None:
    assert asked(parse_eval(ONE + "tests: [{vars: {x: 1}}]", "pasted.yaml")) == [{"x": 1}]
    with pytest.raises(InvalidInput, match="lies in no folder"):
        parse_eval(ONE + "tests: file:///etc/passwd", "pasted.yaml")
