"""Exports: runs as JSON lines (everything) and as CSV (one row an answer), a piece at a time.

Cells that a spreadsheet would run as a formula are defused. Knows nothing of the database or of pages.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from core.store.runs import RunRecord

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet reads a cell that begins so as a formula (OWASP, CSV injection)."""
SETTINGS = (
    "max_tokens",
    "min_tokens",
    "temperature",
    "top_k",
    "top_p",
    "min_p",
    "typical_p",
    "repetition_penalty",
    "presence_penalty",
    "frequency_penalty",
    "no_repeat_ngram_size",
    "stop",
    "n",
    "num_beams",
    "length_penalty",
    "early_stopping",
)
COLUMNS = (
    "id",
    "created_at",
    "kind",
    "status",
    "model",
    "parent",
    "technique",
    "mode",
    "system",
    "prompt",
    "sample",
    "answer",
    "finish_reason",
    "seed",
    *SETTINGS,
    "prompt_tokens",
    "completion_tokens",
    "ttft_s",
    "total_s",
    "tokens_per_s",
    "cost_usd",
    "error",
)


def as_jsonl(records: Iterable[RunRecord]) -> Iterator[str]:
    """One JSON object a line: the whole run with its request and result, so that nothing is lost."""
    for record in records:
        document = {
            "id": record.id,
            "created_at": record.created_at.isoformat(),
            "updated_at": record.updated_at.isoformat(),
            "kind": record.kind,
            "status": record.status,
            "model": record.model,
            "title": record.title,
            "parent": record.parent,
            "cost_usd": record.cost_usd,
            "error": record.error,
            "versions": json.loads(record.versions),
            "request": json.loads(record.request),
            "result": json.loads(record.result),
        }
        yield json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(records: Iterable[RunRecord]) -> Iterator[str]:
    """A header, then one row for every answer of every run (a run without an answer has one row).

    Of a technique's run that is its final answer; what each call said is in the JSON lines.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for record in records:
        for row in _rows(record):
            writer.writerow([defuse(row.get(column)) for column in COLUMNS])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def defuse(cell: Any) -> Any:
    """Text that a spreadsheet would run, with an apostrophe in front; anything else as it is."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def _seed(params: dict[str, Any], result: dict[str, Any]) -> int | None:
    """The one that was asked for, else the one that was drawn; of a technique, for its first call."""
    calls = result.get("calls") or [{}]
    drawn = result.get("seed"), params.get("seed"), calls[0].get("result", {}).get("seed")
    return next((seed for seed in drawn if seed is not None), None)


def _rows(record: RunRecord) -> Iterator[dict[str, Any]]:
    request, result = json.loads(record.request), json.loads(record.result)
    params = dict(request.get("params", {}))
    params["stop"] = json.dumps(params.get("stop") or [], ensure_ascii=False)
    messages = request.get("messages", [])
    spoken = [message["content"] for message in messages if message["role"] == "user"]
    common = {
        **{name: params.get(name) for name in SETTINGS},
        "id": record.id,
        "created_at": record.created_at.isoformat(),
        "kind": record.kind,
        "status": record.status,
        "model": record.model,
        "parent": record.parent,
        "technique": request.get("technique"),
        "mode": request.get("mode"),
        "system": request.get("system")
        or "\n".join(message["content"] for message in messages if message["role"] == "system"),
        "prompt": request.get("question") or request.get("prompt") or (spoken[-1] if spoken else ""),
        "seed": _seed(params, result),
        "prompt_tokens": record.prompt_tokens,
        "completion_tokens": record.completion_tokens,
        "ttft_s": result.get("timing", {}).get("ttft_s"),
        "total_s": record.total_s,
        "tokens_per_s": record.tokens_per_s,
        "cost_usd": record.cost_usd,
        "error": record.error,
    }
    completions = result.get("completions", [])
    if not completions:
        yield {**common, "answer": result.get("answer")}
    for number, completion in enumerate(completions):
        yield {
            **common,
            "sample": number,
            "answer": completion.get("text"),
            "finish_reason": completion.get("finish_reason"),
        }
