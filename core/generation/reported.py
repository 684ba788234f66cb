"""Token probabilities as OpenAI-compatible servers report them, in their several shapes, as `Token` events.

Nothing in them is trusted: what is missing or of another type raises ValueError, TypeError or AttributeError, which the
engine turns into a sentence. Knows nothing of requests or streams.
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterator
from types import SimpleNamespace as Entry
from typing import Any, TypeVar

from core.events import Alternative, Token

T = TypeVar("T")

UNKNOWN_ID = -1
"""Endpoints report a token's text, and only some of them its id."""
NO_PROBABILITY = -1e30
"""Some servers write the logarithm of 0 as the lowest float32."""
MOST = 2**31 - 1
"""No id and no count of tokens is larger; a database's integers end there too."""


class Text:
    """JSON text as it comes in pieces: joins an emoji cut between two of them, and replaces half characters.

    JSON may hold one half of a surrogate pair (U+D83D alone); nothing that stores or sends text takes it.
    """

    def __init__(self) -> None:
        self._halves = codecs.getincrementaldecoder("utf-16-le")(errors="replace")

    def push(self, piece: str) -> str:
        """The whole characters up to the end of `piece`."""
        return self._halves.decode(piece.encode("utf-16-le", "surrogatepass"))

    def flush(self) -> str:
        """What stands for half a character at the very end."""
        return self._halves.decode(b"", final=True)


class Reported:
    """The tokens of one sample; keeps the part of a character that is still incomplete."""

    def __init__(self, sample: int, top: int) -> None:
        """`top`: how many alternatives were asked for; 0 ignores what is reported."""
        self._sample = sample
        self._top = top
        self._bytes = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._text = Text()

    def tokens(self, logprobs: Any) -> Iterator[Token]:
        """The tokens of one piece's `logprobs`."""
        if not self._top or logprobs is None:
            return
        for entry in _entries(getattr(logprobs, "content", None)) or _legacy(logprobs):
            top = tuple(
                Alternative(_id(each), _shown(each), _log(each.logprob), None)
                for each in _entries(entry.top_logprobs)[: self._top]
            )
            raw = getattr(entry, "bytes", None)
            yield Token(
                sample=self._sample,
                id=_id(entry),
                text=self._bytes.decode(bytes(raw)) if raw else self._text.push(str(entry.token)),
                logprob=_log(entry.logprob),
                sampled_logprob=None,
                top=top,
                rest=max(0.0, 1.0 - math.fsum(math.exp(each.logprob) for each in top)) if top else None,
            )


def _entries(values: Any) -> list[Any]:
    """Token entries as objects; the client leaves them dictionaries where OpenAI has none (llama.cpp's completions)."""
    return [Entry(**value) if isinstance(value, dict) else value for value in values or []]


def _legacy(logprobs: Any) -> Iterator[Any]:
    """Entries of the older shape of `/completions`, in the newer one's."""
    rows = (getattr(logprobs, name, None) or [] for name in ("tokens", "token_logprobs", "top_logprobs"))
    for token, logprob, top in zip(*rows, strict=False):
        ranked = sorted((top or {}).items(), key=lambda item: -item[1])
        alternatives = [Entry(token=name, logprob=value) for name, value in ranked]
        yield Entry(token=token, logprob=0.0 if logprob is None else logprob, top_logprobs=alternatives)


def count(value: Any, otherwise: T) -> int | T:
    """`value` if it can be an id or a number of tokens."""
    return value if type(value) is int and 0 <= value <= MOST else otherwise


def _whole(text: str) -> str:
    pieces = Text()
    return pieces.push(text) + pieces.flush()


def _id(entry: Any) -> int:
    value = getattr(entry, "id", None)  # llama.cpp's server tells it
    return count(value, UNKNOWN_ID)


def _shown(entry: Any) -> str:
    raw = bytes(getattr(entry, "bytes", None) or b"")
    text = _whole(str(entry.token))
    return text if not raw or raw == text.encode() else "".join(f"<0x{byte:02X}>" for byte in raw)


def _log(value: Any) -> float:
    number = float(value)
    return number if number > NO_PROBABILITY else -math.inf
