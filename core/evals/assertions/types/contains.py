"""`contains` and its relatives: texts that occur in the output.

Knows nothing of words: “art” is in “party”. Without case, letters are folded as Unicode does it (Straße is STRASSE).
"""

from __future__ import annotations

from core.evals.assertions.case import Finding, Judged, found, quoted
from core.evals.assertions.kind import Kind
from core.evals.assertions.values import texts
from core.prompts.inputs import as_text

SOURCE = "promptfoo, Deterministic metrics"


def _one(judged: Judged, fold: bool) -> Finding:
    wanted = as_text(judged.value)
    there = _folded(wanted, fold) in _folded(judged.text, fold)
    return found(there, f"It {'contains' if there else 'does not contain'} {quoted(wanted)}.")


def _any(judged: Judged, fold: bool) -> Finding:
    text, wanted = _folded(judged.text, fold), texts(judged.value)
    there = next((each for each in wanted if _folded(each, fold) in text), None)
    if there is None:
        return found(False, f"It contains none of {_list(wanted)}.")
    return found(True, f"It contains {quoted(there)}.")


def _all(judged: Judged, fold: bool) -> Finding:
    text, wanted = _folded(judged.text, fold), texts(judged.value)
    missing = [each for each in wanted if _folded(each, fold) not in text]
    if missing:
        return found(False, f"It does not contain {_list(missing)}.", missing=missing)
    return found(True, f"It contains {_list(wanted)}.")


def _folded(text: str, fold: bool) -> str:
    return text.casefold() if fold else text


def _list(wanted: list[str]) -> str:
    shown = ", ".join(quoted(each, 40) for each in wanted[:5])
    return shown + (f" and {len(wanted) - 5} more" if len(wanted) > 5 else "")


KINDS = (
    Kind("contains", "The output contains the text.", SOURCE, "text", lambda each: _one(each, False)),
    Kind("icontains", "The output contains the text in any case.", SOURCE, "text", lambda each: _one(each, True)),
    Kind("contains-any", "The output contains one of the texts.", SOURCE, "texts", lambda each: _any(each, False)),
    Kind("contains-all", "The output contains all of the texts.", SOURCE, "texts", lambda each: _all(each, False)),
    Kind("icontains-any", "The output contains one of the texts in any case.", SOURCE, "texts",
         lambda each: _any(each, True)),
    Kind("icontains-all", "The output contains all of the texts in any case.", SOURCE, "texts",
         lambda each: _all(each, True)),
)  # fmt: skip
