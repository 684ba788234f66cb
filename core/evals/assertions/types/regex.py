"""`regex`: a pattern matches somewhere in the output.

Searched with a limit on time, in the syntax of Python's `re`; named groups may be written as in JavaScript. Knows
nothing of what the pattern looks for.
"""

from __future__ import annotations

from core.evals.assertions.case import Finding, Judged, found, quoted
from core.evals.assertions.kind import Kind
from core.evals.assertions.needs import python_pattern
from core.evals.scorers import patterns


def look(judged: Judged) -> Finding:
    """Whether it matches.

    Raises:
        InvalidInput: the search takes too long on this text.
    """
    match = patterns.search(python_pattern(judged.value), judged.text)
    if match is None:
        return found(False, f"Nothing in it matches {quoted(judged.value)}.")
    return found(True, f"{quoted(match.group())} matches {quoted(judged.value)}.")


KINDS = (Kind("regex", "The pattern matches somewhere.", "promptfoo, Deterministic metrics", "pattern", look),)
