"""Eval files that mean harm or are merely wrong: one sentence, nothing run, nothing read that lies elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import InvalidInput, LoupeError, NotFound
from core.evals.formats import parse_eval, read_eval
from tests.core.evals.formats.writing import CONFIG, asked, folder_of, read
from tests.core.prompts.test_strict_yaml import BOMB

ONE = "prompts: ['{{x}}']\nproviders: [smollm2]\n"
TEST = "tests: [{vars: {x: 1}}]\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BOMB, "unfold into too much"),
        ("a: &a [*a]\n" + ONE + TEST, "stands inside of what it stands for"),
        ("x: !!python/object/apply:os.system [touch /tmp/canary]\n" + ONE + TEST, "the tag .* is refused"),
        ("x: !!js/function 'x'\n" + ONE + TEST, "is refused"),
        (ONE + ONE, "occurs twice"),
        ("[" * 100, "nested too deeply"),
        ("prompts: [a\n", "line"),
        ("just text", "is no eval"),
        ("- a\n- b", "is no eval"),
        ("", "is no eval"),
        ("1: 2", "is no eval"),
        (ONE + "tests: 3", "must be a mapping"),
        (ONE + "tests: [3]", "Test 1: a test must be a mapping"),
        (ONE + "tests: [{vars: 3}]", "vars must be a mapping"),
        (ONE + "tests: [{vars: {x: 1}, assert: [3]}]", "must be a mapping with a type"),
        (ONE + "tests: [{vars: {x: 1}, assert: [{value: 3}]}]", "has no type"),
        (ONE + "tests: [{vars: {x: 1}, assert: [{type: contains}]}]", "contains needs a value"),
        (ONE + "tests: [{vars: {x: 1}, assert: [{type: regex, value: '('}]}]", "is no pattern"),
        (ONE + "tests: [{vars: {x: 1}, assert: [{type: contains, value: a, weight: -1}]}]", "weight is -1"),
        (ONE + "tests: [{vars: {x: 1}, assert: [{type: similar, value: a, threshold: high}]}]", "must be a number"),
        (ONE + "tests: [{vars: {x: 1}, assert: [{type: is-json, value: {type: 3}}]}]", "JSON schema"),
        (ONE + "tests: [{vars: {x: 1}, assert: [{$ref: '#/nowhere'}]}]", "which is not there"),
        (ONE + "tests: [{vars: {x: 1}, assert: [{$ref: '#/a'}]}]\na: {$ref: '#/a'}", "refers to itself"),
        (ONE + "tests: [{vars: {x: 1}, assert: [{$ref: 'http://x/y#/a'}]}]", "only #/… is followed"),
        (ONE + "tests: [{assert: [{type: assert-set, assert: [{type: assert-set, assert: [{type: is-json}]}]}]}]",
         "inside of an assert-set"),
        (ONE + "tests: [{vars: {x: 1}}]\nevaluateOptions: {repeat: 0}", "whole number from 1"),
        (ONE + "tests: [{vars: {x: 1}}]\nevaluateOptions: {repeat: 101}", "repeat is 101"),
        (ONE + "tests: [{vars: {x: 1}}]\nloupe: {on_broken: perhaps}", "on_broken"),
        (ONE + "tests: https://docs.google.com/spreadsheets/d/1", "download it"),
        (ONE + "tests: hub:../../etc", "is no data set of the hub"),
        (ONE + "tests: file://gen.py", "a program that makes tests"),
        ("prompts: []\nproviders: [smollm2]\n" + TEST, "has no prompts"),
        ("prompts: [' ']\nproviders: [smollm2]\n" + TEST, "Prompt 1 is empty"),
        ("prompts: ['exec:touch /tmp/canary']\nproviders: [smollm2]\n" + TEST, "a program that Loupe does not run"),
        ("prompts: ['file://p.py:f']\nproviders: [smollm2]\n" + TEST, "a program that Loupe does not run"),
        ("prompts: ['langfuse://mine:3']\nproviders: [smollm2]\n" + TEST, "lies elsewhere"),
        ("prompts: ['{{x}}']\nproviders: []\n" + TEST, "names no providers"),
        ("prompts: ['{{x}}']\nproviders: ['file://p.js']\n" + TEST, "does not run; use --model REF"),
        ("prompts: ['{{x}}']\nproviders: [{label: a}, b]\n" + TEST, "has no id|none that Loupe can call"),
        ("prompts: ['{{x}}']\nproviders: ['huggingface:text-generation:org/name']\n" + TEST, "write hf:org/name"),
        ("prompts: ['{{x}}']\nproviders: [{id: smollm2, config: {temperature: 9}}]\n" + TEST, "temperature is 9"),
        ("prompts: ['{{x}}']\nproviders: [{id: smollm2, config: {shots: 3}}]\n" + TEST, "option of a technique"),
        ("prompts: ['{{x}}']\nproviders: [{id: smollm2, config: {retrieval: {k: 1}}}]\n" + TEST, "name a collection"),
        ("prompts: ['{{x}}']\nproviders: [smollm2, smollm2]\n" + TEST, "several variants are called 'smollm2'"),
        ("prompts: ['{{x}}']\nproviders: [{id: smollm2, label: a}, {id: smollm2, label: a}]\n" + TEST, "called 'a'"),
        ("prompts: [{label: a, raw: x}, {label: a, raw: y}]\nproviders: [smollm2]\n" + TEST, "two prompts .* 'a'"),
        ("prompts: ['{{x}}']\nproviders: [smollm2]\ntargets: [smollm2]\n" + TEST, "both providers and targets"),
        ("scenarios: [3]\n" + ONE, "a scenario must be a mapping"),
    ],
)  # fmt: skip
def test_one_sentence_that_says_what_and_where(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(LoupeError, match=says) as error:
        read(tmp_path, text)
    assert "\n" not in str(error.value) and str(error.value).endswith(".") and len(str(error.value)) < 600


def test_an_alias_that_stays_small_is_fine(tmp_path: Path) -> None:
    file = read(tmp_path, ONE + "tests:\n  - &t {vars: &v {x: 1}}\n  - {vars: {<<: *v, y: 2}}\n  - *t\n")
    assert asked(file) == [{"x": 1}, {"x": 1, "y": 2}, {"x": 1}]


@pytest.mark.parametrize(
    "reference", ["../secret.txt", "/etc/passwd", "link.txt", "deep/../../secret.txt", "out/secret.txt"]
)
@pytest.mark.parametrize("place", ["prompts: ['file://%s']", "tests: [{vars: {x: 'file://%s'}}]", "tests: 'file://%s'"])
def test_files_are_read_from_the_folder_alone(tmp_path: Path, reference: str, place: str) -> None:
    folder = tmp_path / "evals"
    (folder / "deep").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("canary")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "out").symlink_to(tmp_path)
    config = {"prompts": "['{{x}}']", "tests": "[{vars: {x: 1}}]"}
    key, _, value = (place % reference).partition(": ")
    config[key] = value
    text = "\n".join(f"{name}: {each}" for name, each in config.items()) + "\nproviders: [smollm2]\n"
    with pytest.raises(InvalidInput, match="outside of the folder") as error:
        read_eval(folder_of(folder, {CONFIG: text}))
    assert "canary" not in str(error.value)


def test_a_link_that_stays_in_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("text")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    assert asked(read(tmp_path, ONE + "tests: [{vars: {x: 'file://link.txt'}}]")) == [{"x": "text"}]


@pytest.mark.parametrize("name", ["nope.txt", "no*.txt", "loop", ""])
def test_files_that_are_not_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(InvalidInput, match=r"no such file|no file is there|usable name"):
        read(tmp_path, ONE + f"tests: [{{vars: {{x: 'file://{name}'}}}}]")


def test_files_that_are_no_files_too_large_or_no_text(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "large.txt").write_bytes(b"x" * (5 * 2**20))
    for name, says in [
        ("pipe.txt", "not a plain file"),
        ("picture.png", "only text, YAML and JSON"),
        ("bytes.txt", "not UTF-8"),
        ("large.txt", "larger than"),
    ]:
        with pytest.raises(LoupeError, match=says):
            read(tmp_path, ONE + f"tests: [{{vars: {{x: 'file://{name}'}}}}]")


def test_a_pattern_that_stands_for_too_much(tmp_path: Path) -> None:
    for number in range(1001):
        (tmp_path / f"{number}.txt").touch()
    with pytest.raises(InvalidInput, match="more than 1,000 files"):
        read(tmp_path, ONE + "tests: [{vars: {x: 'file://*.txt'}}]")


def test_what_is_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no eval file"):
        read_eval(tmp_path / "nope.yaml")
    with pytest.raises(InvalidInput, match="its name must end with"):
        read_eval(tmp_path / "eval.exe")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(InvalidInput, match=r"not a plain file|cannot be read|directory"):
        read_eval(tmp_path / "folder.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match="not UTF-8"):
        read_eval(tmp_path / "bytes.yaml")
    with pytest.raises(InvalidInput, match="larger than 8 MiB"):
        parse_eval("x" * (9 * 2**20), "huge.yaml")
    with pytest.raises(InvalidInput, match="is not JSON"):
        parse_eval("{", "eval.json")
