"""What is written in a format and read again is what it was; what the format cannot hold is named, never just gone."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.prompts.file import PromptFile
from core.prompts.formats import FORMATS, read_prompt, write_prompt
from tests.core.prompts.strategies import prompts, visible

FIELDS = {
    "name": "a name",
    "description": "a description",
    "model": "a model",
    "parameters": "parameters",
    "test_data": "test data",
    "evaluators": "evaluators",
    "declared": "types of variables",
}
thorough = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)


def again(prompt: PromptFile, format_id: str) -> tuple[PromptFile, tuple[str, ...]]:
    """The prompt written and read, and what was lost."""
    written = write_prompt(prompt, format_id)
    return read_prompt(written.content, "x" + FORMATS[format_id].suffixes[0]), written.lost


def shown(prompt: PromptFile) -> list[tuple[str, str]]:
    """What a model would be sent, with a hostile value for every variable."""
    values = {name: "{{a}}\\{{b}}" for name in prompt.variables}
    return [(message.role, message.content) for message in prompt.render(values)]


def plain(prompt: PromptFile, field: str) -> object:
    """A part of the prompt; that a text is long is a matter of the form, which other formats have no word for."""
    if field == "parameters" and prompt.format == "openai":  # there, what Loupe does not know is any field
        return {name: value for name, value in prompt.parameters.items() if name != "logit_bias"}
    if field != "declared":
        return getattr(prompt, field)
    return [each.model_copy(update={"type": "text"}) if each.type == "long_text" else each for each in prompt.declared]


@thorough
@given(prompts())
def test_the_native_format_holds_everything(prompt: PromptFile) -> None:
    back, lost = again(prompt, "github")
    assert lost == ()
    assert all("no message uses" in note for note in back.notes)
    for field in ("messages", *FIELDS):
        assert getattr(back, field) == getattr(prompt, field), field


@pytest.mark.parametrize("format_id", [each for each in FORMATS if each != "github"])
@thorough
@given(prompt=prompts(visible))
def test_every_other_format_keeps_the_messages_and_says_what_it_drops(format_id: str, prompt: PromptFile) -> None:
    try:
        back, lost = again(prompt, format_id)
    except InvalidInput as error:  # a line that Prompty would take for the next message
        assert format_id == "prompty"
        assert "would read as a new message" in str(error)
        return
    if format_id == "text" and len(prompt.messages) > 1:
        assert any("are joined" in sentence for sentence in lost)
    elif format_id == "text":
        assert [content for _, content in shown(back)] == [content for _, content in shown(prompt)]
        assert bool(prompt.messages[0].role != "user") == any("the role" in sentence for sentence in lost)
    else:
        if shown(back) != shown(prompt) or back.variables != prompt.variables:
            assert format_id == "dotprompt"
            assert any("a meaning of its own" in sentence for sentence in lost)
    for field, words in FIELDS.items():
        if field == "parameters" and format_id == "openai":  # any field may be a parameter
            assert {**back.parameters, **back.extra} == prompt.parameters
        elif plain(back, field) != plain(prompt, field):
            assert any(words in sentence for sentence in lost), (field, lost)


@pytest.mark.parametrize("format_id", list(FORMATS))
@thorough
@given(prompt=prompts(visible), other=prompts(visible), field=st.sampled_from(["messages", *FIELDS]))
def test_a_change_of_one_part_changes_only_that_part(
    format_id: str, prompt: PromptFile, other: PromptFile, field: str
) -> None:
    try:
        before, _ = again(prompt, format_id)
        changed = before.model_copy(update={field: getattr(other, field)})
        after, lost = again(changed, format_id)
    except InvalidInput:
        return
    for each in ("messages", *FIELDS):
        if each == field != "messages":
            assert plain(after, each) == plain(changed, each) or lost, each
        elif each != field:
            assert plain(after, each) == plain(before, each), each
    if field == "messages" and format_id != "text" and shown(after) != shown(changed):
        assert any("a meaning of its own" in sentence for sentence in lost)


@pytest.mark.parametrize("format_id", list(FORMATS))
@thorough
@given(prompt=prompts(visible))
def test_a_prompt_that_was_not_changed_keeps_every_byte(format_id: str, prompt: PromptFile) -> None:
    try:
        content = write_prompt(prompt, format_id).content
    except InvalidInput:
        return
    for each in (content, content.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + content):
        try:
            back = read_prompt(each, "x" + FORMATS[format_id].suffixes[0])
        except InvalidInput:
            continue
        assert write_prompt(back).content == each.removeprefix(b"\xef\xbb\xbf")
