"""The repository of votes: which of two answers a person preferred, not knowing whose they were.

Both sides are JSON documents that nothing here reads: the variant with all its settings, and its answer. Knows nothing
of ratings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, insert, select

from core.errors import InvalidInput, NotFound
from core.store.database import get_database
from core.store.eval_records import storable
from core.store.tables import Vote

OUTCOMES = ("left", "right", "tie", "both-bad")
PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRecord:
    """One vote; `left` and `right` are JSON documents."""

    topic: str
    voter: str
    """Who voted, as far as it is known: a random name for a browser's session."""
    left_name: str
    right_name: str
    outcome: str
    """One of `OUTCOMES`: the side that is better, or that neither is."""
    question: str
    left: str
    """The variant that stood on the left, and its answer."""
    right: str
    comment: str = ""
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: int = 0
    """Given by the store."""


_VOTE = [getattr(Vote, each.name) for each in fields(VoteRecord)]


def add(record: VoteRecord) -> VoteRecord:
    """Keep a vote; as it is kept.

    Raises:
        InvalidInput: its outcome is none.
        StoreError: the database could not be written.
    """
    if record.outcome not in OUTCOMES:
        raise InvalidInput(f"A vote is one of {', '.join(OUTCOMES)}.", "outcome")
    values: dict[str, Any] = {
        name: storable(value)[: _LENGTHS.get(name)] if isinstance(value, str) else value
        for name, value in asdict(record).items()
        if name != "id"
    }
    with get_database().write() as session:
        found = session.execute(insert(Vote).values(**values).returning(Vote.id)).scalar_one()
    return VoteRecord(**{**values, "id": found})


_LENGTHS = {"topic": 100, "voter": 64, "left_name": 200, "right_name": 200, "outcome": 16}
"""Characters that a column takes."""


def list_votes(*, topic: str | None = None, limit: int = PAGE, before: int | None = None) -> list[VoteRecord]:
    """Votes, the latest first.

    Args:
        topic: only of this one.
        limit: at most so many.
        before: only those with a smaller id, for the next page.

    Raises:
        StoreError: the database could not be read.
    """
    wanted = select(*_VOTE).order_by(Vote.id.desc()).limit(limit)
    if topic is not None:
        wanted = wanted.where(Vote.topic == topic)
    if before is not None:
        wanted = wanted.where(Vote.id < before)
    with get_database().read() as session:
        return [VoteRecord(**row) for row in session.execute(wanted).mappings()]


def all_votes(topic: str | None = None) -> Iterator[VoteRecord]:
    """Every vote, the latest first, page by page.

    Raises:
        StoreError: the database could not be read.
    """
    before: int | None = None
    while page := list_votes(topic=topic, before=before):
        yield from page
        before = page[-1].id


def topics() -> dict[str, int]:
    """The topics, and how many votes each has, the most voted first.

    Raises:
        StoreError: the database could not be read.
    """
    count = func.count().label("votes")
    wanted = select(Vote.topic, count).group_by(Vote.topic).order_by(count.desc(), Vote.topic)
    with get_database().read() as session:
        return {topic: votes for topic, votes in session.execute(wanted)}


def latest_id() -> int:
    """The id of the latest vote, 0 before the first: what was computed from the votes holds as long as it is the same.

    Raises:
        StoreError: the database could not be read.
    """
    with get_database().read() as session:
        return session.execute(select(func.max(Vote.id))).scalar() or 0


def remove(vote_id: int) -> None:
    """Take a vote back.

    Raises:
        NotFound: there is no such vote.
        StoreError: the database could not be written.
    """
    with get_database().write() as session:
        if not session.execute(sql_delete(Vote).where(Vote.id == vote_id).returning(Vote.id)).all():
            raise NotFound(f"There is no vote {vote_id}.")
