"""Secrets of an eval file: nothing that is kept of it holds one, and what is kept is the same eval."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.evals.formats import parse_eval, read_eval
from core.evals.report import REPORTS
from core.evals.running import prepare
from tests.core.evals.formats.writing import CONFIG, bare, folder_of

SECRET = "sk-canary"
TESTS = "tests: [{vars: {x: 1, env: kept, apiKey: kept}, assert: [{type: contains, value: kept}]}]\n"
ONE = "prompts: ['Say {{x}}.']  # as it was\n" + TESTS
HOLD = [
    f"env: {{OPENAI_API_KEY: {SECRET}}}\nproviders: [smollm2]",
    f"providers: [{{id: smollm2, config: {{temperature: 0.5, apiKey: {SECRET}, organization: {SECRET}}}}}]",
    f"providers: [{{id: smollm2, env: {{A: {SECRET}}}, headers: {{Authorization: {SECRET}}}}}]",
    f"providers: [{{smollm2: {{config: {{max_tokens: 9, headers: {{X: {SECRET}}}}}}}}}]",
    f"targets: {{id: smollm2, config: {{password: {SECRET}}}}}",
    f"providers: [smollm2]\ndefaultTest: {{options: {{provider: {{id: smollm2, config: {{anything: {SECRET}}}}}}}}}",
    f"providers: [smollm2]\ndefaultTest: {{options: {{provider: {{text: {{id: smollm2, config: {{a: {SECRET}}}}}}}}}}}",
    "providers: [smollm2]\ndefaultTest:\n  assert:\n"
    f"    - {{type: llm-rubric, value: a, provider: {{id: smollm2, key: {SECRET}}}}}",
    f"providers: [smollm2]\ncommandLineOptions: {{grader: {{id: smollm2, config: {{a: {SECRET}}}}}}}",
    f"providers: [smollm2]\nloupe: {{judge: {{provider: {{id: smollm2, config: {{a: {SECRET}}}}}}}}}",
    f"providers: [smollm2]\nsharing: {{apiKey: {SECRET}}}\nunheardOf: [{SECRET}]",
    f"x-mine: &mine {{organization: {SECRET}}}\nproviders: [{{id: smollm2, config: *mine}}]",
    f"parts: {{one: {{id: smollm2, config: {{organization: {SECRET}}}}}}}\nproviders: [{{$ref: '#/parts/one'}}]",
]


@pytest.mark.parametrize("part", HOLD)
def test_what_is_kept_of_a_file_holds_no_secret_and_is_the_same_eval(tmp_path: Path, part: str) -> None:
    file = read_eval(folder_of(tmp_path, {CONFIG: f"{ONE}{part}\n"}))
    assert SECRET not in file.model_dump_json() and SECRET not in repr(file)
    assert "(left out)" in file.source and file.source.count("kept") >= 3
    again = parse_eval(file.source, CONFIG)
    assert bare(again) == bare(file) and again.source == file.source
    record = prepare(file)
    assert SECRET not in record.file + record.plan
    for report in REPORTS.values():
        assert SECRET not in "".join(report.render(record.id)), report.name


def test_a_file_without_secrets_is_kept_to_the_letter_and_comments_stay_beside_secrets(tmp_path: Path) -> None:
    plain = (
        ONE + "providers: [{id: smollm2, config: {temperature: 0.5, maxTokens: 8, technique: few-shot, shots: 2}}]\n"
    )
    assert parse_eval(plain, CONFIG).source == plain
    kept = parse_eval(f"{ONE}providers: [smollm2]\nenv: {{A: {SECRET}}}\n", CONFIG).source
    assert kept.startswith("prompts: ['Say {{x}}.']  # as it was\n") and SECRET not in kept


def test_json_stays_json_and_a_prompt_file_is_masked_too() -> None:
    data = {"prompts": ["{{x}}"], "providers": ["smollm2"], "tests": [{"vars": {"x": 1}}], "env": {"A": SECRET}}
    kept = parse_eval(json.dumps(data), "e.json").source
    assert json.loads(kept) == data | {"env": {"A": "(left out)"}}
    prompt = (
        "messages: [{role: user, content: '{{x}}'}]\nmodel: smollm2\ntestData: [{x: 1}]\n"
        f"modelParameters: {{temperature: 0, api_key: {SECRET}}}\n"
    )
    file = parse_eval(prompt, "a.prompt.yml")
    assert SECRET not in file.source and bare(parse_eval(file.source, "a.prompt.yml")) == bare(file)
