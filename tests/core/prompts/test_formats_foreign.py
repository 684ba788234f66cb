"""Prompt files in the shapes that other tools write: what is read, what is kept, what is named as not acted on."""

from __future__ import annotations

import json

from core.prompts.file import PromptFile
from core.prompts.formats import FORMATS, read_prompt, write_prompt

GITHUB = """\
# Structured output, with comments
name: Person
description: Somebody as JSON
model: openai/gpt-4o
modelParameters:
  temperature: 0.5
  maxTokens: 300
  topP: 0.9
  reasoningEffort: low
responseFormat: json_schema
jsonSchema: |-
  {"name": "person", "schema": {"type": "object"}}
messages:
  - role: system
    content: You describe {{assistant_persona}} people.
  - role: user
    content: |
      Describe a person named {{name}}
      who is {{age}} years old.

  - role: assistant
    content: "{\\"name\\": \\"{{name}}\\"}"
testData:
  - name: "Alice Johnson"
    age: "30"
    assistant_persona: kind
    expected: |
      Alice is 30.
      She codes.
  - name: Bob
    age: 25
    assistant_persona: [tall, quiet]
    skills:
      - python
      - {level: 3}
evaluators:
  - name: starts
    string:
      startsWith: 'Summary -'
  - name: nice
    llm:
      modelId: openai/gpt-4o
      prompt: 'is {{completion}} a nice message?'
      choices:
        - choice: 'no'
          score: 0
        - choice: 'yes'
          score: 1
      systemPrompt: only ever respond with 'yes' or 'no'
  - name: Similarity
    uses: github/similarity
"""
PROMPTY_1 = """\
---
name: Basic Prompt
description: Answers questions
authors:
  - somebody
model:
  api: chat
  configuration:
    type: azure_openai
    azure_deployment: gpt-35-turbo
    api_version: ${env:API_VERSION}
  parameters:
    max_tokens: 128
    temperature: 0.2
    tools: ${file:tools.json}
inputs:
  firstName:
    type: string
    sample: Jane
    description: The first name
  age:
    type: number
    default: 18
  question: What is the meaning of life?
sample:
  firstName: Jane
  question: Why?
template:
  format: jinja2
---

system:
You help {{firstName}}, who is {{age}}.

# Documents
{% for item in documentation %}
name: {{item.name | upper}}
{% endfor %}

user:
{{question}}
"""
PROMPTY_2 = """\
---
name: structured
model:
  id: claude-sonnet
  provider: anthropic
  connection:
    kind: reference
    name: mine
  options:
    maxOutputTokens: 512
    temperature: 0.3
inputs:
  - name: question
    kind: string
    default: What is the weather in Seattle?
    enumValues: [What is the weather in Seattle?, Why?]
outputs:
  - name: city
    kind: string
tools:
  - name: lookup
    kind: function
---
system:
Answer as JSON.

user[name="Ada"]:
{{question}}
"""
DOTPROMPT = """\
---
model: googleai/gemini-2.5-flash
config:
  temperature: 0.4
  maxOutputTokens: 400
  stopSequences: [END]
  safetySettings: [{category: HATE, threshold: NONE}]
input:
  schema:
    destination: string, where to go
    duration?: integer, number of days
    style(enum, how to travel): [slow, fast]
    interests?(array): string
    (*): any
  default:
    destination: Rome
output:
  format: json
  schema:
    days(array, one a day):
      title: string
---
{{role "system"}}
You plan travels. {{! a comment }}
{{> style_guide }}
{{ role 'user' }}
To {{destination}} for {{duration}} days: {{{style}}}.
{{#if interests}}
{{#each interests}}
- {{this}}
{{/each}}
{{else}}
Anything.
{{/if}}
{{media url=photo}} \\{{destination}} \\{{#if x}}
{{history}}
{{role "model"}}
Here is a plan.
"""
OPENAI = {
    "model": "gpt-4o",
    "temperature": 0.1,
    "max_completion_tokens": 50,
    "stop": "END",
    "response_format": {"type": "json_object"},
    "messages": [
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "name": "ada",
            "content": [
                {"type": "text", "text": "What is on {{picture}}?"},
                {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}},
            ],
        },
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function"}]},
        {"role": "tool", "tool_call_id": "1", "content": "A cat."},
        {"role": "assistant", "content": "A cat.", "refusal": None},
    ],
}


def read(text: str, suffix: str) -> PromptFile:
    return read_prompt(text.encode(), f"x{suffix}")


