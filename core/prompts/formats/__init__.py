"""Formats of prompt files, one file each: any of them is read into a `PromptFile` and written from one.

Knows nothing of folders: bytes and a file's name come in, bytes go out.
"""

from __future__ import annotations

from core.errors import InvalidInput
from core.prompts.file import PromptFile
from core.prompts.formats import dotprompt, github, openai_messages, plain, prompty
from core.prompts.formats.base import Format, Written, check_plain, decode
from core.prompts.names import short

FORMATS: dict[str, Format] = {
    each.FORMAT.id: each.FORMAT for each in (github, prompty, dotprompt, openai_messages, plain)
}
"""By id, the native one first."""


def format_of(file_name: str) -> Format | None:
    """The format that the file's name stands for; `None` for any other file."""
    name = file_name.lower()
    known = [(suffix, each) for each in FORMATS.values() for suffix in each.suffixes if name.endswith(suffix)]
    return max(known, key=lambda pair: len(pair[0]))[1] if known else None


def suffix_of(file_name: str) -> str:
    """The part of the name that says its format, as it is written there; "" for any other file."""
    known = format_of(file_name)
    found = [suffix for suffix in known.suffixes if file_name.lower().endswith(suffix)] if known else []
    return file_name[-max(map(len, found)) :] if found else ""


def read_prompt(content: bytes, file_name: str) -> PromptFile:
    """The prompt in a file of any known format.

    Args:
        content: the whole file; a byte order mark and Windows line ends are fine.
        file_name: its ending says the format; a plain `.yml` or `.yaml` is read as the native one.

    Raises:
        InvalidInput: unknown ending, not text, not allowed, or not a prompt; one sentence that names the file.
    """
    known = format_of(file_name) or (FORMATS["github"] if file_name.lower().endswith((".yml", ".yaml")) else None)
    if known is None:
        endings = ", ".join(suffix for each in FORMATS.values() for suffix in each.suffixes)
        raise InvalidInput(f"{short(file_name)} is no prompt file: its name must end with one of {endings}.")
    what = f"The prompt {file_name if len(file_name) <= 300 else '…' + file_name[-299:]}"
    text = decode(content, what)
    try:
        prompt = known.read(text, what)
    except RecursionError:
        raise InvalidInput(f"{what} is not allowed: nested too deeply.") from None
    check_plain(prompt, what)
    return prompt


def write_prompt(prompt: PromptFile, format_id: str = "") -> Written:
    """The prompt as a file, and a sentence for everything that the format cannot hold.

    Args:
        prompt: what to write; in the format it was read from, unchanged parts keep their lines.
        format_id: a key of `FORMATS`; "" is the format the prompt came in.

    Raises:
        InvalidInput: unknown format, or a text that the format would read as something else.
    """
    if (known := FORMATS.get(format_id or prompt.format)) is None:
        raise InvalidInput(f"{short(format_id)} is no format of prompts; choose one of {', '.join(FORMATS)}.")
    if prompt.original and known.id == prompt.format and known.read(prompt.original, "The file") == prompt:
        return Written(prompt.original.encode())
    check_plain(prompt, "The prompt")
    text, lost = known.write(prompt)
    try:
        return Written(text.encode(), tuple(lost))
    except UnicodeEncodeError:
        raise InvalidInput("The prompt holds half a character (a lone surrogate); remove it.") from None


__all__ = ["FORMATS", "Format", "PromptFile", "Written", "format_of", "read_prompt", "suffix_of", "write_prompt"]
