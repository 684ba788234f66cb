"""The run as a `loupe generate` command for a POSIX shell."""

from __future__ import annotations

import json
import shlex

from core.errors import Unsupported
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.generation.snippets.call import comment

FILE = "chat.json"
ALWAYS = ("max_tokens", "temperature")


def code(request: GenerationRequest, seed: int | None) -> str:
    """See `core.generation.snippets.Snippet`.

    Raises:
        Unsupported: a raw prompt holds a NUL, which no command line can.
    """
    notes: list[str] = []
    if request.answer_ids:
        notes.append(f"The run continued an answer that began with {request.answer_text!r}; this starts a new one.")
    before, options, prompt = _prompt(request)
    options.append(("--model", request.model))
    params, neutral = request.params.model_copy(update={"seed": seed}), SamplingParams()
    for name in SamplingParams.model_fields:
        value = getattr(params, name)
        if name in ALWAYS or value != getattr(neutral, name):
            flag = f"--{name.replace('_', '-')}"
            options += [(flag, _word(each)) for each in (value if isinstance(value, tuple) else (value,))]
    if request.top_logprobs:
        options.append(("--top-logprobs", str(request.top_logprobs)))
    words = [_quoted(flag, value) for flag, value in options]
    return comment(notes) + before + " ".join(["loupe generate", *words, *prompt]) + "\n"


def _prompt(request: GenerationRequest) -> tuple[str, list[tuple[str, str | None]], list[str]]:
    """What comes before the command, its options, and the prompt after them."""
    if request.mode == "completion":
        if "\0" in request.prompt:
            raise Unsupported("The prompt holds a NUL character, which cannot be written in a command line.")
        before = "printf %s - | " if request.prompt == "-" else ""
        return before, [("--raw", None)], _last(request.prompt)
    system = [message.content for message in request.messages if message.role == "system"]
    others = [message.content for message in request.messages if message.role != "system"]
    simple = len(others) == 1 and len(system) <= 1 and request.messages[0].content in (system or others)
    if simple and others[0] != "-" and "\0" not in "".join([*system, *others]):
        return "", [("--system", content) for content in system], _last(others[0])
    chat = json.dumps(request.chat, indent=2)
    return f"printf %s {shlex.quote(chat)} > {FILE}\n", [("--messages", FILE)], []


def _last(prompt: str) -> list[str]:
    """The prompt as the last argument; one that begins with a dash only after a bare `--`."""
    dashed = prompt.startswith("-") and prompt != "-"
    return [f"-- {shlex.quote(prompt)}" if dashed else shlex.quote(prompt)]


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quoted(flag: str, value: str | None) -> str:
    if value is None:
        return flag
    return shlex.quote(f"{flag}={value}") if value.startswith("-") else f"{flag} {shlex.quote(value)}"
