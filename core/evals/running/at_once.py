"""Evals of which every answer is there already: judged right here, since a worker would take longer to come up.

Knows nothing of jobs beyond the function that a worker calls too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.errors import LoupeError
from core.evals.assertion import Assertion, AssertionSet
from core.evals.assertions import kind_of
from core.evals.datasets import rows_of
from core.evals.eval_file import EvalFile
from core.evals.row import Row
from core.evals.running.fingerprints import Fingerprints
from core.evals.running.keys import key_of
from core.jobs import JobContext
from core.store import evals as store
from core.store.evals import EvalRecord

MOST_CELLS = 2000
"""A larger one deserves a job, with progress and a way to stop."""
SLOW = frozenset({"python", "similar"})
"""Types that start a process or load a model."""


def is_there(file: EvalFile, rows: int) -> bool:
    """Whether no call is missing, and judging takes a moment."""
    if rows * len(file.variants) * file.repeat > MOST_CELLS:
        return False
    found = [row for row in rows_of(file) if isinstance(row, Row)]
    if any(_slow(row.assertions) for row in found):
        return False
    try:
        keys = set(_keys(file, found))
    except LoupeError:  # its cell will say why
        return False
    return len(store.known_outputs(keys)) == len(keys)


def judge_here(record: EvalRecord) -> None:
    """Do what a worker would do.

    Raises:
        LoupeError: as `core.evals.running.job.run`.
    """
    from core.evals.running import job

    job.run({"eval": record.id}, JobContext(record.id))


def _keys(file: EvalFile, rows: Iterable[Row]) -> Iterator[str]:
    fingerprints = Fingerprints()
    for row in rows:
        for variant in file.variants:
            for repeat in range(file.repeat):
                yield key_of(variant.request(row.vars, repeat), fingerprints)


def _slow(assertions: Iterable[Assertion | AssertionSet]) -> bool:
    for each in assertions:
        if isinstance(each, AssertionSet):
            if _slow(each.assertions):
                return True
        elif (kind := kind_of(each.type)) is None or kind.asks_model or kind.compares or kind.name in SLOW:
            return True
    return False
