"""The repository of evals and their rows: make, read, list, delete; SQLite and PostgreSQL. Cells come from here too.

Verdicts, outputs and plans are JSON documents that nothing here reads. Cells and outputs are kept by
`core.store.eval_cells`, whose functions stand here as well; figures over many cells are in `core.store.eval_figures`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.store.database import get_database
from core.store.eval_cells import (
    cell,
    cells,
    count_done,
    done_cells,
    drop_output,
    known_outputs,
    outputs,
    override,
    save_cells,
)
from core.store.eval_outputs import own_replies
from core.store.eval_records import CellId, CellRecord, EvalRecord, OutputRecord, RowRecord, document, storable
from core.store.runs import new_id, title_of
from core.store.tables import Eval, EvalCell, EvalOutput, EvalRow
from core.store.vectors import batches

__all__ = [
    "EvalRecord",
    "RowRecord",
    "CellRecord",
    "CellId",
    "OutputRecord",
    "create",
    "save_rows",
    "set_job",
    "get",
    "list_evals",
    "latest",
    "count_rows",
    "mentions",
    "delete",
    "rows",
    "rows_of",
    "cell",
    "cells",
    "done_cells",
    "count_done",
    "save_cells",
    "outputs",
    "known_outputs",
    "drop_output",
    "override",
]
PAGE = 500
_EVAL = [getattr(Eval, each.name) for each in fields(EvalRecord)]
_LIGHT = [getattr(Eval, each.name) for each in fields(EvalRecord) if each.name not in ("plan", "file")]


def create(
    *, name: str, rows: int, data_digest: str, plan: dict[str, Any], file: str, page: Iterable[RowRecord] = ()
) -> EvalRecord:
    """A new eval without a job, with the rows of `page`; further ones by `save_rows`.

    Raises:
        StoreError: the database could not be written; nothing was.
    """
    record = EvalRecord(
        id=new_id(),
        created_at=datetime.now(UTC),
        name=title_of(name) or "Eval",
        rows=rows,
        data_digest=data_digest,
        plan=document(plan),
        file=storable(file),
    )
    with get_database().write() as session:
        session.add(Eval(**asdict(record)))
        session.flush()
        _insert_rows(session, record.id, page)
    return record


def save_rows(eval_id: str, page: Iterable[RowRecord]) -> None:
    """Write further rows, in one transaction.

    Raises:
        StoreError: the database could not be written; nothing was.
    """
    with get_database().write() as session:
        _insert_rows(session, eval_id, page)


def set_job(eval_id: str, job: str) -> None:
    """Note the job that runs it."""
    with get_database().write() as session:
        session.execute(update(Eval).where(Eval.id == eval_id).values(job=job))


def get(eval_id: str) -> EvalRecord:
    """The eval.

    Raises:
        NotFound: there is none with this id.
        StoreError: the database could not be read.
    """
    with get_database().read() as session:
        row = session.execute(select(*_EVAL).where(Eval.id == storable(eval_id)[:32])).one_or_none()
    if row is None:
        raise NotFound(f"There is no eval {eval_id[:32]!r}; loupe eval list and the Evals page show those there are.")
    return EvalRecord(**row._asdict())


def list_evals(*, limit: int = 100, offset: int = 0, documents: bool = True) -> list[EvalRecord]:
    """Evals, newest first; without `documents` their plan and file are left out, which may be large.

    Raises:
        StoreError: the database could not be read.
    """
    query = select(*(_EVAL if documents else _LIGHT)).order_by(Eval.created_at.desc(), Eval.id.desc())
    empty: dict[str, Any] = {} if documents else {"plan": "{}", "file": ""}
    with get_database().read() as session:
        return [EvalRecord(**row._asdict(), **empty) for row in session.execute(query.limit(limit).offset(offset))]


def latest(plan_begins: str) -> EvalRecord | None:
    """The newest eval whose plan, as JSON, begins so; `None` where there is none."""
    query = select(*_EVAL).where(Eval.plan.startswith(plan_begins, autoescape=True))
    with get_database().read() as session:
        row = session.execute(query.order_by(Eval.created_at.desc(), Eval.id.desc()).limit(1)).one_or_none()
    return None if row is None else EvalRecord(**row._asdict())


def mentions(text: str) -> bool:
    """Whether the plan of any eval holds this text."""
    with get_database().read() as session:
        query = select(Eval.id).where(Eval.plan.contains(text, autoescape=True)).limit(1)
        return session.execute(query).first() is not None


def count_rows(eval_id: str) -> int:
    """How many of its rows are written."""
    with get_database().read() as session:
        query = select(func.count()).select_from(EvalRow).where(EvalRow.eval == eval_id)
        return int(session.execute(query).scalar_one())


def delete(eval_id: str) -> None:
    """Delete it with its rows and cells, the outputs that no other eval shows, and what judges replied about it alone.

    An eval that gets a verdict from such a reply at this very moment loses it as well: its judge is asked once more,
    should it ever be run again.

    Raises:
        NotFound: there is none with this id.
        StoreError: the database could not be written; nothing was.
    """
    get(eval_id)
    replies = own_replies(eval_id)
    with get_database().write() as session:
        mine = select(EvalCell.output).where(EvalCell.eval == eval_id, EvalCell.output.is_not(None)).distinct()
        keys = session.execute(mine).scalars().all()
        session.execute(sql_delete(EvalCell).where(EvalCell.eval == eval_id))
        session.execute(sql_delete(EvalRow).where(EvalRow.eval == eval_id))
        session.execute(sql_delete(Eval).where(Eval.id == eval_id))
        shown = select(EvalCell.output).where(EvalCell.output == EvalOutput.key).exists()
        for some in batches([*keys, *replies]):
            session.execute(sql_delete(EvalOutput).where(EvalOutput.key.in_(some), ~shown))


def rows(eval_id: str, first: int = 1, count: int = PAGE) -> list[RowRecord]:
    """Rows by number, at most `count` with numbers from `first` on, broken ones among them.

    Raises:
        StoreError: the database could not be read.
    """
    query = _rows(eval_id).where(EvalRow.number >= first).order_by(EvalRow.number).limit(count)
    with get_database().read() as session:
        return [_row(*row) for row in session.execute(query)]


def rows_of(eval_id: str, numbers: Collection[int]) -> list[RowRecord]:
    """The rows with these numbers, ascending.

    Raises:
        StoreError: the database could not be read.
    """
    found: list[RowRecord] = []
    with get_database().read() as session:
        for some in batches(sorted(set(numbers))):
            query = _rows(eval_id).where(EvalRow.number.in_(some)).order_by(EvalRow.number)
            found += [_row(*row) for row in session.execute(query)]
    return found


def _rows(eval_id: str) -> Any:
    columns = (EvalRow.number, EvalRow.description, EvalRow.vars, EvalRow.metadata_json, EvalRow.broken)
    return select(*columns).where(EvalRow.eval == eval_id)


def _row(number: int, description: str, vars: str, metadata: str, broken: str | None) -> RowRecord:
    return RowRecord(
        number=number, description=description, vars=json.loads(vars), metadata=json.loads(metadata), broken=broken
    )


def _insert_rows(session: Session, eval_id: str, page: Iterable[RowRecord]) -> None:
    values = [
        {
            "eval": eval_id,
            "number": each.number,
            "description": storable(each.description),
            "vars": document(each.vars),
            "metadata_json": document(each.metadata),
            "broken": None if each.broken is None else storable(each.broken),
        }
        for each in page
    ]
    if values:
        session.execute(insert(EvalRow), values)
