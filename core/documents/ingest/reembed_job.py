"""The job "reembed": every chunk of a collection gets its vector under another model, which then takes over.

The present model serves until the last vector is there; vectors are stored as they come, so that a further attempt
goes on where the last one ended. Knows nothing of documents.
"""

from __future__ import annotations

from typing import Any

from core.documents.ingest.embedding import BATCH, Vectors
from core.errors import ModelFailed
from core.jobs import JobContext
from core.store import collections, vectors


def run(request: dict[str, Any], job: JobContext) -> dict[str, Any]:
    """Change the collection whose id is `request["collection"]` to the model `request["embedding"]`.

    Returns:
        `{"collection", "embedding", "vectors"}`: how many vectors were computed.

    Raises:
        NotFound: the collection was deleted.
        ModelFailed, ModelLoadError, EndpointError: the embedding model cannot be used; the present one stays.
        StoreError: the store cannot be written.
    """
    from core.models.embedders import get_embedder

    row, ref = collections.by_id(request["collection"]), request["embedding"]
    if row.embedding == ref:  # an attempt that ended after the last step
        collections.begin_embedding(row.id, None)
        return {"collection": row.name, "embedding": ref, "vectors": 0}
    embedding = Vectors(ref, lambda: get_embedder(ref))
    collections.begin_embedding(row.id, ref)
    done = fill(row.id, embedding, job)
    while not collections.flip_embedding(row.id, embedding.dimension):  # a document was added meanwhile
        done += fill(row.id, embedding, job)
    return {"collection": row.name, "embedding": ref, "vectors": done}


def fill(collection: str, embedding: Vectors, job: JobContext) -> int:
    """Compute and store the vectors that are missing; how many.

    Raises:
        ModelFailed: the model gave no usable vector for a text.
        StoreError: the store cannot be written.
        JobCancelled: the job was asked to stop.
    """
    total, done = vectors.count_missing(collection, embedding.ref), 0
    job.progress(0, total, "chunks")
    while texts := dict(vectors.missing(collection, embedding.ref, limit=BATCH)):
        job.check()
        found, bad = embedding.compute(texts)
        vectors.save(embedding.ref, found)
        if bad:
            start = texts[next(iter(bad))][:60]
            raise ModelFailed(f"The embedding model {embedding.ref} gave no usable vector for the text “{start}…”.")
        done += len(found)
        job.progress(done, max(total, done), "chunks")
    return done
