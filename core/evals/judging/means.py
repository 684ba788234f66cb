"""What judging may use: models, time, room, and the vectors it has computed already.

Knows no type of assertion.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from core.evals.asking import ask
from core.evals.judging.vectors import Vectors
from core.evals.output import Output
from core.evals.variant import Request
from core.settings import get_settings

Asker = Callable[[Request, threading.Event | None], Output]
"""As `core.evals.asking.ask`: a failure is an output with `error`."""


@dataclass(frozen=True)
class Judging:
    """One for a whole run; safe to use from several threads at once."""

    cancel: threading.Event = field(default_factory=threading.Event)
    """Set it to stop; what is being judged then fails with the reason that it was stopped."""
    model: str = field(default_factory=lambda: get_settings().default_model)
    """Reference of the model that judges where an assertion names no other."""
    embedding: str = "minilm"
    """Reference of the embedding model of `similar` where an assertion names no other."""
    ask: Asker = ask
    """How a model is asked; whoever runs an eval may put a cache, a limit or a back-off in front."""
    forget: Callable[[Request], None] = lambda request: None
    """Told of a question that was answered without a verdict, so that a cache does not answer it so for good."""
    judge_tokens: int = 512
    """Most tokens of a judge's reply."""
    judge_characters: int = 32_000
    """Longest text that a judge is shown; a longer one is an error, since half an answer cannot be judged."""
    program_seconds: float = 3.0
    """Time for one Python assertion."""
    user: str = ""
    """Whose programs they are, for the sandbox's queue."""
    vectors: Vectors = field(default_factory=Vectors, repr=False)
