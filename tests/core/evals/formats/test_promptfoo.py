"""promptfoo's configs: prompts, providers and tests become variants and rows; what Loupe does not act on is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.evals.assertion import Assertion, AssertionSet
from core.evals.datasets import rows_of
from core.evals.formats import read_eval
from core.settings import get_settings
from tests.core.evals.formats.writing import asked, read

ONE = "prompts: ['Say {{x}}.']\nproviders: [smollm2]\n"


def test_every_provider_with_every_prompt_is_a_variant(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        "prompts: ['Convert to {{language}}: {{input}}', {label: Short, raw: '{{language}}: {{input}}'}]\n"
        "providers: [smollm2, {id: 'loupe:smollm2?dtype=fp32', label: Full}]\n"
        "tests: [{vars: {language: French, input: Hello}}]",
    )
    assert [each.name for each in file.variants] == [
        "smollm2 · Convert to {{language}}: {{input}}",
        "smollm2 · Short",
        "Full · Convert to {{language}}: {{input}}",
        "Full · Short",
    ]
    assert [each.model for each in file.variants] == ["smollm2", "smollm2", "smollm2?dtype=fp32", "smollm2?dtype=fp32"]
    request = file.variants[3].request(asked(file)[0])
    assert request.question == "French: Hello" and request.params.temperature == 0  # type: ignore[union-attr]


def test_an_id_beside_a_text_is_its_name(tmp_path: Path) -> None:
    file = read(tmp_path, "prompts: [{id: fair, raw: '{{x}}'}, {id: '{{x}}!'}]\nproviders: [smollm2]")
    assert [each.prompt_name for each in file.variants] == ["fair", "{{x}}!"]


def test_models_replace_the_providers_whatever_they_are(tmp_path: Path) -> None:
    config = "prompts: ['{{x}}']\nproviders: [{id: 'vertex:gemini', config: {temperature: 1}}]\ntests: [{vars: {x: 1}}]"
    with pytest.raises(InvalidInput, match=r"provider 'vertex:gemini' is none that Loupe can call.*--model REF"):
        read(tmp_path, config)
    file = read(tmp_path, config, models=("smollm2", "smollm2?dtype=fp32"))
    assert [each.name for each in file.variants] == ["smollm2", "smollm2?dtype=fp32"]
    assert "The providers of the file are replaced by smollm2, smollm2?dtype=fp32." in file.notes


@pytest.mark.parametrize("provider", ["openai:gpt-4.1", "openai:chat:gpt-4.1"])
def test_an_endpoint_of_the_providers_name_is_meant_where_there_is_one(
    tmp_path: Path, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = f"prompts: ['{{{{x}}}}']\nproviders: ['{provider}']\ntests: [{{vars: {{x: 1}}}}]"
    with pytest.raises(InvalidInput, match="list an endpoint named openai in"):
        read(tmp_path, config)
    monkeypatch.setenv("LOUPE_ENDPOINTS", '[{"name": "openai", "base_url": "http://127.0.0.1:9/v1"}]')
    get_settings.cache_clear()
    assert [each.model for each in read(tmp_path, config).variants] == ["api:openai/gpt-4.1"]


def test_settings_of_a_provider_are_those_of_its_variants(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        """
prompts: ['{{x}}']
providers:
  - id: smollm2
    label: plain
    config: {temperature: 0.7, max_completion_tokens: 9, top_p: 0.5, seed: 3, stop: [END], frequency_penalty: 0.1}
  - {id: smollm2, label: shots, config: {technique: few-shot, shots: 2, max_tokens: 8}}
  - {id: smollm2, label: documents, config: {collection: solar-system, retrieval: {k: 3}}}
  - {id: smollm2, label: raw, config: {mode: completion, apiKey: sk-canary}}
