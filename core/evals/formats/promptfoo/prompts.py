"""Prompts of a promptfoo file: texts, chats as JSON or YAML, and mappings with an id, a label or a text.

A prompt becomes messages: a chat is one when its text is a list of messages, anything else is one message of the user.
Source: promptfoo, “Prompts”.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput
from core.evals.formats.promptfoo import prompt_files
from core.evals.formats.promptfoo.chats import messages_of
from core.evals.reading.context import Reading, mapping, text
from core.evals.reading.folder import SCHEME
from core.prompts.file import PromptMessage
from core.prompts.names import short

MOST = 1000
LONGEST = 1_000_000
_KEYS = {"id", "label", "raw", "config", "display"}
_ELSEWHERE = ("langfuse://", "portkey://", "helicone://")
_USUAL = "{{prompt}}"
"""The prompt of a file that names none."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt."""

    label: str
    messages: tuple[PromptMessage, ...]
    names: tuple[str, ...]
    """What a provider may call it: its label, the label and the id of its entry."""
    named: bool
    """Whether a person gave it its label."""


def read_prompts(value: Any, reading: Reading) -> list[Prompt]:
    """All prompts of a file, with distinct labels.

    Raises:
        InvalidInput: one is malformed or cannot be read, or two have the same label.
    """
    value = reading.resolved(value, "prompts")
    if value is None:
        value = [_USUAL]
    if isinstance(value, Mapping):  # the old way: {file: label}
        value = [{"id": str(file), "label": label} for file, label in value.items()]
    entries = value if isinstance(value, list) else [value]
    found: list[Prompt] = []
    for number, entry in enumerate(entries, 1):
        place = f"Prompt {number}"
        found += _entry(reading.resolved(entry, place), number, reading, place)
    if not found:
        raise InvalidInput(f"{reading.name} has no prompts; write at least one under prompts.", "prompts")
    if len(found) > MOST:
        raise InvalidInput(f"{reading.name} has {len(found):,} prompts; at most {MOST:,} are allowed.", "prompts")
    return _distinct(found, reading)


def _entry(entry: Any, number: int, reading: Reading, place: str) -> list[Prompt]:
    if isinstance(entry, Mapping):
        fields = mapping(entry, place, "prompt")
        reading.unknown_keys(fields, _KEYS, place)
        given = text(fields.get("id"), place, "id")
        named = fields.get("label") or fields.get("display") or (given if fields.get("raw") else "")
        label = text(named, place, "label")
        raw = text(fields.get("raw"), place, "raw") or given
        frame = mapping(fields.get("config"), f"{reading.name}: {place}", "config")
        reading.unknown_keys(frame, {"prefix", "suffix"}, f"{place}, config")
        before, after = (text(frame.get(key), place, key) for key in ("prefix", "suffix"))
    else:
        raw, label, given, before, after = text(entry, f"{reading.name}: {place}", "a prompt"), "", "", "", ""
    if not raw.strip():
        raise InvalidInput(f"{reading.name}: {place} is empty; write a text, or file://NAME.", "prompts")
    found = []
    for each in _texts(raw, label, reading, place):
        messages = each.messages or messages_of(before + each.text + after, reading, place)
        title = each.label or label or _title(each.text, number)
        names = tuple(name for name in (each.label, label, given) if name)
        found.append(Prompt(title, messages, names, named=each.named or (bool(label) and not each.label)))
    return found


def _texts(raw: str, label: str, reading: Reading, place: str) -> list[prompt_files.FoundPrompt]:
    if raw.startswith(_ELSEWHERE):
        raise InvalidInput(
            f"{reading.name}: {place} is {short(raw)}, which lies elsewhere; copy it into a file and name that.",
            "prompts",
        )
    if raw.startswith("exec:"):
        raise InvalidInput(f"{reading.name}: {place} is {short(raw)}, a program that Loupe does not run.", "prompts")
    if raw.startswith(SCHEME) or prompt_files.is_path(raw):
        return prompt_files.load(raw, label, reading, place)
    if len(raw) > LONGEST:
        raise InvalidInput(f"{reading.name}: {place} has {len(raw):,} characters; {LONGEST:,} are allowed.", "prompts")
    return [prompt_files.FoundPrompt(raw)]


def _title(raw: str, number: int) -> str:
    line = " ".join(raw[:400].split())
    return (line if len(line) <= 40 else line[:39].rstrip() + "…") or f"prompt {number}"


def _distinct(found: list[Prompt], reading: Reading) -> list[Prompt]:
    """Labels that a person gave twice are an error; those that nobody gave get a number."""
    seen: dict[str, bool] = {}
    distinct = []
    for prompt in found:
        label = prompt.label[:150]
        if label in seen and prompt.named and seen[label]:
            raise InvalidInput(f"{reading.name} has two prompts with the label {short(label)}; rename one.", "prompts")
        number, base = 2, label
        while label in seen:
            label, number = f"{base} #{number}", number + 1
        seen[label] = prompt.named
        distinct.append(Prompt(label, prompt.messages, prompt.names, prompt.named))
    return distinct


def chosen(prompts: list[Prompt], wanted: list[str], reading: Reading, place: str) -> list[Prompt]:
    """The prompts that a provider names: by label, by the id of their entry, `group:*`, or the beginning of a label.

    Raises:
        InvalidInput: it names one that there is not.
    """
    picked: list[Prompt] = []
    for name in wanted:
        group = name.removesuffix("*").removesuffix(":")
        found = [
            each
            for each in prompts
            if name == each.label
            or name in each.names
            or each.label.startswith(f"{group}:")
            or (name.endswith("*") and any(one.startswith(name[:-1]) for one in (each.label, *each.names)))
        ]
        if not found:
            there = ", ".join(short(each.label) for each in prompts[:10])
            raise InvalidInput(f"{reading.name}: {place} names the prompt {short(name)}; there are {there}.", "prompts")
        picked += [each for each in found if each not in picked]
    return picked
