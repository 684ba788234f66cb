"""The shapes of promptfoo's published examples: each reads, or gives one clear sentence.

Adapted and shortened from github.com/promptfoo/promptfoo, examples/ (MIT, Copyright (c) Ian Webster).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.evals.datasets import check
from core.evals.formats import read_eval
from tests.core.evals.formats.writing import CONFIG, folder_of

TWO = "Rephrase in {{language}}: {{body}}\n---\nSay in {{language}}: {{body}}\n"
CHAT = '[{"role": "system", "content": "{{system_message}}"}, {"role": "user", "content": "{{question}}"}]'

READS: dict[str, tuple[dict[str, str], int, int]] = {
    "getting-started": ({CONFIG: """
# yaml-language-server: $schema=https://promptfoo.dev/config-schema.json
description: Getting started
prompts: ['Convert this to {{language}}: {{input}}', 'Translate to {{language}}: {{input}}']
providers: [openai:gpt-4.1, openai:o4-mini]
tests:
  - vars: {language: French, input: Hello world}
    assert: [{type: contains, value: Bonjour le monde}]
  - vars: {language: Spanish, input: Where is the library?}
    assert: [{type: icontains, value: Dónde está la biblioteca}]
"""}, 2, 2),
    "simple-csv": ({CONFIG: "prompts: [file://prompts.txt]\nproviders: [openai:gpt-4]\ntests: file://tests.csv\n",
                    "prompts.txt": TWO,
                    "tests.csv": 'language,body,style,__expected\n'
                                 'French,Hello,"{""tone"": ""formal""}",icontains:bonjour\n'
                                 "Pirate,I'm hungry,x,icontains:grub\n"}, 2, 2),
    "csv-metadata": ({CONFIG: "prompts: ['About {{topic}}']\nproviders: [openai:gpt-4]\ntests: file://tests.csv\n",
                      "tests.csv": "topic,__expected1,__expected2,__metadata:category,__metadata:tags[],"
                                   "__config:__expected:threshold,__config:__expected2:threshold\n"
                                   'learning,contains: algorithm,llm-rubric:Is {{topic}} described?,'
                                   'tech,"ai,data science",0.9,0.8\n'}, 1, 1),
    "csv-prompts": ({CONFIG: "prompts: file://prompts.csv\nproviders: [openai:gpt-4]\n"
                             "tests: [{vars: {topic: [a, b]}}]\n",
                     "prompts.csv": 'prompt,label\n"About {{topic}}","Basic"\n'
                                    '"[{""role"":""system"",""content"":""Be brief""},'
                                    ' {""role"":""user"",""content"":""{{topic}}""}]","Academic"\n'}, 2, 2),
    "array-variables": ({CONFIG: """
