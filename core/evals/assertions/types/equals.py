"""`equals`: the output is the value, to the letter; a mapping or a list is compared as JSON.

Knows nothing of white space or Unicode's several spellings of a letter; `exact` strips, `qa-em` normalises.
"""

from __future__ import annotations

from core.errors import InvalidInput
from core.evals.assertions.case import Finding, Judged, found, quoted
from core.evals.assertions.kind import Kind
from core.evals.json_text import canonical, parse
from core.prompts.inputs import as_text


def look(judged: Judged) -> Finding:
    """Whether they are equal."""
    if isinstance(judged.value, dict | list):
        try:
            same = canonical(parse(judged.text)) == canonical(judged.value)
        except InvalidInput as error:
            return found(False, str(error))
        return found(same, f"As JSON it is {'the value' if same else 'another value'}.")
    wanted = as_text(judged.value)
    if judged.text == wanted:
        return found(True, f"It is {quoted(wanted)}.")
    aside = " apart from white space" if judged.text.strip() == wanted.strip() else ""
    if aside:
        return found(False, f"It is {quoted(wanted)}{aside}.")
    return found(False, f"It is {quoted(judged.text)}, not {quoted(wanted)}.")


KINDS = (
    Kind(
        "equals",
        "The output is exactly the text; a mapping or list is compared as JSON.",
        "promptfoo, Deterministic metrics",
        "anything",
        look,
        expects=True,
    ),
)
