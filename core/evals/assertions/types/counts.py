"""`word-count` and `length`: how long the output is.

A word is what stands between white space, so that a text in Chinese or Japanese has few. Knows nothing of quality.
"""

from __future__ import annotations

import math

from core.evals.assertion import Assertion
from core.evals.assertions.case import Finding, Judged, found
from core.evals.assertions.kind import Kind
from core.evals.assertions.needs import bounds

UNITS = ("characters", "words", "tokens")


def _words(judged: Judged) -> Finding:
    return _within(len(judged.text.split()), "words", judged)


def _length(judged: Judged) -> Finding:
    unit = judged.assertion.options.get("unit", "characters")
    if unit == "tokens":
        return _within(judged.case.output.completion_tokens, unit, judged)
    return _within(len(judged.text.split()) if unit == "words" else len(judged.text), unit, judged)


def _within(count: int, unit: str, judged: Judged) -> Finding:
    low, high = bounds(judged.value)
    if low == high:
        wanted = f"{low:g} wanted"
    elif math.isinf(high):
        wanted = f"at least {low:g} wanted"
    else:
        wanted = f"at most {high:g} wanted" if low == 0 else f"{low:g} to {high:g} wanted"
    return found(low <= count <= high, f"It has {count:,} {unit}; {wanted}.", count=count)


def _refuse(assertion: Assertion) -> str | None:
    unit = assertion.options.get("unit", "characters")
    if unit not in UNITS:
        return f"has the unit {str(unit)[:40]!r}; choose one of {', '.join(UNITS)}"
    if unit == "tokens" and assertion.extract is not None:
        return "counts tokens of the whole output only; leave out extract, or count words"
    return None


KINDS = (
    Kind("word-count", "The output has so many words, or from min to max.", "promptfoo, Deterministic metrics", "count",
         _words),
    Kind("length", "The output has so many characters (or words, or tokens: unit), or from min to max.", "Loupe",
         "count", _length, options=("unit",), refuse=_refuse),
)  # fmt: skip
