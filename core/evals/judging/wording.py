"""The words that a judge is asked with: prompt files under `prompts/judging`, or a wording of one's own.

What is judged stands between two lines with a mark that it cannot contain, so that nothing in it can end its block or
begin another; chat tokens in it are broken. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.documents.answering.passages import mark_of, without_tokens
from core.errors import InvalidInput
from core.evals.json_text import parse
from core.prompts import files, template
from core.prompts.file import PromptFile, PromptMessage
from core.prompts.formats import read_prompt

SHIPPED = Path(__file__).resolve().parents[3] / "prompts" / "judging"
SUFFIX = ".prompt.yml"
MAX_BYTES = 2**20
ROLES = ("system", "user", "assistant")


def messages(name: str, values: Mapping[str, str], data: Mapping[str, str]) -> list[PromptMessage]:
    """The shipped wording `name` with its values.

    Args:
        name: of a file in `prompts/judging`.
        values: by variable.
        data: further ones, written by anybody: each stands between marks under its name.
    """
    mark = mark_for([*values.values(), *data.values()])
    blocks = {name: block(name, text or "(not known)", mark) for name, text in data.items()}
    return shipped(name, {**values, **blocks}, mark)


def shipped(name: str, values: Mapping[str, str], mark: str) -> list[PromptMessage]:
    """The shipped wording `name` with its values, those between marks included."""
    return _filled(_shipped(name), {**values, "mark": mark})


def block(label: str, text: str, mark: str) -> str:
    """A text from anybody as a prompt holds it; the line after it ends it."""
    return f"--- {mark} {label}\n{without_tokens(text).strip()}\n--- {mark}"


def mark_for(texts: Sequence[str]) -> str:
    """A mark that stands in none of the texts, the same for the same texts."""
    return mark_of("\0".join(texts), ())


def own_messages(wording: Any, values: Mapping[str, str]) -> list[PromptMessage]:
    """A wording of one's own (promptfoo's `rubricPrompt`) with its values, put in as text.

    Args:
        wording: a text, a list of `{role, content}`, or that list as JSON.
        values: by variable.

    Raises:
        InvalidInput: it is none of them, or a variable has no value; one sentence.
    """
    return _filled(own_wording(wording), values)


def own_wording(wording: Any) -> tuple[PromptMessage, ...]:
    """The messages of a wording of one's own, with their variables.

    Raises:
        InvalidInput: see `own_messages`.
    """
    if isinstance(wording, str) and wording.lstrip().startswith("["):
        try:
            wording = parse(wording)
        except InvalidInput:
            return (PromptMessage(role="user", content=wording),)  # a text that begins with a bracket
    if isinstance(wording, str) and wording.strip():
        return (PromptMessage(role="user", content=wording),)
    if not isinstance(wording, list) or not wording:
        raise InvalidInput("rubricPrompt is a text, or a list of messages with role and content.", "rubricPrompt")
    found = []
    for each in wording:
        role, content = (each.get("role"), each.get("content")) if isinstance(each, dict) else (None, None)
        if role not in ROLES or not isinstance(content, str):
            raise InvalidInput(
                f"A message of rubricPrompt needs a role ({', '.join(ROLES)}) and a content that is text.",
                "rubricPrompt",
            )
        found.append(PromptMessage(role=role, content=content))
    # promptfoo's own judges are asked by a system message alone, which many chat templates refuse.
    if all(each.role == "system" for each in found):
        found[-1] = PromptMessage(role="user", content=found[-1].content)
    if found[-1].role != "user":
        raise InvalidInput("The last message of rubricPrompt must be the user's.", "rubricPrompt")
    return tuple(found)


def _filled(wording: Sequence[PromptMessage], values: Mapping[str, str]) -> list[PromptMessage]:
    return [PromptMessage(role=each.role, content=template.render(each.content, values).strip()) for each in wording]


@lru_cache(maxsize=16)
def _shipped(name: str) -> tuple[PromptMessage, ...]:
    file = SHIPPED / f"{name}{SUFFIX}"
    prompt: PromptFile = read_prompt(files.read(file, "prompt", name, MAX_BYTES), file.name)
    return prompt.messages
