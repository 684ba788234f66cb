"""Which models judge: those that assertions name, or the usual ones. Knows nothing of how they judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from core.evals.assertion import Assertion, AssertionSet
from core.evals.assertions.judges import judge_of
from core.evals.assertions.registry import kind_of


@dataclass(frozen=True, slots=True, order=True)
class JudgeModel:
    """A model that assertions need."""

    role: Literal["judge", "embedding model"]
    reference: str = ""
    """"" for the usual one."""


def models_of(assertions: Iterable[Assertion | AssertionSet]) -> Iterator[JudgeModel]:
    """The model of each assertion that needs one."""
    for each in assertions:
        if isinstance(each, AssertionSet):
            yield from models_of(each.assertions)
        elif (kind := kind_of(each.type)) is None:
            continue
        elif kind.asks_model:
            yield JudgeModel("judge", judge_of(each) or "")
        elif kind.name == "similar":
            yield JudgeModel("embedding model", judge_of(each) or "")
