"""Outputs that belong to no cell: what judges replied. Verdicts name their keys, which tells who needs them.

Of verdicts nothing but these keys is read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from core.store.database import get_database
from core.store.tables import EvalCell

AT_ONCE = 1000
_MARK = '"kept":["'
_KEYS = re.compile(r'"kept":\["([0-9a-f]{64}(?:","[0-9a-f]{64})*)"\]')


def own_replies(eval_id: str) -> set[str]:
    """Keys of what judges replied about the cells of this eval and of no other.

    Reads the verdicts of all evals that asked a judge, where this one did.

    Raises:
        StoreError: the database could not be read.
    """
    own = set(_replies(EvalCell.eval == eval_id))
    if own:
        for key in _replies(EvalCell.eval != eval_id):
            own.discard(key)
    return own


def _replies(condition: Any) -> Iterator[str]:
    query = select(EvalCell.verdicts).where(condition, EvalCell.verdicts.contains(_MARK, autoescape=True))
    with get_database().read() as session:
        found = session.connection().execute(query)
        while some := found.fetchmany(AT_ONCE):
            for (verdicts,) in some:
                for keys in _KEYS.findall(verdicts):
                    yield from keys.split('","')