tests: [{vars: {x: 1}}]
""",
    )
    plain, shots, documents, raw = file.variants
    given = {"temperature": 0.7, "max_tokens": 9, "top_p": 0.5, "seed": 3, "stop": ("END",), "frequency_penalty": 0.1}
    assert plain.params.model_dump(exclude_defaults=True) == given
    assert (shots.technique, shots.technique_options, shots.params.max_tokens) == ("few-shot", {"shots": 2}, 8)
    assert documents.collection == "solar-system" and documents.retrieval is not None and documents.retrieval.k == 3
    assert raw.mode == "completion"
    assert any("'apiKey' is not acted on" in note for note in file.notes)
    assert "sk-canary" not in str(file.notes)


def test_providers_of_one_model_are_told_apart_by_what_differs(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        ONE.replace("[smollm2]", "[{id: smollm2, config: {temperature: 0.2, seed: 1}}, {id: smollm2, config: "
        "{temperature: 0.9, seed: 1}}, {id: smollm2, config: {technique: pal, seed: 1}}]") + "tests: [{vars: {x: 1}}]",
    )  # fmt: skip
    assert [each.name for each in file.variants] == [
        "smollm2, temperature 0.2", "smollm2, temperature 0.9", "smollm2, pal",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("files", "labels", "roles"),
    [
        ({"p__txt": "First {{x}}\n---\nSecond {{x}}\n"}, ["p.txt: 1", "p.txt: 2"], ["user"]),
        ({"p__md": "# {{x}}\n---\nstill the same"}, ["p.md"], ["user"]),
        ({"p__json": '[{"role": "system", "content": "Be brief."}, {"role": "user", "content": {{x | dump}}}]'},
         ["p.json"], ["system", "user"]),
        ({"p__yaml": "- role: system\n  content: Be brief.\n- role: user\n  content: '{{x}}'\n"},
         ["p.yaml"], ["system", "user"]),
        ({"p__csv": 'prompt,label\n"One, {{x}}",A\nTwo {{x}},\n'}, ["A", "p.csv: 2"], ["user"]),
        ({"p__jsonl": '[{"role": "user", "content": "{{x}}"}]\n{"role": "user", "content": "a {{x}}"}\n'},
         ["p.jsonl: 1", "p.jsonl: 2"], ["user"]),
        ({"p__j2": "Hello {{ x }}"}, ["p.j2"], ["user"]),
        ({"p__prompt__yml": "name: Mine\nmessages:\n  - {role: user, content: '{{x}}'}\n"}, ["Mine"], ["user"]),
    ],
)  # fmt: skip
def test_files_of_prompts(tmp_path: Path, files: dict[str, str], labels: list[str], roles: list[str]) -> None:
    [name] = (each.replace("__", ".") for each in files)
    file = read(tmp_path, f"prompts: file://{name}\nproviders: [smollm2]\ntests: [{{vars: {{x: 7}}}}]", **files)
    assert [each.prompt_name for each in file.variants] == labels
    assert [each.role for each in file.variants[0].messages] == roles
    assert all("7" in each.request({"x": "7"}).question for each in file.variants)


def test_a_line_separator_is_a_letter_of_a_prompt(tmp_path: Path) -> None:
    for name, content in (
        ("p.jsonl", '[{"role": "user", "content": "a\u2028b"}]\r\n'),
        ("p.csv", "prompt\na\u2028b\n"),
        ("p.txt", "a\u2028b"),
    ):
        config = f"prompts: file://{name}\nproviders: [smollm2]"
        [variant] = read(tmp_path, config, **{name.replace(".", "__"): content}).variants
        assert [each.content for each in variant.messages] == ["a\u2028b"], name


def test_globs_and_providers_that_name_their_prompts(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        "prompts: ['file://p/*.txt', {id: 'file://last.txt', label: 'group:last'}]\n"
        "providers:\n"
        "  - {id: smollm2, label: a, prompts: ['p/one.txt', 'group']}\n"
        "  - {id: smollm2, label: b, prompts: ['p/*']}\n"
        "tests: [{vars: {x: 1}}]",
        p___one__txt="1 {{x}}",
        p___two__txt="2 {{x}}",
        last__txt="3 {{x}}",
    )
    assert [each.name for each in file.variants] == [
        "a · p/one.txt", "a · group:last", "b · p/one.txt", "b · p/two.txt",
    ]  # fmt: skip
    with pytest.raises(InvalidInput, match="names the prompt 'nope'; there are"):
        read(tmp_path, ONE.replace("[smollm2]", "[{id: smollm2, prompts: [nope]}]"))


def test_assertions_defaults_thresholds_and_sets(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        ONE
        + """
defaultTest: {assert: [{type: not-icontains, value: sorry}], threshold: 0.5, metadata: {area: all}}
assertionTemplates: {short: {type: word-count, value: {max: 9}}}
tests:
  - description: first
    vars: {x: 1}
    assert:
      - {type: contains, value: '{{ x }}', weight: 2, metric: right}
      - $ref: '#/assertionTemplates/short'
      - {type: assert-set, threshold: 0.5, metric: both, assert: [{type: regex, value: 'a{2}'}, {type: is-json}]}
      - {type: 'extract:regex:A/(.*)/numeric', value: 3}
    threshold: 0.9
    metadata: {level: easy}
  - vars: {x: 2}
    options: {disableDefaultAsserts: true}
