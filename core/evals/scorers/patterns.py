"""Patterns that somebody else wrote: searched as `re` would, but never for longer than two seconds.

`re` cannot be stopped, and `(a|aa)+$` takes it years. The package `regex` can; its syntax has more than that of `re`,
so a pattern is checked by `re`, and what only `regex` would read as more is escaped. Knows nothing of rules.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Protocol, cast

from core.errors import InvalidInput

SECONDS = 2.0
"""Most that one search may take."""
MAX_LENGTH = 2_000
"""Characters of a pattern."""
_PARTS = (
    r"\\N\{[^}]*\}|\\.|\(\?\#[^)]*\)|\{(?:[0-9]+(?:,[0-9]*)?|,[0-9]*)\}"
    r"|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<brace>\{)"
)
_PART = re.compile(_PARTS, re.DOTALL)
_VERBOSE_PART = re.compile(rf"{_PARTS}|\#[^\n]*", re.DOTALL)
"""Escapes, comments, repetitions, sets, and the braces that are none of them."""
_VERBOSE = re.compile(r"\(\?[a-zA-Z]*x")
_IN_SET = re.compile(r"\\.|\[", re.DOTALL)


class Match(Protocol):
    """What is used of a match."""

    def group(self) -> str:
        """The whole match."""

    def groups(self) -> tuple[str | None, ...]:
        """What every group holds; `None` for those that took no part."""


class _Pattern(Protocol):
    def search(self, text: str, *, timeout: float) -> Match | None: ...


def check(pattern: str) -> None:
    """Nothing, when it is a pattern.

    Raises:
        InvalidInput: it is not; one sentence.
    """
    _compiled(pattern)


def search(pattern: str, text: str) -> Match | None:
    """The first match, as `re.search` finds it.

    Raises:
        InvalidInput: the pattern is malformed, or this text takes it longer than `SECONDS`.
    """
    try:
        return _compiled(pattern).search(text, timeout=SECONDS)
    except TimeoutError:
        raise InvalidInput(
            f"The pattern {_short(pattern)} takes longer than {SECONDS:.0f} s on one text of {len(text):,} characters; "
            "a repetition inside a repetition, such as (a+)+, is the usual cause."
        ) from None


@lru_cache(maxsize=32)
def _compiled(pattern: str) -> _Pattern:
    import regex

    if len(pattern) > MAX_LENGTH:
        raise InvalidInput(f"A pattern has at most {MAX_LENGTH:,} characters; this one has {len(pattern):,}.")
    if not pattern:
        raise InvalidInput("There is no pattern after regex:; write one, such as regex:Answer: (.*).")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # `[[a]` will once mean something else
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidInput(f"{_short(pattern)} is no pattern: {_reason(error)}.") from None
    try:
        return cast(_Pattern, regex.compile(_as_re_reads_it(pattern), flags=regex.VERSION0))
    except (regex.error, OverflowError, RecursionError, MemoryError) as error:
        raise InvalidInput(f"{_short(pattern)} is a pattern that Loupe cannot run: {_reason(error)}.") from None


def _as_re_reads_it(pattern: str) -> str:
    """The pattern with a backslash before every brace that repeats nothing, and every `[` inside a set.

    `regex` reads `(?:abc){e}` as an approximate match and `[[:alpha:]]` as a class of letters; to `re` both are plain
    characters.
    """
    return (_VERBOSE_PART if _VERBOSE.search(pattern) else _PART).sub(_escaped, pattern)


def _escaped(part: re.Match[str]) -> str:
    if part["set"]:
        return "[" + _IN_SET.sub(lambda found: found[0] if found[0] != "[" else r"\[", part["set"][1:])
    return r"\{" if part["brace"] else part[0]


def _reason(error: BaseException) -> str:
    return getattr(error, "msg", None) or str(error) or "it is nested too deeply"


def _short(pattern: str) -> str:
    return repr(pattern if len(pattern) <= 60 else pattern[:57] + "…")
