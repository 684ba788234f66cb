"""`starts-with` and `ends-with`: how the output begins and ends, to the letter.

Knows nothing of white space: an output that ends with a line break does not end with a full stop.
"""

from __future__ import annotations

from core.evals.assertions.case import Finding, Judged, found, quoted
from core.evals.assertions.kind import Kind
from core.prompts.inputs import as_text


def _starts(judged: Judged) -> Finding:
    wanted = as_text(judged.value)
    if judged.text.startswith(wanted):
        return found(True, f"It starts with {quoted(wanted)}.")
    return found(False, f"It starts with {quoted(judged.text[: max(len(wanted), 20)])}, not with {quoted(wanted)}.")


def _ends(judged: Judged) -> Finding:
    wanted = as_text(judged.value)
    if judged.text.endswith(wanted):
        return found(True, f"It ends with {quoted(wanted)}.")
    return found(False, f"It ends with {quoted(judged.text[-max(len(wanted), 20) :])}, not with {quoted(wanted)}.")


KINDS = (
    Kind("starts-with", "The output begins with the text.", "promptfoo, Deterministic metrics", "text", _starts),
    Kind("ends-with", "The output ends with the text.", "GitHub Models, evaluators (endsWith)", "text", _ends),
)
