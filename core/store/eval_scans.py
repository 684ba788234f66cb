"""One pass over all cells of an eval, in the order of `eval_figures.figures`: verdicts, outputs, the last override.

Read by the driver itself and a thousand at a time: an eval of any size is flat in memory. Knows nothing of what
verdicts and outputs hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from core.store.database import get_database
from core.store.eval_records import CellId
from core.store.tables import EvalCell, EvalOutput, EvalRow

__all__ = ["CellId", "last_override", "outputs", "row_vars", "verdicts"]
AT_ONCE = 1000
_ORDER = (EvalCell.row, EvalCell.variant, EvalCell.repeat)


def last_override(eval_id: str) -> datetime | None:
    """When a person last overrode a cell that is still overridden.

    Raises:
        StoreError: the database could not be read.
    """
    query = select(func.max(EvalCell.override_at)).where(EvalCell.eval == eval_id, EvalCell.override.is_not(None))
    with get_database().read() as session:
        return session.execute(query).scalar_one()


def verdicts(eval_id: str) -> Iterator[tuple[CellId, str]]:
    """Every cell and its verdicts, as JSON.

    Raises:
        StoreError: the database could not be read.
    """
    for row, variant, repeat, text in _scan(_cells(EvalCell.verdicts).where(EvalCell.eval == eval_id)):
        yield (row, variant, repeat), text


def outputs(eval_id: str) -> Iterator[tuple[CellId, str | None]]:
    """Every cell and its output as JSON, `None` where there is none.

    Raises:
        StoreError: the database could not be read.
    """
    query = _cells(EvalOutput.output).select_from(EvalCell)
    query = query.outerjoin(EvalOutput, EvalOutput.key == EvalCell.output)
    for row, variant, repeat, text in _scan(query.where(EvalCell.eval == eval_id)):
        yield (row, variant, repeat), text


def row_vars(eval_id: str) -> Iterator[tuple[int, str, str]]:
    """Number, variables as JSON and description of every row that could be read, ascending.

    Raises:
        StoreError: the database could not be read.
    """
    query = select(EvalRow.number, EvalRow.vars, EvalRow.description)
    query = query.where(EvalRow.eval == eval_id, EvalRow.broken.is_(None)).order_by(EvalRow.number)
    yield from _scan(query)


def _cells(what: Any) -> Any:
    return select(*_ORDER, what).order_by(*_ORDER)


def _scan(query: Any) -> Iterator[Any]:
    with get_database().read() as session:
        found = session.connection().execute(query)
        while some := found.fetchmany(AT_ONCE):
            yield from some
