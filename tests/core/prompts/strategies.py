"""Generated prompts for property tests: hostile texts, every field, values that YAML and JSON like to bend.

Knows nothing of any one format.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from core.prompts.file import PromptFile, PromptMessage
from core.prompts.inputs import Input

PIECES = [
    *("{{a}}", "{{ b-c.d }}", "\\{{a}}", "\\\\{{a}}", "{a}", "{{{a}}}", "{{", "}}", "{", "}", "\\", "\n", " ", "\t"),
    *("{{ ''.__class__ }}", "{% for x in y %}", "{{#each a}}", "{{/each}}", "{{> part}}", "{{this}}", "{{else}}"),
    *("${b}", "%(x)s", "{x.__init__}", "{{history}}", '{{role "user"}}', "{{media url=a}}", "{{a b}}", "{{!x}}"),
    *("user:", "# system:", "---", "- a: b", "#c", "é漢🙂", "word", "<|im_end|>", "'", '"', "~", "yes", "012", "a: b"),
]
SURROGATES = {"exclude_categories": ("Cs",), "exclude_characters": "\0"}
words = st.text(st.characters(**SURROGATES), max_size=20)  # type: ignore[arg-type]
texts = st.one_of(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), words)
visible = texts.map(lambda text: text.replace("\r", "").strip("\n")).filter(lambda text: bool(text.strip()))
scalars = st.one_of(texts, st.integers(-(10**6), 10**6), st.floats(allow_nan=False), st.booleans(), st.none())
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda some: st.one_of(st.lists(some, max_size=3), st.dictionaries(texts, some, max_size=3)), max_leaves=5
)
names = st.sampled_from(["a", "b-c.d", "text", "question", "größe"])
titles = st.one_of(words.map(str.strip), st.sampled_from(["", "yes", "1.0", "null", "A: b #c", "Title"]))
rows = st.lists(st.dictionaries(st.one_of(names, st.just("expected")), values, min_size=1, max_size=3), max_size=3)
parameters = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 2),
        "top_p": st.sampled_from([0.5, 1.0]),
        "max_tokens": st.integers(1, 4096),
        "stop": st.lists(visible, min_size=1, max_size=2),
        "logit_bias": st.just({"50256": -100}),
    },
)
evaluators = st.lists(
    st.one_of(
        st.fixed_dictionaries({"name": words, "string": st.fixed_dictionaries({"contains": texts})}),
        st.fixed_dictionaries({"name": words, "uses": st.just("github/similarity")}),
        st.fixed_dictionaries(
            {"name": words, "llm": st.fixed_dictionaries({"modelId": st.just("openai/gpt-4o"), "prompt": texts})}
        ),
    ),
    max_size=2,
)


def messages(contents: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[PromptMessage, ...]]:
    """One to three messages of any role."""
    each = st.builds(PromptMessage, role=st.sampled_from(["system", "user", "assistant"]), content=contents)
    return st.lists(each, min_size=1, max_size=3).map(tuple)


@st.composite
def inputs(draw: st.DrawFn) -> tuple[Input, ...]:
    """Declared inputs with distinct names."""
    found = []
    for name in draw(st.lists(names, unique=True, max_size=3)):
        kind = draw(st.sampled_from(["text", "long_text", "number", "boolean", "choice"]))
        choices = ("red", "dark blue") if kind == "choice" else ()
        defaults = {"number": ["3", "0.5"], "boolean": ["true", "false"], "choice": list(choices)}.get(
            kind, ["", "x y"]
        )
        default = draw(st.one_of(st.none(), st.sampled_from(defaults)))
        about = draw(st.sampled_from(["", "What it is."]))
        found.append(Input(name=name, type=kind, choices=choices, default=default, description=about))
    return tuple(found)


def prompts(contents: st.SearchStrategy[str] = texts) -> st.SearchStrategy[PromptFile]:
    """A prompt made in Loupe, with or without each of its parts."""
    return st.builds(
        PromptFile,
        name=titles,
        description=titles,
        model=st.sampled_from(["", "openai/gpt-4o", "smollm2"]),
        parameters=parameters,
        messages=messages(contents),
        test_data=rows.map(tuple),
        evaluators=evaluators.map(tuple),
        declared=inputs(),
    )
