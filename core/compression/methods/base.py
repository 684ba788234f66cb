"""What a method is: words for a person, the settings it reads, and what its `run` works with.

Knows nothing of jobs beyond the context that `run` passes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from core.compression.calibration import Calibration, pieces

if TYPE_CHECKING:
    from core.compression.request import CompressRequest
    from core.compression.source import Source
    from core.jobs import JobContext

CALIBRATION = ("calibration", "samples", "sample_tokens", "seed")
"""Settings of every method that looks at a text."""


@dataclass(frozen=True, slots=True)
class Method:
    """One way to make a model smaller.

    Attributes:
        name: as a request names it.
        title: for a tab.
        does: in plain words, what is done to the model.
        choose: when to choose it.
        options: fields of `CompressRequest` that it reads.
        source: the paper or library it comes from.
        file: whether the result is one file NAME.gguf instead of a folder.
    """

    name: str
    title: str
    does: str
    choose: str
    options: tuple[str, ...]
    source: str
    file: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """What `run` gets.

    Attributes:
        request: what was asked for.
        source: the model, checked; its files are only read.
        target: a hidden folder (or file) that is not there yet; what stands there at the end becomes the result.
        job: progress, metrics, cancellation.
    """

    request: CompressRequest
    source: Source
    target: Path
    job: JobContext

    def text(self, tokenizer: Any) -> Calibration:
        """The pieces of text that the request's settings `CALIBRATION` ask for.

        Raises:
            InvalidInput, NotFound: as `core.compression.calibration.pieces`.
        """
        request = self.request
        drawn = (request.calibration, request.samples, request.sample_tokens, request.seed)
        return pieces(tokenizer, *drawn, context_length=self.source.context_length)


class MethodModule(Protocol):
    """What every file beside this one offers."""

    METHOD: Method
    check: Callable[[CompressRequest, Source], None]
    """Raises one sentence where the request cannot be done with this model; reads configuration only."""
    run: Callable[[Work], dict[str, Any]]
    """Writes `work.target`; what it returns goes into the result and into loupe.json."""