def test_github_models_with_schema_test_data_and_evaluators() -> None:
    prompt = read(GITHUB, ".prompt.yml")
    assert (prompt.name, prompt.model) == ("Person", "openai/gpt-4o")
    assert prompt.parameters == {"temperature": 0.5, "max_tokens": 300, "top_p": 0.9, "reasoningEffort": "low"}
    assert prompt.unknown_parameters == ("reasoningEffort",)
    assert prompt.sampling.temperature == 0.5
    assert prompt.variables == ("assistant_persona", "name", "age")
    assert [message.role for message in prompt.messages] == ["system", "user", "assistant"]
    assert prompt.test_data[0]["expected"] == "Alice is 30.\nShe codes.\n"
    assert prompt.test_data[1]["skills"] == ["python", {"level": 3}]
    assert list(prompt.extra) == ["responseFormat", "jsonSchema"]
    assert prompt.notes == ("The test data has values for “skills”, which no message uses.",)
    assert prompt.evaluators[1]["llm"]["choices"][1] == {"choice": "yes", "score": 1}
    assert prompt.render(prompt.test_data[1])[0].content == 'You describe ["tall", "quiet"] people.'
    assert write_prompt(prompt).content == GITHUB.encode()


def test_a_misspelt_name_in_test_data_is_named_but_what_an_evaluator_uses_is_not() -> None:
    text = "messages: [{content: 'Hi {{name}}'}]\ntestData: [{nmae: a, tone: b, expected: c}]\n"
    rest = "evaluators: [{name: x, llm: {prompt: 'Is {{completion}} {{ tone }}?'}}]\n"
    assert read(text + rest, ".prompt.yml").notes == ("The test data has values for “nmae”, which no message uses.",)
    assert read("---\nsample: {nmae: a, name: b}\n---\nuser:\nHi {{name}}\n", ".prompty").notes == (
        "The test data has values for “nmae”, which no message uses.",
    )


def test_github_models_edited_keeps_schema_and_comments() -> None:
    prompt = read(GITHUB, ".prompt.yml")
    changed = prompt.model_copy(update={"parameters": {**prompt.parameters, "temperature": 1.0}})
    written = write_prompt(changed)
    assert written.content.decode() == GITHUB.replace("temperature: 0.5", "temperature: 1.0")
    assert written.lost == ()


def test_prompty_of_the_first_generation() -> None:
    prompt = read(PROMPTY_1, ".prompty")
    assert prompt.model == "gpt-35-turbo"
    assert (prompt.parameters["temperature"], prompt.parameters["max_tokens"]) == (0.2, 128)
    assert prompt.unknown_parameters == ("tools",)
    fields = {each.name: (each.type, each.default, each.description) for each in prompt.declared}
    assert fields["firstName"] == ("text", "Jane", "The first name")
    assert fields["age"] == ("number", "18", "")
    assert fields["question"][1] == "What is the meaning of life?"
    assert [message.role for message in prompt.messages] == ["system", "user"]
    assert "# Documents\n{% for item in documentation %}" in prompt.messages[0].content
    assert any("{% for" in note for note in prompt.notes)
    assert any("{{item.name | upper}}" in note for note in prompt.notes)
    assert prompt.variables == ("firstName", "age", "question")
    assert prompt.test_data == ({"firstName": "Jane", "question": "Why?"},)
    rendered = prompt.render({"firstName": "{% raw %}", "age": 3, "question": "{{firstName}}"})
    assert rendered[1].content == "{{firstName}}"
    changed = write_prompt(prompt.model_copy(update={"model": "gpt-4o"})).content.decode()
    assert changed == PROMPTY_1.replace("azure_deployment: gpt-35-turbo", "azure_deployment: gpt-4o")


def test_prompty_of_the_second_generation_stays_one() -> None:
    prompt = read(PROMPTY_2, ".prompty")
    assert (prompt.model, prompt.parameters) == ("claude-sonnet", {"max_tokens": 512, "temperature": 0.3})
    assert prompt.inputs[0].choices == ("What is the weather in Seattle?", "Why?")
    assert [(each.role, each.content) for each in prompt.messages] == [
        ("system", "Answer as JSON."),
        ("user", "{{question}}"),
    ]
    assert set(prompt.extra) >= {"outputs", "tools"}
    changed = write_prompt(prompt.model_copy(update={"parameters": {"max_tokens": 9}})).content.decode()
    assert "maxOutputTokens: 9" in changed
    assert "kind: function" in changed


def test_prompty_shorthands() -> None:
    assert read("---\nmodel: gpt-4o\n---\nsystem:\nHi {{x}}\n", ".prompty").model == "gpt-4o"
    alone = read("Just a line with {{x}}.\n", ".prompty")
    assert [(each.role, each.content) for each in alone.messages] == [("system", "Just a line with {{x}}.")]
    assert read("---\n---\nUser:\nHi\n", ".prompty").messages[0].role == "user"
    assert any(
        "another file" in note for note in read("---\nsample: ${file:x.json}\n---\nuser:\nHi\n", ".prompty").notes
    )
    assert read("---\ninputs: ${file:x.json}\n---\nuser:\nHi {{a}}\n", ".prompty").variables == ("a",)