""",
    )
    first, second = list(rows_of(file))
    assert not hasattr(first, "reason") and not hasattr(second, "reason")
    assert (first.description, first.threshold, second.threshold) == ("first", 0.9, 0.5)
    assert first.metadata == {"area": "all", "level": "easy"} and second.assertions == ()
    default, right, short, both, extract = first.assertions
    assert isinstance(default, Assertion) and (default.type, default.negated) == ("icontains", True)
    assert isinstance(right, Assertion) and (right.value, right.weight, right.metric) == ("{{ x }}", 2, "right")
    assert isinstance(short, Assertion) and short.value == {"max": 9}
    assert isinstance(both, AssertionSet) and both.threshold == 0.5 and len(both.assertions) == 2
    assert isinstance(extract, Assertion)
    assert (extract.extract, extract.options, extract.value) == ("regex:A/(.*)", {"compare": "numeric"}, 3)


def test_the_judge_of_defaulttest_judges_where_no_other_is_named(tmp_path: Path) -> None:
    config = (
        ONE
        + """
defaultTest: {options: {provider: 'loupe:smollm2?dtype=fp32', rubricPrompt: file://r.txt}}
tests:
  - vars: {x: 1}
    assert: [{type: llm-rubric, value: 'fits {{ output }}'}, {type: llm-rubric, value: b, provider: smollm2}]
"""
    )
    [row] = rows_of(read(tmp_path, config, r__txt="Judge {{output}} by {{rubric}}"))
    assert not hasattr(row, "reason")
    first, second = row.assertions
    assert isinstance(first, Assertion) and isinstance(second, Assertion)
    assert first.options == {"provider": "smollm2?dtype=fp32", "rubricPrompt": "Judge {{output}} by {{rubric}}"}
    assert second.options["provider"] == "smollm2" and first.value == "fits (see the answer)"


def test_a_judge_that_nobody_knows(tmp_path: Path) -> None:
    config = ONE + "tests: [{vars: {x: 1}, assert: [{type: llm-rubric, value: a, provider: 'openai:gpt-9'}]}]"
    with pytest.raises(InvalidInput, match="Test 1, its assertion: the provider 'openai:gpt-9' is none"):
        read(tmp_path, config)
    file = read(tmp_path, config, models=("smollm2",))
    assert "The judge 'openai:gpt-9' is none that Loupe can call: the usual one judges instead." in file.notes


def test_python_of_an_assertion_is_its_text_and_its_function(tmp_path: Path) -> None:
    program = "def get_assert(output, context):\n    return True\n\n\ndef other(output, context):\n    return 0.5\n"
    file = read(
        tmp_path,
        ONE + "tests: [{vars: {x: 1}, assert: [{type: python, value: 'file://c.py'}, {type: python, value: "
        "'file://c.py:other', config: {n: 3}}, {type: python, value: 'len(output) < {{x}}'}]}]",
        c__py=program,
    )
    first, second, third = file.data.rows[0].assertions
    assert isinstance(first, Assertion) and isinstance(second, Assertion) and isinstance(third, Assertion)
    assert (first.value, first.options) == (program, {"function": "get_assert"})
    assert (second.value, second.options) == (program, {"function": "other", "config": {"n": 3}})
    assert third.value == "len(output) < {{x}}"


def test_options_of_the_command_line_in_the_file(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        ONE + "tests: [{vars: {}}, {vars: {}}, {vars: {x: 3}}]\nevaluateOptions: {repeat: 3, maxConcurrency: 2}\n"
        "commandLineOptions: {filterFirstN: 2, promptPrefix: 'Please. ', var: {x: 1}, verbose: true, delay: 10}",
    )
    assert (file.repeat, file.concurrency, file.data.limit, len(asked(file))) == (3, 2, 2, 2)
    assert file.variants[0].request(asked(file)[0]).question == "Please. Say 1."
    assert any("'delay' is not acted on" in note for note in file.notes)


def test_what_is_not_acted_on_is_named_and_secrets_are_not_repeated(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        ONE
        + """
env: {OPENAI_API_KEY: sk-canary}
extensions: ['file://hooks.py:hook']
derivedMetrics: [{name: f1, value: a + b}]
outputPath: out.json
unheardOf: 1
tests:
  - vars: {x: 1}
    provider: openai:gpt-4
    options: {transform: output.trim(), storeOutputAs: y, temperature: 1}
    assert: [{type: contains, value: a, transform: JSON.parse(output)}]
""",
        skip=True,
    )
    notes = "\n".join(file.notes)
    named = ("env", "xtensions", "derivedMetrics", "outputPath", "unheardOf", "transform", "storeOutputAs", "provider")
    for word in (*named, "temperature"):
        assert word in notes, word
    assert "sk-canary" not in notes


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("tests: [{vars: {x: 1}, options: {transform: output.trim()}}]", "Test 1 has transform, which is code"),
        ("tests: [{vars: {x: 1}, options: {transformVars: '({})'}}]", "Test 1 has transformVars, which is code"),
        ("tests: [{vars: {x: 1}, providers: [a]}]", "Test 1 has providers and so is only for some"),
        ("tests: [{vars: {x: 1}, prompts: [a]}]", "Test 1 has prompts and so is only for some"),
        ("tests: [{vars: {x: 1}, providerOutput: hello}]", "Test 1 has a providerOutput"),
        ("defaultTest: {options: {postprocess: output}}\ntests: [{vars: {x: 1}}]", "defaultTest has postprocess"),
        ("defaultTest: {prompts: [a]}\ntests: [{vars: {x: 1}}]", "defaultTest has prompts"),
        (
            "tests: [{vars: {x: 1}, assert: [{type: contains, value: 1, transform: output}]}]",
            "Test 1, its assertion has transform, which is code",
        ),
        ("tests: [{vars: {x: 1}}]\ntargets: [{id: smollm2, transform: output}]", "Provider 1 has transform"),
    ],
)
def test_what_would_change_results_is_an_error_or_a_note(tmp_path: Path, part: str, says: str) -> None:
    config = (ONE.replace("providers: [smollm2]\n", "") if "targets" in part else ONE) + part
    with pytest.raises(InvalidInput, match=rf"{says}.*; remove it, or use --skip-unsupported"):
        read(tmp_path, config)
    file = read(tmp_path, config, skip=True)
    assert len(asked(file)) == 1 and any(note.startswith(says) for note in file.notes)


def test_settings_of_a_judge_and_of_a_set_are_named_and_not_repeated(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        ONE
        + """
defaultTest: {options: {provider: {text: {id: smollm2, config: {apiKey: sk-canary}}}}}
tests:
  - vars: {x: 1}
    assert:
      - {type: llm-rubric, value: a, provider: {id: smollm2, config: {temperature: 1}, headers: {Key: sk-canary}}}
      - {type: assert-set, config: {strict: sk-canary}, assert: [{type: contains, value: 1}]}
""",
    )
    assert file.notes == (
        "defaultTest, provider, config: 'apiKey' is not acted on.",
        "Test 1, assertion 1, provider: 'headers' is not acted on.",
        "Test 1, assertion 1, provider, config: 'temperature' is not acted on.",
        "Test 1, assertion 2, config: 'strict' is not acted on.",
    )


@pytest.mark.parametrize("kind", ["javascript", "trace-span-count", "no-such-thing"])
def test_an_assertion_that_cannot_be_checked_is_an_error_or_a_note(tmp_path: Path, kind: str) -> None:
    config = ONE + f"tests: [{{vars: {{x: 1}}, assert: [{{type: contains, value: 1}}, {{type: {kind}, value: a}}]}}]"
    with pytest.raises(InvalidInput, match=rf"Test 1, assertion 2 is of the type '{kind}', which Loupe"):
        read(tmp_path, config)
    file = read(tmp_path, config, skip=True)
    assert len(file.data.rows[0].assertions) == 1
    assert any(note.startswith(f"Test 1, assertion 2 is of the type '{kind}'") for note in file.notes)


@pytest.mark.parametrize("text", ["{{x | upper}}", "{% if x %}a{% endif %}", "{{ x + 1 }}", "{# note #}{{x}}"])
def test_logic_of_templates_is_an_error_or_a_note(tmp_path: Path, text: str) -> None:
    config = f"prompts: ['{text}']\nproviders: [smollm2]\ntests: [{{vars: {{x: 1}}}}]"
    with pytest.raises(InvalidInput, match="which Loupe does not evaluate"):
        read(tmp_path, config)
    assert any("does not evaluate: it stays as it stands" in note for note in read(tmp_path, config, skip=True).notes)


def test_what_only_looks_like_logic_is_text(tmp_path: Path) -> None:
    prompt = '\'{% raw %}{{a | b}} {{x}}{% endraw %} {{ x | safe }} {"k": {"v": {{x}}}}\''
    file = read(tmp_path, f"prompts: [{prompt}]\nproviders: [smollm2]\ntests: [{{vars: {{x: 1}}}}]")
    assert file.variants[0].request({"x": "1"}).question == '{{a | b}} {{x}} 1 {"k": {"v": 1}}'


def test_json_is_read_as_well(tmp_path: Path) -> None:
    text = '{"prompts": ["{{x}}"], "providers": ["smollm2"], "tests": [{"vars": {"x": 1}}]}'
    (tmp_path / "eval.json").write_text(text)
    assert asked(read_eval(tmp_path / "eval.json")) == [{"x": 1}]
