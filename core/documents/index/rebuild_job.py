"""The job "rebuild": the index of one collection made anew from the store, by this process or by the one that keeps it.

Knows nothing of Chroma.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from core.documents.index.keeper import Keeper
from core.errors import LoupeError
from core.jobs import JobContext
from core.settings import get_settings
from core.store import collections, vectors

POLL_S = 0.5


def run(request: dict[str, Any], job: JobContext) -> dict[str, Any]:
    """Rebuild the index of the collection whose id is `request["collection"]`.

    Returns:
        `{"collection", "chunks", "by"}`; `by` is the process that did it.

    Raises:
        NotFound: the collection was deleted.
        EndpointError: the Chroma server does not answer.
        ModelFailed, ModelLoadError: vectors are missing and cannot be computed.
    """
    row = collections.by_id(request["collection"])
    if vectors.count_missing(row.id, row.embedding):
        from core.documents.ingest.embedding import Vectors
        from core.documents.ingest.reembed_job import fill
        from core.models.embedders import get_embedder

        fill(row.id, Vectors(row.embedding, partial(get_embedder, row.embedding)), job)
        collections.touch(row.id)
        row = collections.by_id(row.id)
    keeper = Keeper(get_settings())
    marker = keeper.folder.rebuild / row.id

    def told(done: int, total: int) -> None:
        job.progress(done, total, "chunks")
        job.check()

    try:
        if not keeper.is_server and not keeper.own():
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.touch()
        owner: int | None = None
        while not keeper.own():
            owner = keeper.folder.owner() or owner
            state = keeper.state(row)
            job.progress(state.done, state.total, "chunks", f"by the process that keeps the index, pid {owner}")
            if not marker.exists():
                return {"collection": row.name, "chunks": state.total or 0, "by": owner}
            job.check()
            job.cancelled.wait(POLL_S)
        try:
            if not keeper.bring(row, told, fresh=True):
                raise LoupeError("The index cannot be opened; try again.")
        except LoupeError:
            raise
        except Exception as error:
            job.log(f"{type(error).__name__}: {error}")
            raise LoupeError(
                "The index could not be made: Chroma failed, see the job's log; searches read the store meanwhile."
            ) from None
        return {"collection": row.name, "chunks": len(_ids(row.id)), "by": None}
    finally:
        marker.unlink(missing_ok=True)
        keeper.close()


def _ids(collection: str) -> list[int]:
    from core.store.documents import chunk_ids

    return chunk_ids(collection)
