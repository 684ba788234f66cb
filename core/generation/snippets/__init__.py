"""Get code: a run as a program for somebody else's tool, one file per tool, found by the kind's name.

A module here has `code(request, seed) -> str`. The program runs as it is and holds no secret: keys are read from
environment variables. What the tool cannot reproduce is said in a comment. Nothing heavy is imported, and no network is
asked.
"""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from core.errors import InvalidInput
from core.generation.request import GenerationRequest

KINDS: tuple[tuple[str, str, str], ...] = (
    ("transformers", "transformers", "python"),
    ("openai", "OpenAI client", "python"),
    ("curl", "curl", "bash"),
    ("loupe", "loupe", "bash"),
)
"""Kind, label for a person, and language of each program."""


class Snippet(Protocol):
    """What a module in this folder offers."""

    def code(self, request: GenerationRequest, seed: int | None) -> str:
        """The program for `request`, drawn with `seed`.

        Raises:
            LoupeError: the tool cannot run this model at all; one sentence.
        """


def snippet(kind: str, request: GenerationRequest, seed: int | None) -> str:
    """The program of `kind` (see `KINDS`) that makes this run again; `seed` is the one the run noted.

    Raises:
        LoupeError: the tool cannot run this model at all; one sentence.
        InvalidInput: there is no such kind.
    """
    if kind not in {known for known, _, _ in KINDS}:
        raise InvalidInput(f"There is no code for {kind!r}; choose one of {', '.join(known for known, _, _ in KINDS)}.")
    module = cast(Snippet, importlib.import_module(f"core.generation.snippets.{kind}"))
    return module.code(request, seed)
