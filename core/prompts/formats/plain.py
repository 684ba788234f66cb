"""Plain text and Markdown: the whole file is one message of the user.

Source: none is needed. Headings and the like are text.
"""

from __future__ import annotations

from core.prompts.file import PromptFile, PromptMessage
from core.prompts.formats.base import Format, check_messages, lost_parts

_CANNOT = {
    "name": "a name",
    "description": "a description",
    "model": "a model",
    "parameters": "parameters",
    "test_data": "test data",
    "evaluators": "evaluators",
    "declared": "types of variables",
}


def read(text: str, what: str) -> PromptFile:
    """The prompt in a text file; the line end at its end is not part of it.

    Raises:
        InvalidInput: the file is empty.
    """
    content = text.replace("\r\n", "\n").removesuffix("\n")
    messages = [PromptMessage(role="user", content=content)] if content.strip() else []
    return PromptFile(messages=check_messages(messages, what), format="text", original=text)


def write(prompt: PromptFile) -> tuple[str, list[str]]:
    """The file's text, and what is lost: everything but the text of the messages."""
    lost = lost_parts(prompt, "text", FORMAT.title, _CANNOT)
    if len(prompt.messages) > 1:
        roles = ", ".join(message.role for message in prompt.messages[:5])
        lost.append(f"Plain text holds one message: {len(prompt.messages)} are joined, their roles ({roles}) left out.")
    elif any(message.role != "user" for message in prompt.messages):
        lost.append(f"Plain text holds one message of the user: the role {prompt.messages[0].role} is left out.")
    text = "\n\n".join(message.content for message in prompt.messages) + "\n"
    return text.replace("\n", "\r\n") if "\r\n" in prompt.original and prompt.format == "text" else text, lost


FORMAT = Format("text", "Plain text", (".txt", ".md"), read, write)
