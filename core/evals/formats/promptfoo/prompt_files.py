"""Files of prompts: text, Markdown and Jinja, JSON and YAML chats, JSON Lines, CSV, and the formats of Loupe's library.

One file may hold several: texts parted by a line of `---`, rows of a CSV, lines of a JSONL. Source: promptfoo,
“File-based prompts”.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import InvalidInput
from core.evals.reading.context import Reading
from core.evals.reading.folder import SCHEME
from core.prompts import strict_yaml
from core.prompts.file import PromptMessage
from core.prompts.formats import read_prompt
from core.prompts.names import short

_PATH = re.compile(
    r"[\w./\\*?\[\]\- ]{1,300}\.(txt|md|j2|json|jsonl|ya?ml|csv|prompty|prompt|py|js|ts|mjs|cjs|sh|rb|pl)(:\w+)?"
)
_PROGRAM = re.compile(r"\.(py|js|ts|mjs|cjs|sh|bash|rb|pl|exe|bat|cmd|ps1)(:[\w.]+)?$")
_LINE = re.compile(r"\r?\n")
"""What ends a line; U+2028 and the like are letters of a prompt, and stand raw in JSON too."""
_LIBRARY = (".prompt.yml", ".prompt.yaml", ".prompty", ".prompt")


@dataclass(frozen=True, slots=True)
class FoundPrompt:
    """One prompt of a file."""

    text: str
    label: str = ""
    named: bool = False
    """Whether a person gave it its label."""
    messages: tuple[PromptMessage, ...] | None = None
    """Where the file's format says what they are."""


def is_path(text: str) -> bool:
    """Whether a prompt written without `file://` is the name of a file."""
    return "\n" not in text and "{{" not in text and _PATH.fullmatch(text.strip()) is not None


def load(reference: str, label: str, reading: Reading, place: str) -> list[FoundPrompt]:
    """The prompts of the files that `reference` stands for.

    Raises:
        InvalidInput: a file is not there, outside of the folder, a program, or holds no prompt.
    """
    if _PROGRAM.search(reference):
        raise InvalidInput(
            f"{reading.name}: {place} is {short(reference.removeprefix(SCHEME))}, a program that Loupe does not run; "
            "write its text into a file.",
            "prompts",
        )
    what = f"{reading.name}: {place}"
    paths = reading.folder.files(reference, what)
    found: list[FoundPrompt] = []
    for path in paths:
        known = _READERS.get(path.suffix.lower())
        if path.name.lower().endswith(_LIBRARY):
            prompts = [_library(path, reading, what)]
        elif known is None:
            raise InvalidInput(f"{what} is {short(path.name)}; a prompt is a file of {', '.join(_READERS)}.", "prompts")
        else:
            prompts = known(reading.folder.text(path, what), what)
        if not prompts:
            raise InvalidInput(f"{what}: the file {short(path.name)} holds no prompt.", "prompts")
        found += _labelled(prompts, label, reading.folder.shown(path), several=len(paths) > 1)
    return found


def _labelled(prompts: list[FoundPrompt], label: str, path: str, *, several: bool) -> list[FoundPrompt]:
    """A prompt's own label, else that of its entry, else its file's name; with a number where that means several."""
    base = f"{label}: {path}" if label and several else label or path
    return [
        replace(
            each,
            label=each.label or (base if len(prompts) == 1 else f"{base}: {number}"),
            named=each.named or (bool(label) and not several and len(prompts) == 1),
        )
        for number, each in enumerate(prompts, 1)
    ]


def _text(content: str, what: str) -> list[FoundPrompt]:
    parts: list[list[str]] = [[]]
    for line in _LINE.split(content):
        if line.strip() == "---":
            parts.append([])
        else:
            parts[-1].append(line)
    texts = ["\n".join(lines).strip() for lines in parts]
    return [FoundPrompt(each) for each in texts if each]


def _whole(content: str, what: str) -> list[FoundPrompt]:
    content = content.replace("\r\n", "\n").removesuffix("\n")
    return [FoundPrompt(content)] if content.strip() else []


def _yaml(content: str, what: str) -> list[FoundPrompt]:
    if "{%" in content:  # no data before its logic has run; the text tells which
        return _whole(content, what)
    data = strict_yaml.load(content, f"{what}: the file", aliases=True)
    return [FoundPrompt(json.dumps(data, ensure_ascii=False))] if data is not None else []


def _lines(content: str, what: str) -> list[FoundPrompt]:
    return [FoundPrompt(line) for line in _LINE.split(content) if line.strip()]


def _csv(content: str, what: str) -> list[FoundPrompt]:
    lines = [line for line in _LINE.split(content) if line.strip()]
    if lines and "," not in content:
        return [FoundPrompt(line) for line in lines[lines[0].strip().lower() == "prompt" :]]
    try:
        rows = list(csv.DictReader(io.StringIO(content), skipinitialspace=True))
    except csv.Error as error:
        raise InvalidInput(f"{what} is no CSV: {error}.", "prompts") from None
    if rows and "prompt" not in rows[0]:
        raise InvalidInput(f"{what} is a CSV file without a column prompt.", "prompts")
    found = [(row["prompt"] or "", (row.get("label") or "").strip()) for row in rows]
    return [FoundPrompt(prompt, label, bool(label)) for prompt, label in found if prompt.strip()]


def _library(path: Path, reading: Reading, what: str) -> FoundPrompt:
    prompt = read_prompt(reading.folder.text(path, what).encode(), path.name)
    for note in prompt.notes:
        reading.note(f"{path.name}: {note}")
    return FoundPrompt(path.name, prompt.name, bool(prompt.name), prompt.messages)


_READERS: dict[str, Callable[[str, str], list[FoundPrompt]]] = {
    ".txt": _text,
    ".md": _whole,
    ".j2": _whole,
    ".json": _whole,
    ".jsonl": _lines,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".csv": _csv,
}
