"""`is-json` and `contains-json`: the output is JSON, or holds some, and fits a JSON schema where one is given.

Knows nothing of what the data means.
"""

from __future__ import annotations

from core.errors import InvalidInput
from core.evals.assertions.case import Finding, Judged, found
from core.evals.assertions.kind import Kind
from core.evals.assertions.schemas import errors
from core.evals.json_text import found_in, parse

SOURCE = "promptfoo, Deterministic metrics; JSON Schema drafts 4 to 2020-12, draft 7 where it does not say"


def _is(judged: Judged) -> Finding:
    try:
        data = parse(judged.text)
    except InvalidInput as error:
        return found(False, str(error))
    wrong = _wrong(judged, data)
    if wrong:
        return found(False, f"It is JSON that does not fit the schema: {wrong[0]}.", errors=wrong)
    return found(True, "It is JSON." if _free(judged) else "It is JSON that fits the schema.")


def _contains(judged: Judged) -> Finding:
    first: list[str] = []
    count = 0
    for data in found_in(judged.text):
        count += 1
        wrong = _wrong(judged, data)
        if not wrong:
            return found(True, "It contains JSON." if _free(judged) else "It contains JSON that fits the schema.")
        first = first or wrong
    if not count:
        return found(False, "It contains no JSON object or array.")
    return found(False, f"It contains JSON that does not fit the schema: {first[0]}.", errors=first)


def _wrong(judged: Judged, data: object) -> list[str]:
    return [] if _free(judged) else errors(judged.value, data)


def _free(judged: Judged) -> bool:
    return judged.value is None or judged.value == ""


KINDS = (
    Kind("is-json", "The output is JSON, and fits the schema if there is one.", SOURCE, "schema", _is),
    Kind("contains-json", "The output holds a JSON object or array, which fits the schema if there is one.", SOURCE,
         "schema", _contains),
)  # fmt: skip
