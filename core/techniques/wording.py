"""The wording of a technique: a prompt file, its conversation split where the model replies, and Loupe's own notes.

The file is GitHub Models' shape; under the key `loupe`, which other tools ignore, stands what a technique needs beside
the messages: how one example is worded, which rule finds the answer. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import InvalidInput
from core.generation.params import invalid
from core.generation.request import Mode
from core.prompts import files, template
from core.prompts.file import PromptFile, PromptMessage
from core.prompts.formats import read_prompt
from core.techniques.technique import Technique

SHIPPED = Path(__file__).resolve().parents[2] / "prompts" / "techniques"
SUFFIX = ".prompt.yml"
MAX_BYTES = 2**20
FIRST = ("question", "examples", "tools")
"""Variables of the messages before the model first replies."""


class Notes(BaseModel):
    """What the key `loupe` may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Mode | None = None
    """How it is sent to a model that can do both; `None`: as a chat."""
    examples: str | None = None
    """The shipped set that is shown unless another is chosen."""
    shots: int = Field(4, ge=0, le=64)
    example: str = ""
    """One example with its variables; `{{examples}}` in the messages stands for all of them."""
    extract: str | None = None
    """The rule that finds the answer in what the model says; `None`: all of it is the answer."""
    action: str = ""
    """ReAct: what is said when a reply holds no action."""


@dataclass(frozen=True)
class Wording:
    """A prompt file as a technique uses it."""

    name: str
    """In the library."""
    notes: Notes
    first: tuple[PromptMessage, ...]
    """What is said before the model first replies."""
    later: tuple[PromptMessage, ...]
    """What is said after a reply."""
    stop: tuple[str, ...]

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """Variables of an example."""
        return template.variables(self.notes.example)

    @property
    def shows_examples(self) -> bool:
        """Whether the messages hold them."""
        return any("examples" in template.variables(message.content) for message in self.first)

    def begin(self, values: Mapping[str, str]) -> list[PromptMessage]:
        """The messages before the first reply.

        Raises:
            InvalidInput: a variable has no value; the sentence names it.
        """
        return _render(self.first, values)

    def go_on(self, values: Mapping[str, str]) -> list[PromptMessage]:
        """The messages after a reply; raises as `begin` does."""
        return _render(self.later, values)


def wording_of(technique: Technique, name: str | None = None) -> Wording:
    """The technique's own wording, or that of the library's prompt `name`.

    What the other prompt leaves open (how an example is worded, what is said after a reply) is as in the own one.

    Raises:
        NotFound: there is no such prompt.
        InvalidInput: it cannot be used; one sentence.
    """
    own = _wording(technique, f"techniques/{technique.name}", _shipped(technique.name))
    if name is None:
        return own
    from core.prompts import library

    other = _wording(technique, name, library.load(name).prompt)
    notes = own.notes.model_copy(update=other.notes.model_dump(exclude_unset=True))
    return Wording(name, notes, other.first, other.later or own.later, other.stop or own.stop)


def _shipped(name: str) -> PromptFile:
    file = SHIPPED / f"{name}{SUFFIX}"
    return read_prompt(files.read(file, "prompt", name, MAX_BYTES), file.name)


def _wording(technique: Technique, name: str, prompt: PromptFile) -> Wording:
    try:
        notes = Notes.model_validate(prompt.extra.get("loupe") or {})
    except ValidationError as error:
        raise InvalidInput(
            f"The prompt {name} cannot be used: {invalid(error, f'notes under loupe in {name}')}"
        ) from None
    split = next((place for place, message in enumerate(prompt.messages) if _is_reply(technique, message)), None)
    first = prompt.messages if split is None else prompt.messages[:split]
    later = () if split is None else prompt.messages[split + 1 :]
    if not first or first[-1].role != "user":
        raise InvalidInput(
            f"The prompt {name} cannot be used: the last message before the model replies must be user's."
        )
    if not any("question" in template.variables(message.content) for message in first):
        raise InvalidInput(f"The prompt {name} cannot be used: it has no {{{{question}}}}.")
    _require_known(name, first, FIRST)
    _require_known(name, later, ("question", *technique.later))
    if later and later[-1].role != "user":
        raise InvalidInput(f"The prompt {name} cannot be used: its last message must be the user's.")
    return Wording(name, notes, tuple(first), tuple(later), prompt.sampling.stop)


def _require_known(name: str, messages: Sequence[PromptMessage], known: tuple[str, ...]) -> None:
    """Refuse a variable that nobody will fill in, before anything is asked."""
    for message in messages:
        for variable in template.variables(message.content):
            if variable not in known:
                raise InvalidInput(
                    f"The prompt {name} cannot be used: nothing fills in “{variable}” there; a technique knows "
                    f"{', '.join(known)}."
                )


def _is_reply(technique: Technique, message: PromptMessage) -> bool:
    return message.role == "assistant" and technique.reply in template.variables(message.content)


def _render(messages: tuple[PromptMessage, ...], values: Mapping[str, str]) -> list[PromptMessage]:
    return [message.model_copy(update={"content": template.render(message.content, values)}) for message in messages]
