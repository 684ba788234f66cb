"""The errors a person can be shown.

Every message is one clear sentence: what is wrong, which value, what to do. It never holds a secret and never a
traceback. Pages print `str(error)`, the command line prints it to stderr and exits with 1.

    LoupeError
    ├── InvalidInput          a value that a person gave is out of range or malformed
    │   └── ContextOverflow   prompt + max_tokens exceed the context window
    ├── NotFound              a run, model, preset or file that does not exist
    ├── Conflict              somebody else changed it, or it is in use
    ├── Busy                  too much is waiting already; try again later
    ├── Unsupported           the model or back end cannot do what was asked
    ├── UnsafeModel           weights or configuration that Loupe refuses to load
    ├── ModelLoadError        weights that could not be loaded
    ├── ModelFailed           a loaded model that failed while it was answering
    ├── OutOfMemory           it does not fit
    ├── EndpointError         an `api:` endpoint failed
    │   └── StreamInterrupted it failed in the middle of an answer; the part received is kept
    ├── LoadError             a document that could not be fetched or read
    └── StoreError            the database could not be opened, read or written
"""

from __future__ import annotations


class LoupeError(Exception):
    """Base of everything a person can be shown; `str(error)` is one sentence."""


class InvalidInput(LoupeError):
    """A value that a person gave is out of range or malformed.

    Attributes:
        field: name of the offending field, or `None` when it is about several.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class ContextOverflow(InvalidInput):
    """Prompt and requested tokens do not fit the context window; raised before any work.

    Attributes:
        prompt_tokens, max_tokens, context_length: the three numbers, in tokens.
    """

    def __init__(self, prompt_tokens: int, max_tokens: int, context_length: int) -> None:
        room = context_length - prompt_tokens
        advice = f"lower max_tokens to {room} or shorten the prompt" if room > 0 else "shorten the prompt"
        super().__init__(
            f"The prompt has {prompt_tokens:,} tokens and max_tokens is {max_tokens:,}, together more than the model's "
            f"context of {context_length:,} tokens; {advice}.",
            field="max_tokens",
        )
        self.prompt_tokens = prompt_tokens
        self.max_tokens = max_tokens
        self.context_length = context_length


class NotFound(LoupeError):
    """A run, model, preset or file that does not exist."""


class Conflict(LoupeError):
    """Somebody else changed it, or it is in use."""


class Busy(LoupeError):
    """Too much is waiting already; try again later."""


class Unsupported(LoupeError):
    """The model or its back end cannot do what was asked."""


class UnsafeModel(LoupeError):
    """Weights or configuration that Loupe refuses to load: pickle, remote code, a file that lies about itself."""


class ModelLoadError(LoupeError):
    """Weights that could not be loaded."""


class ModelFailed(LoupeError):
    """A loaded model that failed while it was answering."""


class OutOfMemory(LoupeError):
    """It does not fit; the message names need and limit in bytes."""


class EndpointError(LoupeError):
    """An `api:` endpoint failed.

    Attributes:
        status: HTTP status, or `None` when there was no answer at all.
        retry_after_s: seconds after which trying again makes sense, 0 where the endpoint did not say how long; `None`
            where it makes none.
    """

    def __init__(self, message: str, status: int | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s


class StreamInterrupted(EndpointError):
    """An endpoint failed in the middle of an answer; what had arrived is kept and marked as interrupted."""


class LoadError(LoupeError):
    """A document that could not be fetched or read."""


class StoreError(LoupeError):
    """The database could not be opened, read or written."""
