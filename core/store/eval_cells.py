"""The repository of an eval's cells and outputs: write, read, override; SQLite and PostgreSQL.

A cell and the output it shows are written in one transaction, so that whatever ends a process, a call that was made is
either kept whole or not at all. Used through `core.store.evals`; figures over many cells are in
`core.store.eval_figures`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.store.database import get_database
from core.store.eval_records import CellId, CellRecord, OutputRecord, storable
from core.store.tables import EvalCell, EvalOutput
from core.store.vectors import batches

PAGE = 500
_CELL = [getattr(EvalCell, each.name) for each in fields(CellRecord)]
_KEY = ("eval", "row", "variant", "repeat")
_PERSON = ("override", "override_reason", "override_at")


def cell(eval_id: str, row: int, variant: int, repeat: int = 0) -> CellRecord:
    """One cell.

    Raises:
        NotFound: it is not there, or not yet.
        StoreError: the database could not be read.
    """
    with get_database().read() as session:
        return _cell(session, eval_id, (row, variant, repeat))


def cells(
    eval_id: str, *, rows: Collection[int] | None = None, variants: Collection[int] | None = None
) -> Iterator[CellRecord]:
    """Cells by row, variant, repeat; read a page at a time, so that any number of them is flat in memory.

    Args:
        eval_id: whose.
        rows: only of these row numbers.
        variants: only of these variants.

    Raises:
        StoreError: the database could not be read.
    """
    query = select(*_CELL).where(EvalCell.eval == eval_id)
    query = query.order_by(EvalCell.row, EvalCell.variant, EvalCell.repeat)
    if variants is not None:
        query = query.where(EvalCell.variant.in_(sorted(set(variants))))
    if rows is not None:
        for some in batches(sorted(set(rows))):
            with get_database().read() as session:
                page = [CellRecord(**row._asdict()) for row in session.execute(query.where(EvalCell.row.in_(some)))]
            yield from page
        return
    last: CellRecord | None = None
    while True:
        page_query = query if last is None else query.where(_after(last))
        with get_database().read() as session:
            page = [CellRecord(**row._asdict()) for row in session.execute(page_query.limit(PAGE))]
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1]


def done_cells(eval_id: str, *, first: int | None = None, last: int | None = None, errors: bool = True) -> set[CellId]:
    """Row, variant and repeat of the cells that are there.

    Args:
        eval_id: whose.
        first: only from this row number on.
        last: only up to this row number, itself included.
        errors: whether cells count that have no answer, or of which a judge could say nothing; those that a person
            overrode count always.

    Raises:
        StoreError: the database could not be read.
    """
    query = select(EvalCell.row, EvalCell.variant, EvalCell.repeat).where(EvalCell.eval == eval_id)
    if first is not None:
        query = query.where(EvalCell.row >= first)
    if last is not None:
        query = query.where(EvalCell.row <= last)
    if not errors:
        query = query.where(_well())
    with get_database().read() as session:
        return {(row, variant, repeat) for row, variant, repeat in session.execute(query)}


def count_done(eval_id: str, *, errors: bool = True) -> int:
    """How many `done_cells` there are."""
    query = select(func.count()).select_from(EvalCell).where(EvalCell.eval == eval_id)
    with get_database().read() as session:
        return int(session.execute(query if errors else query.where(_well())).scalar_one())


def save_cells(eval_id: str, cells: Sequence[CellRecord], outputs: Sequence[OutputRecord] = ()) -> None:
    """Write cells and the outputs they show, all in one transaction.

    A cell that was there is replaced, but for what a person said of it: that stays as it is in the store, since a
    person may have said it after the cell was read that is written here. A word on another output than the cell's new
    one goes, since nobody said it of what stands there now. An output that is there stays as it is.

    Raises:
        StoreError: the database could not be written; nothing was.
    """
    if not cells and not outputs:
        return
    now = datetime.now(UTC)
    with get_database().write() as session:
        made = [{**asdict(each), "created_at": now, "output": storable(each.output)} for each in outputs]
        if made:
            statement = _upsert(session)(EvalOutput.__table__).on_conflict_do_nothing()
            session.connection().execute(statement, made)
        if cells:
            statement = _upsert(session)(EvalCell.__table__)
            given = statement.excluded
            same = EvalCell.output.is_not_distinct_from(given.output)
            replaced = {
                each.name: case((same, each), else_=given[each.name]) if each.name in _PERSON else given[each.name]
                for each in EvalCell.__table__.c
                if not each.primary_key
            }
            statement = statement.on_conflict_do_update(index_elements=list(_KEY), set_=replaced)
            values = [{"eval": eval_id, **asdict(each), "verdicts": storable(each.verdicts)} for each in cells]
            session.connection().execute(statement, values)


def known_outputs(keys: Collection[str]) -> set[str]:
    """Those of `keys` whose output is there."""
    found: set[str] = set()
    with get_database().read() as session:
        for some in batches(sorted(set(keys))):
            found.update(session.execute(select(EvalOutput.key).where(EvalOutput.key.in_(some))).scalars())
    return found


def outputs(keys: Collection[str | None]) -> dict[str, str]:
    """Outputs as JSON by key; a key without one is left out.

    Raises:
        StoreError: the database could not be read.
    """
    found: dict[str, str] = {}
    with get_database().read() as session:
        for some in batches(sorted({each for each in keys if each is not None})):
            query = select(EvalOutput.key, EvalOutput.output).where(EvalOutput.key.in_(some))
            found.update((key, output) for key, output in session.execute(query))
    return found


def drop_output(key: str) -> None:
    """Delete an output, unless a cell shows it; it is then asked for again.

    Raises:
        StoreError: the database could not be written.
    """
    shown = select(EvalCell.output).where(EvalCell.output == EvalOutput.key).exists()
    with get_database().write() as session:
        session.execute(delete(EvalOutput).where(EvalOutput.key == key, ~shown))


def override(
    eval_id: str, row: int, variant: int, repeat: int, passed: bool | None, reason: str | None = None
) -> CellRecord:
    """A person's word on a cell instead of the assertions'; `None` takes it back.

    Raises:
        NotFound: there is no such cell.
        StoreError: the database could not be written.
    """
    where = (row, variant, repeat)
    values: dict[str, Any] = {"override": passed, "override_reason": None, "override_at": None}
    if passed is not None:
        values |= {"override_reason": storable(reason or "")[:2000] or None, "override_at": datetime.now(UTC)}
    with get_database().write() as session:
        _cell(session, eval_id, where)
        session.execute(update(EvalCell).where(*_at(eval_id, where)).values(**values))
        return _cell(session, eval_id, where)


def _well() -> Any:
    """Whether a cell says something of quality."""
    judged = ~EvalCell.verdicts.contains('"error":"', autoescape=True)
    return EvalCell.override.is_not(None) | (EvalCell.error.is_(None) & judged)


def _at(eval_id: str, where: CellId) -> tuple[Any, ...]:
    row, variant, repeat = where
    return EvalCell.eval == eval_id, EvalCell.row == row, EvalCell.variant == variant, EvalCell.repeat == repeat


def _cell(session: Session, eval_id: str, where: CellId) -> CellRecord:
    row = session.execute(select(*_CELL).where(*_at(eval_id, where))).one_or_none()
    if row is None:
        raise NotFound(f"There is no cell at row {where[0]}, variant {where[1]}, repeat {where[2]} of this eval yet.")
    return CellRecord(**row._asdict())


def _after(last: CellRecord) -> Any:
    """The cells behind `last`; written out, since row values do not use the index everywhere."""
    same_row = (EvalCell.row == last.row) & (
        (EvalCell.variant > last.variant) | ((EvalCell.variant == last.variant) & (EvalCell.repeat > last.repeat))
    )
    return (EvalCell.row >= last.row) & ((EvalCell.row > last.row) | same_row)


def _upsert(session: Session) -> Any:
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as upsert
    else:
        from sqlalchemy.dialects.sqlite import insert as upsert  # type: ignore[assignment]
    return upsert
