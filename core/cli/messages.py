"""Reads what `loupe generate` is asked: a prompt from the arguments or stdin, a file of messages in OpenAI's format.

Knows nothing of sampling or of models.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from core.errors import InvalidInput, NotFound

MAX_BYTES = 64 * 1024 * 1024
"""More text than any model's context holds."""
ROLES = ("system", "user", "assistant")


def read_prompt(prompt: str | None) -> str | None:
    """The prompt itself; `-` stands for all of stdin, exactly as it comes.

    Raises:
        InvalidInput: stdin is not UTF-8, or longer than `MAX_BYTES`.
    """
    if prompt != "-":
        return prompt
    return _decode(sys.stdin.buffer.read(MAX_BYTES + 1), "What came on stdin")


def read_messages(path: Path) -> list[dict[str, str]]:
    """The messages in a JSON file: a list of `{"role", "content"}`; content may be a list of text parts.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it cannot be read, or is no list of messages; the sentence says where.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.") from None
    except (OSError, ValueError) as error:
        raise InvalidInput(f"The file {path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    try:
        messages = json.loads(_decode(content, f"The file {path}").removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{path} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}.") from None
    except ValueError:  # Python converts no integer of more than 4,300 digits
        raise InvalidInput(f"{path} holds a number that is far too long for a list of messages.") from None
    except RecursionError:
        raise InvalidInput(f"{path} is nested too deeply for a list of messages.") from None
    if not isinstance(messages, list) or not messages:
        raise InvalidInput(f'{path} must hold a list of messages: [{{"role": "user", "content": "…"}}, …].')
    return [_message(message, f"{path}: message {number}") for number, message in enumerate(messages, start=1)]


def _message(message: Any, where: str) -> dict[str, str]:
    if not isinstance(message, dict):
        raise InvalidInput(f'{where} is not an object with "role" and "content".')
    if unknown := sorted(set(message) - {"role", "content"}):
        raise InvalidInput(f"{where} has the field {str(unknown[0])[:60]!r}, which Loupe does not use; remove it.")
    role, content = message.get("role"), message.get("content")
    if role not in ROLES:
        raise InvalidInput(f"{where} has the role {str(role)[:60]!r}; use one of {', '.join(ROLES)}.")
    if isinstance(content, list):
        content = "".join(_text(part, where) for part in content)
    if not isinstance(content, str):
        raise InvalidInput(f"{where} has no text as its content.")
    return {"role": role, "content": content}


def _text(part: Any, where: str) -> str:
    if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
        raise InvalidInput(f"{where} has a part that is not text; Loupe reads only text.")
    text: str = part["text"]
    return text


def _decode(content: bytes, what: str) -> str:
    if len(content) > MAX_BYTES:
        raise InvalidInput(f"{what} is larger than {MAX_BYTES // 1024**2} MB, more than any model can read.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{what} is not UTF-8 text (byte {error.start + 1}); convert it first.") from None
