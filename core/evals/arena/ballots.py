"""Votes as they are counted: who stood against whom, and what was said.

A contestant is what its settings are, not what it is called: two variants of one name with different settings are two
contestants, one that was renamed stays the same. Knows nothing of the database's tables, nor of ratings.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict

from core.evals.variant import Variant
from core.log import get_log
from core.store import votes as store

Outcome = Literal["left", "right", "tie", "both-bad"]
_NAMES = ("name", "prompt_name")
"""Fields of a variant that change nothing about what it answers."""


class Side(BaseModel):
    """One side of a pair: a contestant, and what it answered."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    variant: Variant
    text: str
    run: str = ""
    """Id of the run, for as long as it is kept."""
    messages: tuple[dict[str, str], ...] = ()
    """What the model was asked, where that was a chat and nothing else."""
    prompt_tokens: int | None = None
    completion_tokens: int = 0
    total_s: float | None = None
    cost_usd: float | None = None

    @cached_property
    def contestant(self) -> str:
        """The same for the same settings, whatever the name and the seed."""
        return identity(self.variant)


@dataclass(frozen=True, slots=True)
class Ballot:
    """One vote."""

    id: int
    topic: str
    question: str
    left: Side
    right: Side
    outcome: Outcome
    comment: str = ""
    voter: str = ""
    created_at: Any = None

    @property
    def winner(self) -> Side | None:
        """The better side; `None` where neither is."""
        return {"left": self.left, "right": self.right}.get(self.outcome)

    @property
    def loser(self) -> Side | None:
        """The worse side; `None` where neither is."""
        return {"left": self.right, "right": self.left}.get(self.outcome)


def identity(variant: Variant) -> str:
    """What tells a contestant from another: a digest of its settings. A seed that was drawn is no setting."""
    found = variant.model_dump(mode="json", exclude=set(_NAMES))
    found["params"].pop("seed", None)
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]


def ballots(topic: str | None = None) -> Iterator[Ballot]:
    """Every vote that this version can read, the latest first; one that it cannot is logged.

    Raises:
        StoreError: the database could not be read.
    """
    for record in store.all_votes(topic):
        try:
            left, right = (Side.model_validate_json(each) for each in (record.left, record.right))
        except ValueError:
            get_log().warning("arena: the vote %d was kept by another version and is left out", record.id)
            continue
        yield Ballot(
            id=record.id,
            topic=record.topic,
            question=record.question,
            left=left,
            right=right,
            outcome=cast(Outcome, record.outcome),
            comment=record.comment,
            voter=record.voter,
            created_at=record.created_at,
        )