prompts: [file://prompts.txt]
providers: [openai:gpt-4.1-mini, anthropic:claude]
tests:
  - vars: {language: [French, German, Spanish], body: [Hello, Goodbye]}
    assert: [{type: llm-rubric, value: 'Is "{{body}}" well put in {{language}}?', threshold: 0.7}]
""", "prompts.txt": TWO}, 2, 6),
    "prompts-per-model": ({CONFIG: """
prompts: [{id: 'file://prompt1.txt', label: First}, {id: 'file://prompt2.txt', label: Second}]
providers: [{id: openai:gpt-4.1-mini, prompts: [First, Second]}, {id: openai:gpt-4.1, prompts: [First]}]
tests: [{vars: {topic: bananas}}, {vars: {topic: space}}]
""", "prompt1.txt": "Tweet about {{topic}}", "prompt2.txt": "Poem about {{topic}}"}, 2, 2),
    "legacy-prompt-mapping": ({CONFIG: """
prompts: {prompts/mistral.txt: mistral, prompts/llama.txt: llama}
providers: [{id: 'replicate:mistral', prompts: [mistral], config: {max_new_tokens: 128}}]
tests: [{vars: {message: hello}}]
""", "prompts/mistral.txt": "<s>[INST] {{message}} [/INST]", "prompts/llama.txt": "{{message}}"}, 2, 1),
    "temperature-comparison": ({CONFIG: """
prompts: ['Respond to: {{message}}']
providers: [{id: smollm2, config: {temperature: 0.2}}, {id: smollm2, config: {temperature: 0.9}}]
tests: [{vars: {message: hi}, assert: [{type: llm-rubric, value: is friendly}]}]
"""}, 1, 1),
    "ollama": ({CONFIG: """
prompts: [{id: 'file://p/openai.json', label: openai}, {id: 'file://p/llama.txt', label: llama}]
providers: [{id: 'ollama:chat:llama4', prompts: [llama], config: {num_predict: 1024}}]
defaultTest: {assert: [{type: not-icontains, value: AI language model}, {type: not-icontains, value: sorry}]}
tests: [{vars: {message: Hi}}]
""", "p/openai.json": '[{"role": "user", "content": "{{message}}"}]', "p/llama.txt": "{{message}}"}, 2, 1),
    "mmlu": ({CONFIG: """
providers: [{id: openai:gpt-4o-mini}, {id: openai:o1-mini}]
prompts: ["You know {{subject}}. Question: {{question}} Choose from {{choices}}"]
tests: file://data.csv
defaultTest: {assert: [{type: equals, value: '{{answer}}'}]}
""", "data.csv": 'question,subject,choices,answer\nWhat?,algebra,"[\'0\', \'4\']",1\n'}, 1, 1),
    "rag": ({CONFIG: """
prompts: ["Answer {{query}} from {{context}}"]
providers: [openai:gpt-4.1-mini]
tests:
  - vars: {query: What needs no approval?, context: file://docs/money.md}
    assert: [{type: contains, value: '$500'}, {type: factuality, value: the manager approves}]
""", "docs/money.md": "# Money\nUp to $500."}, 1, 1),
    "multi-turn-file": ({CONFIG: """
prompts: [{id: 'file://prompt.json', label: chat}]
providers: [openai:gpt-4.1-mini]
defaultTest: {vars: {system_message: You are kind}}
tests: [{vars: {question: Who?}, metadata: {conversationId: a}}, {vars: {question: Where?}}]
""", "prompt.json": CHAT}, 1, 2),
    "simple-test-with-templates": ({CONFIG: """
prompts: [file://prompts.txt]
providers: [openai:gpt-4.1-mini]
tests:
  - description: exact
    vars: {language: Pirate, body: Yes}
    assert: [{type: equals, value: Yarr}]
  - vars: {language: Pirate, body: Hello world}
    assert: [{type: similar, value: 'Ahoy, world'}, {type: python, value: 'max(0, len(output) - 300)'},
             {$ref: '#/assertionTemplates/noise'}]
outputPath: output.csv
assertionTemplates: {noise: {type: icontains, value: arrr}}
""", "prompts.txt": TWO}, 2, 2),
    "scored-by-name": ({CONFIG: """
providers: [openai:gpt-4o-mini]
prompts: ['Translate to {{language}}: {{text}}']
defaultTest:
  assert: [{type: llm-rubric, value: 'Rate {{text}} in {{language}}', metric: accuracy}]
  options: {provider: {text: openai:gpt-4o-mini, embedding: 'openai:embedding:text-embedding-3-small'}}
tests: [{vars: {language: Spanish, text: Hello}, assert: [{type: similar, value: Hola, metric: similar}]}]
"""}, 1, 1),
    "external-tests": ({CONFIG: """
prompts: ['{{x}}']
providers: [openai:gpt-4]
defaultTest: file://default.yaml
tests: [file://tests/*.yaml, file://more.jsonl, file://list.json]
""", "default.yaml": "assert: [{type: not-contains, value: zzz}]\n", "tests/a.yaml": "- vars: {x: 1}\n- vars: {x: 2}\n",
        "more.jsonl": '{"vars": {"x": 3}, "assert": [{"type": "equals", "value": "3"}]}\n',
        "list.json": '[{"vars": {"x": 4}}]'}, 1, 4),
    "json-output": ({CONFIG: """
prompts: ['A JSON object about {{item}}']
providers: [openai:chat:gpt-4]
tests:
  - vars: {item: Banana}
    assert:
      - {type: is-json, value: {required: [color], type: object, properties: {color: {type: string}}}}
      - {type: contains-any, value: [Guatemala, Costa Rica]}
      - {type: latency, threshold: 5000}
"""}, 1, 1),
    "separate-providers": ({CONFIG: """
prompts: ['{{x}}']
targets: [file://provider.yaml]
tests: [{vars: {x: 1}}]
""", "provider.yaml": "id: smollm2\nlabel: Mine\nconfig: {temperature: 0.3}\n"}, 1, 1),
}  # fmt: skip

SAYS: dict[str, tuple[dict[str, str], str]] = {
    "self-grading": ({CONFIG: """
prompts: ['{{question}}']
providers: [openai:gpt-4]
defaultTest: {assert: [{type: llm-rubric, value: kind}, {type: javascript, value: output.length}]}
tests: [{vars: {question: a}}]
"""}, "defaultTest, assertion 2 is of the type 'javascript'"),
    "scoring-function": ({CONFIG: """
providers: [openai:gpt-4o-mini]
prompts: ['Translate to {{language}}: {{text}}']
defaultTest: {assertScoringFunction: file://./default.js, assert: [{type: contains, value: a}]}
tests: [{vars: {language: Spanish, text: Hello}}]
"""}, "defaultTest has an assertScoringFunction, which is code that Loupe does not run"),
    "model-tiers": ({CONFIG: """
prompts: ["Options: {% for option in options -%}{{ option }}{% endfor %}"]
providers: [openai:gpt-4]
tests: [{vars: {options: [1, 2]}}]
"""}, "Prompt 1 uses '{% for option in options -%}'"),
    "custom-prompt-function": ({CONFIG: "prompts: ['file://prompt.py:create']\nproviders: [openai:gpt-4]\n"},
                               "Prompt 1 is 'prompt.py:create', a program that Loupe does not run"),
    "custom-grader-csv": ({CONFIG: "prompts: ['{{x}}']\nproviders: [openai:gpt-4]\ntests: file://t.csv\n",
                           "t.csv": "x,__expected\n1,javascript:file://custom.ts\n"},
                          "t.csv, line 2: __expected is of the type 'javascript'"),
    "chat-history": ({CONFIG: "prompts: [file://p.json]\nproviders: [openai:gpt-4]\ntests: [{vars: {question: a}}]\n",
                      "p.json": '[{% for m in previous %}{"role": "user", "content": "{{m}}"},{% endfor %}]'},
                     "Prompt 1 uses '{% for m in previous %}'"),
    "rag-metrics": ({CONFIG: """
prompts: ['{{q}}']
providers: [openai:gpt-4]
tests: [{vars: {q: a}, assert: [{type: context-recall, threshold: 0.9, value: b}]}]
"""}, "Test 1, its assertion is of the type 'context-recall'"),
    "redteam": ({CONFIG: "targets: [openai:gpt-4]\nprompts: ['{{prompt}}']\nredteam: {plugins: [harmful]}\n"},
                "no value for “prompt”"),
    "generated-tests": ({CONFIG: "prompts: ['{{x}}']\nproviders: [openai:gpt-4]\n"
                                 "tests: [{path: 'file://gen.py:make', config: {n: 3}}]\n"},
                        "a program that makes tests"),
    "spreadsheet": ({CONFIG: "prompts: ['{{x}}']\nproviders: [openai:gpt-4]\ntests: file://t.xlsx\n", "t.xlsx": ""},
                    "save it as CSV"),
    "image": ({CONFIG: "prompts: ['{{x}}']\nproviders: [openai:gpt-4]\ntests: [{vars: {x: 'file://a.png'}}]\n",
               "a.png": ""}, "only text, YAML and JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", READS)
def test_reads(name: str, tmp_path: Path) -> None:
    files, variants, rows = READS[name]
    file = read_eval(folder_of(tmp_path, files), models=("smollm2",))
    assert len(file.variants) == variants
    assert check(file).rows == rows


@pytest.mark.parametrize("name", SAYS)
def test_gives_one_sentence(name: str, tmp_path: Path) -> None:
    files, sentence = SAYS[name]
    with pytest.raises(InvalidInput) as error:
        check(read_eval(folder_of(tmp_path, files), models=("smollm2",)))
    assert sentence in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", [name for name in READS if "temperature" not in name and "separate" not in name])
def test_a_provider_that_nobody_can_call_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"the provider '[\w:./-]+' is none that Loupe can call; .*--model REF"):
        read_eval(folder_of(tmp_path, READS[name][0]))
