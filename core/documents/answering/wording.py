"""The words around passages and questions: prompt files under `prompts/documents`, or one of the library's.

A prompt of one's own needs `{{passages}}` and `{{question}}`; `{{refusal}}` stands for what a model is to say when the
passages do not answer, `{{mark}}` for what tells passages apart, so that examples can look like them. Knows nothing of
models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from core.errors import InvalidInput
from core.generation.request import ChatMessage
from core.prompts import library, template
from core.prompts.file import PromptFile

ANSWER, STAND_ALONE = "documents/answer", "documents/stand-alone-question"
KNOWN = ("passages", "question", "refusal", "mark")


def answer_wording(name: str | None) -> PromptFile:
    """The wording of an answer: the shipped one, or the library's prompt `name`.

    Raises:
        NotFound: there is no such prompt.
        InvalidInput: it cannot be used; one sentence.
    """
    if name is None:
        return _shipped(ANSWER)
    prompt = library.load(name).prompt
    if not prompt.messages or prompt.messages[-1].role != "user":
        raise InvalidInput(f"The prompt {name} cannot be used: its last message must be the user's.", "prompt")
    for needed in ("passages", "question"):
        if needed not in prompt.variables:
            raise InvalidInput(f"The prompt {name} cannot be used: it has no {{{{{needed}}}}}.", "prompt")
    for variable in prompt.variables:
        if variable not in KNOWN:
            raise InvalidInput(
                f"The prompt {name} cannot be used: nothing fills in “{variable}” there; an answer knows "
                f"{', '.join(KNOWN)}.",
                "prompt",
            )
    return prompt


def stand_alone_wording() -> PromptFile:
    """The wording that rewrites a question."""
    return _shipped(STAND_ALONE)


def filled(
    prompt: PromptFile,
    values: Mapping[str, str],
    *,
    system: str | None = None,
    history: Sequence[ChatMessage] = (),
) -> list[ChatMessage]:
    """The messages with their values; a value is text and never looked at again.

    Args:
        prompt: a wording.
        values: for every variable.
        system: instead of the wording's own system message.
        history: what was said before; it stands in front of the question, behind examples.
    """
    messages = [
        ChatMessage(role=each.role, content=template.render(each.content, values).strip()) for each in prompt.messages
    ]
    own = [each for each in messages if each.role == "system"]
    if system is not None:
        own = [ChatMessage(role="system", content=system)] if system.strip() else []
    *examples, last = (each for each in messages if each.role != "system")
    return [*own, *examples, *history, last]


@lru_cache(maxsize=4)
def _shipped(name: str) -> PromptFile:
    return library.load(name).prompt
