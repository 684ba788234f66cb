"""A prompt file in memory: messages with variables, a model and its parameters, test data and evaluators.

The shape is GitHub Models' (`*.prompt.yml`); the other formats are read into it and written from it. Knows nothing of
folders, and of formats only which one a file came in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.errors import InvalidInput
from core.generation.params import SamplingParams
from core.prompts import template
from core.prompts.inputs import Input, as_text, infer

Role = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant")


class PromptMessage(BaseModel):
    """One message; `content` may hold `{{variables}}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role
    content: str
    extra: dict[str, Any] = {}
    """Fields of the message that Loupe does not know; kept in the same format."""


class PromptFile(BaseModel):
    """One prompt file; change it by `model_copy(update={…})`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    """A title for people; the library knows a prompt by the path of its file."""
    description: str = ""
    model: str = ""
    """The model it was written for, as the file spells it; need not be a model reference of Loupe."""
    parameters: dict[str, Any] = {}
    """By the names of `SamplingParams`; settings that Loupe does not know keep the name they have in the file."""
    messages: tuple[PromptMessage, ...] = ()
    test_data: tuple[dict[str, Any], ...] = ()
    """Rows of values by variable; `expected` is the answer hoped for."""
    evaluators: tuple[dict[str, Any], ...] = ()
    """As in GitHub Models: a name and one of `string`, `llm` or `uses`."""
    declared: tuple[Input, ...] = ()
    """Inputs that the file itself declares; see `inputs` for all of them."""
    extra: dict[str, Any] = {}
    """Fields of the file that Loupe does not know; kept in the same format, named when another one cannot hold them."""
    format: str = "github"
    """The format it was read from, a key of `core.prompts.formats.FORMATS`."""
    notes: tuple[str, ...] = ()
    """One sentence for everything in the file that Loupe does not act on, such as a block of Handlebars."""
    original: str = Field("", repr=False)
    """The file's text, so that writing in the same format keeps what did not change, comments included."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables in all messages, in order of first use."""
        return template.variables("\n".join(message.content for message in self.messages))

    @property
    def inputs(self) -> tuple[Input, ...]:
        """One field of a form for every variable, in order of first use."""
        declared = {each.name: each for each in self.declared}
        return tuple(declared.get(name) or infer(name, self.test_data) for name in self.variables)

    @property
    def sampling(self) -> SamplingParams:
        """The parameters that Loupe knows, neutral where the file sets none.

        Raises:
            InvalidInput: one of them is out of range.
        """
        known = SamplingParams.model_fields
        return SamplingParams.parse(**{k: v for k, v in self.parameters.items() if k in known and v is not None})

    @property
    def unknown_parameters(self) -> tuple[str, ...]:
        """Parameters of the file that no model here is given."""
        return tuple(name for name in self.parameters if name not in SamplingParams.model_fields)

    @property
    def single_braces(self) -> tuple[str, ...]:
        """Names in single braces, if the prompt is written in that dialect; see `with_double_braces`."""
        if self.variables:
            return ()
        return tuple(dict.fromkeys(name for each in self.messages for name in template.single_braces(each.content)))

    def with_double_braces(self) -> PromptFile:
        """The prompt with `{name}` converted to `{{name}}` in every message."""
        changed = [
            each.model_copy(update={"content": template.convert_single_braces(each.content)}) for each in self.messages
        ]
        return self.model_copy(update={"messages": tuple(changed)})

    def render(self, values: Mapping[str, object]) -> list[PromptMessage]:
        """The messages with every variable replaced; a declared default stands in for a value that is not given.

        Raises:
            InvalidInput: a variable has neither value nor default; the sentence names it.
        """
        texts = {each.name: each.default for each in self.declared if each.default is not None}
        texts |= {name: as_text(value) for name, value in values.items() if value is not None}
        if missing := [name for name in self.variables if name not in texts]:
            raise InvalidInput(f"The prompt needs a value for {template.quoted(missing)}.", missing[0])
        return [
            message.model_copy(update={"content": template.render(message.content, texts)}) for message in self.messages
        ]
