"""JUnit XML, for CI: a suite a variant, a case a cell; failures with their reason.

A call without an answer, or an answer without a verdict, is an error. Follows what Jenkins and GitLab read. Knows
nothing of figures beyond counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from core.evals.report.stream import Filled, rows, value
from core.evals.results import open_ledger
from core.evals.results.summarizing import summed
from core.store.evals import RowRecord

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even as an entity."""
NAME_CHARACTERS = 200


def render(eval_id: str) -> Iterator[str]:
    """The document, a suite after the other; rows that could not be read are skipped cases of a suite of their own.

    Raises:
        NotFound: there is no such eval.
        StoreError: the database could not be read.
    """
    book = open_ledger(eval_id)
    found = summed(book, metrics=False)
    f = book.figures
    failures = [int((~f.passed & ~f.error & (f.variant == place)).sum()) for place in range(len(book.names))]
    seconds = sum(each.seconds for each in found.variants)
    errors = found.errors + found.unjudged
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield (
        f"<testsuites name={_attribute(found.name)} tests={_number(found.done + found.broken)}"
        f" failures={_number(sum(failures))} errors={_number(errors)} skipped={_number(found.broken)}"
        f' time="{seconds:.3f}">\n'
    )
    for place, each in enumerate(found.variants):
        yield (
            f"<testsuite name={_attribute(each.name)} tests={_number(each.calls)} failures={_number(failures[place])}"
            f' errors={_number(each.errors + each.unjudged)} skipped="0" time="{each.seconds:.3f}">\n'
        )
        for row, cells in rows(eval_id, variants=[place]):
            for filled in cells:
                yield _case(row, filled, each.name, book.repeat)
        yield "</testsuite>\n"
    if found.broken:
        count = _number(found.broken)
        yield f'<testsuite name="Rows that could not be read" tests={count} failures="0" errors="0" skipped={count}>\n'
        for row, _ in rows(eval_id, variants=[]):
            if row.broken is not None:
                name = _attribute(f"row {row.number}")
                yield f'<testcase classname="data" name={name}><skipped message={_attribute(row.broken)}/></testcase>\n'
        yield "</testsuite>\n"
    yield "</testsuites>\n"


def _case(row: RowRecord, filled: Filled, variant: str, repeat: int) -> str:
    name = f"row {row.number}" + (f", repeat {filled.cell.repeat + 1}" if repeat > 1 else "")
    about = row.description or next((value(each) for each in row.vars.values()), "")
    if about:
        name += f": {' '.join(about.split())[:NAME_CHARACTERS]}"
    opening = f'<testcase classname={_attribute(variant)} name={_attribute(name)} time="{filled.cell.seconds:.3f}"'
    if filled.status == "passed":
        return opening + "/>\n"
    tag = "failure" if filled.judged else "error"
    said = f"<{tag} message={_attribute(filled.reason)}>{_clean(filled.reason)}</{tag}>"
    out = f"<system-out>{_clean(filled.text)}</system-out>" if filled.text else ""
    return f"{opening}>{said}{out}</testcase>\n"


def _clean(text: str) -> str:
    return escape(_ILLEGAL.sub("", text))


def _attribute(text: str) -> str:
    return quoteattr(_ILLEGAL.sub("", text))


def _number(count: int) -> str:
    return f'"{count}"'
