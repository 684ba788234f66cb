"""What many cells of an eval come to, counted by the database: by variant, by row, and as arrays for statistics.

A person's word on a cell goes before what the assertions say, everywhere here. Knows nothing of intervals or of tests
between variants.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import JSON, Text, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from core.store.database import get_database
from core.store.tables import EvalCell, EvalOutput, EvalRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Show = Literal["all", "unpassed", "failures", "passes", "errors", "differ", "overridden", "broken"]
SHOWS: tuple[Show, ...] = ("all", "unpassed", "failures", "passes", "errors", "differ", "overridden", "broken")
SEARCH_WORDS, SEARCH_WORD_CHARACTERS = 20, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantCounts:
    """What the cells of one variant come to."""

    variant: int
    cells: int
    passed: int
    """With overrides."""
    errors: int
    """Without an answer; they are among `cells` and not among `passed`."""
    unjudged: int
    """With an answer and without a verdict on it; likewise."""
    cached: int
    """Of which no call was made."""
    overridden: int
    score: float
    """Sum of the scores of the cells that were judged; one that a person overrode counts as 0 or 1."""
    seconds: float
    """Sum over cells."""
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """`None` where no call has a price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Every cell in arrays of one length, by row, variant, repeat: the fast way to all of them."""

    row: NDArray[np.int64]
    variant: NDArray[np.int64]
    repeat: NDArray[np.int64]
    passed: NDArray[np.bool_]
    """With overrides."""
    score: NDArray[np.float64]
    """From 0 to 1; one that a person overrode is 0 or 1."""
    error: NDArray[np.bool_]
    """Whether it says nothing of quality: there is no answer, or no verdict on it."""
    unjudged: NDArray[np.bool_]
    """Of these, which have an answer."""
    overridden: NDArray[np.bool_]
    cached: NDArray[np.bool_]
    seconds: NDArray[np.float64]
    prompt_tokens: NDArray[np.float64]
    """NaN where nobody counted."""
    completion_tokens: NDArray[np.int64]
    cost_usd: NDArray[np.float64]
    """NaN without a price."""

    def __len__(self) -> int:
        return len(self.row)


_HOLDS = func.coalesce(EvalCell.override, EvalCell.passed)
_ERROR = EvalCell.error.is_not(None) & EvalCell.override.is_(None)
_UNJUDGED = _ERROR & (EvalCell.verdicts != "[]")
_SCORE = case((EvalCell.override.is_(None), EvalCell.score), (EvalCell.override.is_(True), 1.0), else_=0.0)


def _counted(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def counts(eval_id: str) -> list[VariantCounts]:
    """The sums of each variant that has a cell, by its place.

    Raises:
        StoreError: the database could not be read.
    """
    query = (
        select(
            EvalCell.variant,
            func.count(),
            _counted(_HOLDS),
            _counted(_ERROR & (EvalCell.verdicts == "[]")),
            _counted(_UNJUDGED),
            _counted(EvalCell.cached),
            _counted(EvalCell.override.is_not(None)),
            func.coalesce(func.sum(case((_ERROR, 0.0), else_=_SCORE)), 0.0),
            func.coalesce(func.sum(EvalCell.seconds), 0.0),
            func.coalesce(func.sum(EvalCell.prompt_tokens), 0),
            func.coalesce(func.sum(EvalCell.completion_tokens), 0),
            func.sum(EvalCell.cost_usd),
        )
        .where(EvalCell.eval == eval_id)
        .group_by(EvalCell.variant)
        .order_by(EvalCell.variant)
    )
    names = ("variant", "cells", "passed", "errors", "unjudged", "cached", "overridden", "score", "seconds")
    names += ("prompt_tokens", "completion_tokens", "cost_usd")  # type: ignore[assignment]
    with get_database().read() as session:
        return [VariantCounts(**dict(zip(names, row, strict=True))) for row in session.execute(query)]


def broken_rows(eval_id: str) -> int:
    """How many rows could not be read."""
    query = select(func.count()).where(EvalRow.eval == eval_id, EvalRow.broken.is_not(None))
    with get_database().read() as session:
        return int(session.execute(query).scalar_one())


def figures(eval_id: str) -> Figures:
    """All cells as arrays, read by the driver itself: 20,000 cells take a few hundredths of a second.

    Raises:
        StoreError: the database could not be read.
    """
    import numpy as np

    whole, number, yes = np.int64, np.float64, np.bool_
    columns: dict[str, tuple[Any, type[np.generic]]] = {
        "row": (EvalCell.row, whole),
        "variant": (EvalCell.variant, whole),
        "repeat": (EvalCell.repeat, whole),
        "passed": (_HOLDS, yes),
        "score": (_SCORE, number),
        "error": (_ERROR, yes),
        "unjudged": (_UNJUDGED, yes),
        "overridden": (EvalCell.override.is_not(None), yes),
        "cached": (EvalCell.cached, yes),
        "seconds": (EvalCell.seconds, number),
        "prompt_tokens": (EvalCell.prompt_tokens, number),
        "completion_tokens": (EvalCell.completion_tokens, whole),
        "cost_usd": (EvalCell.cost_usd, number),
    }
    query = (
        select(*(column for column, _ in columns.values()))
        .where(EvalCell.eval == eval_id)
        .order_by(EvalCell.row, EvalCell.variant, EvalCell.repeat)
    )
    with get_database().read() as session:
        cursor = session.connection().execute(query).cursor
        found = list(cursor.fetchall()) if cursor is not None else []
    values = list(zip(*found, strict=True)) if found else [()] * len(columns)
    kinds = ((name, kind) for name, (_, kind) in columns.items())
    return Figures(**{name: np.array(each, kind) for (name, kind), each in zip(kinds, values, strict=True)})


def row_numbers(
    eval_id: str,
    *,
    show: Show = "all",
    variants: Collection[int] | None = None,
    search: str = "",
    first: int = 0,
    count: int | None = None,
) -> tuple[list[int], int]:
    """Numbers of the rows that a table shows, ascending, and how many there are without a limit.

    Args:
        eval_id: whose.
        show: "unpassed" (failed, or without an answer or a verdict), "failures", "passes", "errors" and "overridden"
            want at least one such cell; "differ" wants cells of which some pass and some do not; "broken" rows could
            not be read, "all" has them too.
        variants: look at the cells of these variants only.
        search: words that must all occur in a row's variables (names and values), in its description or in an answer,
            whatever their case; the first `SEARCH_WORDS`.
        first: how many of the found rows to leave out.
        count: most numbers to return; `None`: all.

    Raises:
        StoreError: the database could not be read.
    """
    cells = (EvalCell.eval == EvalRow.eval, EvalCell.row == EvalRow.number)
    if variants is not None:
        cells += (EvalCell.variant.in_(sorted(set(variants))),)  # type: ignore[assignment]

    def some(*conditions: Any) -> Any:
        return select(EvalCell.row).where(*cells, *conditions).exists()

    wanted: dict[Show, tuple[Any, ...]] = {
        "all": (),
        "failures": (some(~_HOLDS, ~_ERROR),),
        "unpassed": (some(~_HOLDS),),
        "passes": (some(_HOLDS),),
        "errors": (some(_ERROR),),
        "differ": (some(_HOLDS), some(~_HOLDS)),
        "overridden": (some(EvalCell.override.is_not(None)),),
        "broken": (EvalRow.broken.is_not(None),),
    }
    conditions: list[Any] = [EvalRow.eval == eval_id, *wanted[show]]
    with get_database().read() as session:
        for word in search.split()[:SEARCH_WORDS]:
            conditions.append(_found(session, word[:SEARCH_WORD_CHARACTERS], cells))
        query = select(EvalRow.number).where(and_(*conditions)).order_by(EvalRow.number)
        if first == 0 and count is None:
            numbers = list(session.execute(query).scalars())
            return numbers, len(numbers)
        total = session.execute(select(func.count()).select_from(query.subquery())).scalar_one()
        return list(session.execute(query.offset(first).limit(count)).scalars()), int(total)


def _found(session: Session, word: str, cells: tuple[Any, ...]) -> Any:
    """Whether a word occurs in a row or in an answer to it."""
    word = word.replace("\0", "�")
    written = json.dumps(word, ensure_ascii=False)[1:-1]  # as it stands inside a JSON text
    if session.get_bind().dialect.name == "postgresql":
        answer = cast(EvalOutput.output, JSON)["text"].as_string()
    else:
        answer = func.json_extract(EvalOutput.output, "$.text", type_=Text)
    said = select(EvalCell.row).join(EvalOutput, EvalOutput.key == EvalCell.output)
    return or_(
        EvalRow.description.icontains(word, autoescape=True),
        EvalRow.vars.icontains(written, autoescape=True),
        said.where(*cells, answer.icontains(word, autoescape=True)).exists(),
    )