def test_dotprompt_with_helpers_and_picoschema() -> None:
    prompt = read(DOTPROMPT, ".prompt")
    assert prompt.parameters["stop"] == ["END"]
    assert (prompt.parameters["max_tokens"], prompt.unknown_parameters) == (400, ("safetySettings",))
    fields = {each.name: each for each in prompt.declared}
    assert list(fields) == ["destination", "duration", "style", "interests"]
    assert (fields["destination"].default, fields["destination"].description) == ("Rome", "where to go")
    assert (fields["duration"].type, fields["duration"].default) == ("number", "")
    assert (fields["style"].type, fields["style"].choices) == ("choice", ("slow", "fast"))
    assert fields["interests"].type == "long_text"
    assert [message.role for message in prompt.messages] == ["system", "user", "assistant"]
    assert prompt.variables == ("destination", "duration", "style")
    named = " ".join(prompt.notes)
    for construct in ("{{!", "{{> style_guide", "{{#if", "{{#each", "{{media"):
        assert construct in named or len(prompt.notes) >= 5, construct
    user = prompt.render({"destination": "Oslo", "duration": 2, "style": "{{history}}"})[1].content
    assert user.startswith("To Oslo for 2 days: {{history}}.")
    assert "- {{this}}" in user
    assert "{{destination}} {{#if x}}" in user
    assert write_prompt(prompt).content == DOTPROMPT.encode()


def test_openai_messages_with_parts_tools_and_a_developer() -> None:
    prompt = read(json.dumps(OPENAI), ".json")
    assert [each.role for each in prompt.messages] == ["system", "user", "assistant", "assistant"]
    assert prompt.messages[1].content == "What is on {{picture}}?"
    assert prompt.sampling.stop == ("END",)
    assert prompt.parameters["max_tokens"] == 50
    assert any("image_url" in note for note in prompt.notes)
    assert any("'tool'" in note for note in prompt.notes)
    assert prompt.extra == {"response_format": {"type": "json_object"}}
    changed = json.loads(write_prompt(prompt.model_copy(update={"parameters": {"max_tokens": 9}})).content)
    assert changed["max_completion_tokens"] == 9
    assert changed["messages"] == OPENAI["messages"]
    edited = prompt.model_copy(update={"messages": prompt.messages[:2]})
    assert "Parts of messages that were left out in reading are gone from the file." in write_prompt(edited).lost


def test_a_turn_that_only_calls_tools_is_named() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    rows = [{"role": "user", "content": "Rain?"}, {"role": "assistant", "content": None, "tool_calls": [call]}]
    prompt = read(json.dumps([*rows, {"role": "user", "content": "Well?"}]), ".json")
    assert any(note.startswith("Message 2 calls tools") for note in prompt.notes)


def test_a_bare_list_stays_a_bare_list() -> None:
    rows = [{"role": "user", "content": "Hi {{x}}"}]
    prompt = read(json.dumps(rows), ".json")
    more = prompt.model_copy(update={"messages": (*prompt.messages, *prompt.messages)})
    assert json.loads(write_prompt(more).content) == rows * 2


def test_langchain_text_is_recognised_and_converted_on_request() -> None:
    prompt = read('Answer {question} as JSON: {{"answer": "..."}}\nContext: {context}\n', ".txt")
    assert prompt.variables == ()
    assert prompt.single_braces == ("question", "context")
    converted = prompt.with_double_braces()
    assert converted.variables == ("question", "context")
    said = converted.render({"question": "{context}", "context": "{{question}}"})[0].content
    assert said == 'Answer {context} as JSON: {"answer": "..."}\nContext: {{question}}'


def test_what_only_looks_like_single_braces_stays() -> None:
    for text in ('{"a": 1}', "\\frac{a}{b}", "${HOME}", "%(x)s", "{x.__init__}", "{0}", "{x!r}", "{a} {{b}}", "{ a }"):
        assert read(text, ".txt").single_braces == (), text


def test_every_format_is_written_from_every_other() -> None:
    sources = [
        read(GITHUB, ".prompt.yml"),
        read(PROMPTY_1, ".prompty"),
        read(PROMPTY_2, ".prompty"),
        read(DOTPROMPT, ".prompt"),
        read(json.dumps(OPENAI), ".json"),
        read("Hello {{x}}", ".md"),
    ]
    for source in sources:
        values = {name: "1" for name in source.variables}
        for format_id, known in FORMATS.items():
            written = write_prompt(source, format_id)
            back = read_prompt(written.content, f"x{known.suffixes[0]}")
            if format_id == "text":
                continue
            expected = [(each.role, each.content.strip("\n")) for each in source.render(values) if each.content.strip()]
            found = [(each.role, each.content.strip("\n")) for each in back.render(values) if each.content.strip()]
            assert found == expected, (source.format, format_id, written.lost)
            dropped = set(source.extra) - set(back.extra)
            assert not dropped or any("does not know" in sentence for sentence in written.lost)
