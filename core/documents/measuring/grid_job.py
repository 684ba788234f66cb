"""The job "grid": chunk sizes × settings. Every size is cut and embedded in a collection of its own, deleted after it.

The collection that is measured stays as it is; texts that both have share their vectors. Called again after an
interruption it measures only the cells that were not done. Knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from core.documents.measuring import question_sets
from core.documents.measuring.measurement import measure
from core.documents.measuring.recut import recut, remove_leftovers, sized
from core.documents.settings import RetrievalSettings, SplitSettings
from core.errors import InvalidInput
from core.jobs import JobContext
from core.store import collections

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def run(request: dict[str, Any], job: JobContext) -> dict[str, Any]:
    """Measure every chunk size with every setting.

    Args:
        request: as that of the job "measure", and `"chunk_sizes": [tokens, …]`.
        job: told after every document and every batch of questions.

    Returns:
        `{"collection", "cells": [{"chunk_size", "chunks", and what Measured.as_json has}, …]}`.

    Raises:
        InvalidInput: no chunk size, or one out of range.
        LoupeError: see `measure`; what is done stays.
    """
    row = collections.by_id(request["collection"])
    questions = question_sets.read(request["queries"], request["qrels"])
    wanted = [RetrievalSettings.parse(**each) for each in request["settings"]]
    present = SplitSettings.model_validate_json(row.splitter)
    sizes = [sized(present, size) for size in dict.fromkeys(request["chunk_sizes"])]
    if not sizes or not wanted:
        raise InvalidInput("A grid needs at least one chunk size and one mode.", "chunk_sizes")
    cells: list[dict[str, Any]] = (
        list(job.previous.get("cells", ())) if job.previous.get("revision") == row.revision else []
    )
    result = {"collection": row.name, "revision": row.revision, "cells": cells}
    total = len(sizes) * (len(wanted) + 1)  # cutting and embedding counts as one cell of each size
    vectors: dict[str, NDArray[np.float32]] = {}

    def told(done: float, note: str) -> None:
        job.check()
        job.progress(done, total, "cells", note)

    remove_leftovers(job.id)
    for place, split in enumerate(sizes):
        begin, size = place * (len(wanted) + 1), f"chunks of {split.chunk_size} tokens"
        mine = sum(each["chunk_size"] == split.chunk_size for each in cells)
        told(begin + (mine + 1 if mine else 0), size)
        if mine == len(wanted):
            continue
        with recut(row, split, job.id, partial(_cutting, told, begin, f"cutting and embedding {size}")) as (
            name,
            chunks,
        ):
            for number in range(mine, len(wanted)):
                settings = wanted[number]
                progress = partial(_measuring, told, begin + 1 + number, f"{size}, {settings.mode}")
                found = measure(
                    name,
                    questions,
                    settings,
                    request.get("k", 10),
                    cancel=job.cancelled,
                    progress=progress,
                    vectors=vectors,
                )
                job.check()
                about = {"collection": row.name, "chunk_size": split.chunk_size, "chunks": chunks}
                cells.append({**found.as_json(), **about})
                job.partial(result)
    return result


Told = Callable[[float, str], None]


def _cutting(told: Told, begin: float, note: str, share: float) -> None:
    told(begin + share, note)


def _measuring(told: Told, begin: float, note: str, done: int, every: int) -> None:
    told(begin + done / every, note)
