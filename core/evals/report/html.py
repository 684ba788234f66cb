"""HTML: one file that opens anywhere and can be sent to anybody: sentence, leaderboard, pairs, failures, table.

It runs no script and loads nothing: a policy in the file itself forbids both, and every text of a model, a data set or
a file is escaped. Knows nothing of how figures come about.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

from core.evals.report.escaping import bdi, text
from core.evals.report.html_figures import board, metrics, pairs
from core.evals.report.stream import Filled, rows, value
from core.evals.report.style import STYLE
from core.evals.results import open_ledger
from core.evals.results.summarizing import Summary, summed
from core.store.evals import RowRecord

MOST_ROWS = 500
"""Rows of the table; CSV and JSON have all."""
MOST_FAILURES = 200
"""Cells of the list of failures."""
CELL_CHARACTERS, FAILURE_CHARACTERS = 400, 4000
SIGNS = {"passed": "✓", "failed": "✗", "unjudged": "?", "error": "!"}


def render(eval_id: str) -> Iterator[str]:
    """The page, piece by piece.

    Raises:
        NotFound: there is no such eval.
        StoreError: the database could not be read.
    """
    book = open_ledger(eval_id)
    found = summed(book)
    yield _head(found)
    yield board(found)
    yield pairs(found)
    yield metrics(found)
    yield from _failures(eval_id, found)
    yield from _table(eval_id, found)
    yield f"<details><summary>The file that repeats this run</summary><pre>{text(book.record.file)}</pre></details>"
    yield "</main></body></html>\n"


def _head(found: Summary) -> str:
    style = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    about = [
        f"{found.created_at:%Y-%m-%d %H:%M} UTC",
        f"{found.rows:,} rows" + (f", {found.broken:,} of them broken" if found.broken else ""),
        f"{len(found.variants)} variant{'' if len(found.variants) == 1 else 's'}",
        *([f"{found.repeat} times each"] if found.repeat > 1 else []),
        f"{found.calls:,} calls, {found.cached:,} from the cache",
        *([f"{found.errors:,} without an answer, left out of all scores"] if found.errors else []),
        *([f"{found.unjudged:,} of the answers without a verdict, left out likewise"] if found.unjudged else []),
        *([f"{found.overridden:,} overridden by a person"] if found.overridden else []),
        f"run {found.id}",
    ]
    if found.done < found.expected:
        about.insert(0, f"not complete: {found.done:,} of {found.expected:,} cells")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{text(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{text(found.name)}</title><style>{STYLE}</style></head>\n"
        f'<body><main><h1>{bdi(found.name)}</h1><p class="sentence">{bdi(found.sentence)}</p>'
        f'<p class="about">{text(" · ".join(about))}</p>\n'
        + "".join(f'<p class="about">{bdi(note)}</p>\n' for note in found.notes)
    )


def _failures(eval_id: str, found: Summary) -> Iterator[str]:
    yield "<h2>Failures and errors</h2>\n"
    shown = 0
    for row, cells in rows(eval_id):
        for filled in cells:
            if filled.status == "passed":
                continue
            if shown == MOST_FAILURES:
                yield f'<p class="about">The first {MOST_FAILURES}; the CSV and JSON reports have all.</p>\n'
                return
            shown += 1
            yield _failure(row, filled, found)
    if not shown:
        yield "<p>None.</p>\n"


def _failure(row: RowRecord, filled: Filled, found: Summary) -> str:
    place = filled.cell.variant
    name = found.names[place] if place < len(found.names) else f"variant {place}"
    times = f", repeat {filled.cell.repeat + 1}" if found.repeat > 1 else ""
    prompt = str(filled.output.get("prompt") or "")
    parts = [
        _block("Variables", "\n".join(f"{key}: {value(each)}" for key, each in row.vars.items())),
        _block("Prompt", prompt),
        _block("Output", filled.text) if filled.cell.answered else "",
    ]
    verdicts = "".join(
        f"<li>{_sign(each)} {bdi(str(each.get('label', '')), 200)}: "
        f"{bdi(str(each.get('error') or each.get('reason') or ''), FAILURE_CHARACTERS)}</li>"
        for each in filled.verdicts
    )
    return (
        f'<details class="{filled.status}"><summary>{SIGNS[filled.status]} row {row.number}{times}, '
        f"{bdi(name)}: {bdi(' '.join(filled.reason.split()), 300)}</summary>"
        f"{''.join(parts)}{f'<ul>{verdicts}</ul>' if verdicts else ''}</details>\n"
    )


def _sign(verdict: dict[str, Any]) -> str:
    return SIGNS["unjudged" if verdict.get("error") else "passed" if verdict.get("passed") else "failed"]


def _block(title: str, content: str) -> str:
    return f"<h4>{title}</h4><pre>{text(content, FAILURE_CHARACTERS)}</pre>" if content else ""


def _table(eval_id: str, found: Summary) -> Iterator[str]:
    heads = "".join(f'<th scope="col">{bdi(name)}</th>' for name in found.names)
    yield '<h2>All rows</h2>\n<div class="wide"><table class="cells">'
    yield f"<thead><tr><th>Row</th>{heads}</tr></thead><tbody>\n"
    for count, (row, cells) in enumerate(rows(eval_id)):
        if count == MOST_ROWS:
            break
        yield _row(row, cells, len(found.names))
    yield "</tbody></table></div>\n"
    if found.rows > MOST_ROWS:
        yield f'<p class="about">The first {MOST_ROWS} of {found.rows:,} rows; the CSV and JSON reports have all.</p>\n'


def _row(row: RowRecord, cells: list[Filled], width: int) -> str:
    about = row.description or "\n".join(f"{key}: {value(each)}" for key, each in row.vars.items())
    head = f'<th scope="row"><b>{row.number}</b> {bdi(about, CELL_CHARACTERS)}</th>'
    if row.broken is not None:
        return f'<tr>{head}<td colspan="{width}" class="error">! {bdi(row.broken)}</td></tr>\n'
    drawn = []
    for place in range(width):
        inner = "".join(
            f'<div class="{each.status}"><span class="sign">{SIGNS[each.status]}</span> '
            f"{bdi((each.status == 'error' and each.cell.error) or each.text, CELL_CHARACTERS)}</div>"
            for each in cells
            if each.cell.variant == place
        )
        drawn.append(f"<td>{inner}</td>")
    return f"<tr>{head}{''.join(drawn)}</tr>\n"
