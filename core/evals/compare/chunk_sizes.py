"""Chunk size as a setting of a sweep: the documents cut anew for every size, in collections that last as long as it.

The collection itself stays as it is. Knows nothing of what is asked of them.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from core.documents.collections import split_settings
from core.documents.measuring.recut import PREFIX, recut, sized
from core.errors import Conflict
from core.evals.compare.sweep import SweepRequest
from core.store import collections

NAME = "chunk_size"
_OWNER = "sweep"
_active: set[str] = set()
_lock = threading.Lock()


@contextmanager
def cut_anew(request: SweepRequest, cells: set[int], cancel: threading.Event) -> Iterator[dict[int, str]]:
    """The name of the collection that each of the cells answers from; empty where no chunk size is swept.

    Takes as long as cutting and embedding the documents once for every size.

    Args:
        request: the sweep.
        cells: those that are to be run.
        cancel: ends it when set.

    Raises:
        NotFound: a collection is gone.
        InvalidInput: a chunk size is out of range.
        Conflict: it was stopped.
    """
    axis = next((place for place, each in enumerate(request.axes) if each.setting == NAME), None)
    if axis is None:
        yield {}
        return
    owner = _OWNER + secrets.token_hex(5)

    def told(share: float) -> None:
        if cancel.is_set():
            raise Conflict("The sweep was stopped while documents were cut.")

    with _lock:
        _remove_leftovers()
        _active.add(owner)
    try:
        with ExitStack() as stack:
            made: dict[tuple[str, int], str] = {}
            found: dict[int, str] = {}
            for cell, values in enumerate(request.cells()):
                if cell not in cells:
                    continue
                source, size = request.variants[cell].collection or "", int(values[axis])
                if (source, size) not in made:
                    row = collections.get(source)
                    split = sized(split_settings(row.splitter), size)
                    made[source, size], _ = stack.enter_context(recut(row, split, owner, told))
                found[cell] = made[source, size]
            yield found
    finally:
        with _lock:
            _active.discard(owner)


def _remove_leftovers() -> None:
    """Collections of sweeps whose process was killed; a data directory belongs to one app."""
    for row in collections.list_all():
        owner = row.name.rpartition(" ")[2]
        if row.name.startswith(PREFIX) and owner.startswith(_OWNER) and owner not in _active:
            collections.delete(row.id)
