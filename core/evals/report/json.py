"""JSON: the figures and every row with its cells, outputs, steps and verdicts, so that nothing is lost.

Knows nothing of what a reader makes of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from core.evals.report.stream import Filled, rows
from core.evals.results import open_ledger
from core.evals.results.summarizing import summed

VERSION = 1


def render(eval_id: str) -> Iterator[str]:
    """One JSON document: `version`, `summary`, `plan`, `file`, `versions`, `rows`; a row is one line.

    Raises:
        NotFound: there is no such eval.
        StoreError: the database could not be read.
    """
    book = open_ledger(eval_id)
    head = {
        "version": VERSION,
        "summary": summed(book).as_json(),
        "plan": book.plan,
        "file": book.record.file,
        "versions": json.loads(book.record.versions),
    }
    yield _text(head)[:-1] + ',\n"rows": ['
    names, between = book.names, "\n"
    for row, cells in rows(eval_id):
        document = {
            "number": row.number,
            "description": row.description,
            "vars": row.vars,
            "metadata": row.metadata,
            "broken": row.broken,
            "cells": [_cell(each, names) for each in cells],
        }
        yield between + _text(document)
        between = ",\n"
    yield "\n]}\n"


def _cell(filled: Filled, names: list[str]) -> dict[str, Any]:
    cell = filled.cell
    return {
        "variant": names[cell.variant] if cell.variant < len(names) else str(cell.variant),
        "repeat": cell.repeat,
        "status": filled.status,
        "passed": cell.holds if filled.judged else None,
        "score": filled.score if filled.judged else None,
        "error": cell.error,
        "override": cell.override,
        "override_reason": cell.override_reason,
        "cached": cell.cached,
        "seconds": cell.seconds,
        "prompt_tokens": cell.prompt_tokens,
        "completion_tokens": cell.completion_tokens,
        "cost_usd": cell.cost_usd,
        "output": filled.output or None,
        "verdicts": filled.verdicts,
    }


def _text(document: dict[str, Any]) -> str:
    try:
        return json.dumps(document, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:  # a number of a data set that JSON does not know
        return json.dumps(json.loads(json.dumps(document, default=str), parse_constant=lambda name: None))
