"""Everything about the rows of an eval that can be wrong, looked at before a model is asked; and what tells them apart.

Reads all rows once. Knows nothing of running them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput, LoupeError
from core.evals.assertion import Assertion, AssertionSet
from core.evals.assertions.models import JudgeModel, models_of
from core.evals.datasets.found import BrokenRow
from core.evals.datasets.stream import rows_of
from core.evals.eval_file import EvalFile
from core.evals.row import Row
from core.prompts.names import short

MOST_BROKEN = 100
"""Broken rows that are kept to be shown."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What all rows together are."""

    rows: int
    """Broken ones included."""
    digest: str
    """SHA-256 in hexadecimal of what every row holds; where it stands is not part of it."""
    broken: int
    shown: tuple[BrokenRow, ...]
    """The first broken ones."""
    notes: tuple[str, ...]
    """A sentence for everything in the data sets that Loupe does not act on; those of the file are in the file."""
    judges: tuple[JudgeModel, ...]
    """Models that judge the answers to any row, in order."""


def check(file: EvalFile) -> Checked:
    """Read every row, and make the requests of the first one.

    Raises:
        InvalidInput: a row is broken or lacks a variable and the data source says to stop there, there is no row, all
            are broken, or a variant cannot be asked at all; one sentence that names row or variant.
        NotFound: a data set, a file or a collection is gone.
    """
    digest, defaults = hashlib.sha256(), _Defaults(file.default_assertions)
    rows, broken, tried = 0, 0, False
    shown: list[BrokenRow] = []
    notes: list[str] = []
    judges = set(models_of(file.default_assertions))
    for row in rows_of(file, notes):
        rows += 1
        if isinstance(row, BrokenRow):
            broken += 1
            shown += [row] if len(shown) < MOST_BROKEN else []
            digest.update(_line(["broken", row.reason]))
            continue
        if not tried:
            _try(file, row)
            tried = True
        judges.update(models_of(defaults.own(row)))
        digest.update(_line(defaults.parts(row)))
    if not tried:
        raise InvalidInput(f"None of the {rows:,} rows can be used. {shown[0]}", "tests")
    return Checked(rows, digest.hexdigest(), broken, tuple(shown), tuple(notes), tuple(sorted(judges)))


def digest_of(file: EvalFile) -> tuple[int, str]:
    """How many rows there are, and SHA-256 of all of them in hexadecimal.

    Raises:
        InvalidInput, NotFound: as `check`.
    """
    checked = check(file)
    return checked.rows, checked.digest


def _try(file: EvalFile, row: Row) -> None:
    for variant in file.variants:
        try:
            variant.request(row.vars)
        except LoupeError as error:
            raise type(error)(f"The variant {short(variant.name)} cannot be asked: {error}") from None


class _Defaults:
    """The file's assertions as JSON, which every row holds and which need not be written anew for each."""

    def __init__(self, assertions: Sequence[Assertion | AssertionSet]) -> None:
        self._count = len(assertions)
        self._dumped = [each.model_dump(mode="json") for each in assertions]

    def own(self, row: Row) -> tuple[Assertion | AssertionSet, ...]:
        """What is demanded of a row beside them."""
        return row.assertions[self._count if row.with_defaults else 0 :]

    def parts(self, row: Row) -> list[Any]:
        own = [each.model_dump(mode="json") for each in self.own(row)]
        assertions = [*(self._dumped if row.with_defaults else ()), *own]
        return [row.description, row.vars, assertions, row.threshold, row.metadata]


def _line(parts: list[Any]) -> bytes:
    return (json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str) + "\n").encode()
