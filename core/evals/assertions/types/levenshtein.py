"""`levenshtein`: few single characters have to be changed to get from the output to the value.

Counts code points, so that an emoji made of several counts as several. Knows nothing of meaning.
"""

from __future__ import annotations

import math

from core.evals.assertions.case import Finding, Judged, found
from core.evals.assertions.kind import Kind
from core.evals.assertions.sequences import distance
from core.evals.assertions.values import references

USUAL = 5.0


def look(judged: Judged) -> Finding:
    """Whether the nearest reference is near enough.

    Raises:
        InvalidInput: the texts are too long to be compared.
    """
    most = judged.threshold(USUAL)
    wanted = references(judged.value)
    least = min(abs(len(each) - len(judged.text)) for each in wanted)
    if least > most:  # every missing character is an edit
        return found(
            False, f"At least {least:,} characters would have to change; {most:g} may.", distance_at_least=least
        )
    edits = min(distance(judged.text, each) for each in wanted)
    return found(edits <= most, f"{edits:,} characters would have to change; {most:g} may.", distance=edits)


KINDS = (
    Kind(
        "levenshtein",
        "At most so many characters (threshold, 5) have to change to make it the text.",
        "Levenshtein 1966; promptfoo, Deterministic metrics",
        "references",
        look,
        expects=True,
        usual=USUAL,
        threshold=(0.0, math.inf),
    ),
)
