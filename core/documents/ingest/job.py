"""The job "ingest": sources into a collection. May end at any moment; called again, it does only what is missing.

Documents are put together to groups, so that many small ones share a batch of the model and a transaction; the vectors
of a large one are stored as they come. Knows nothing of file types, splitters or models.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from core.documents.collections import split_settings
from core.documents.ingest.embedding import Vectors
from core.documents.ingest.reading import Begun, Broken, Ended, Known, Left, Over, Reader, Ready, Same
from core.documents.ingest.report import Report
from core.documents.ingest.sources import Item, walk
from core.errors import InvalidInput
from core.jobs import JobContext
from core.settings import ensure_home
from core.store import collections, documents, vectors

if TYPE_CHECKING:
    from core.models.embedders import Embedder

GROUP_CHUNKS = 1024
GROUP_CHARACTERS = 4_000_000
WAIT_S = 1.0
"""A group that has waited so long for more is stored as it is."""


def run(request: dict[str, Any], job: JobContext) -> dict[str, Any]:
    """Add `request["sources"]` to the collection whose id is `request["collection"]`.

    Returns:
        `{"collection", "files": [{"path", "status", "chunks", "reason"}], "chunks"}`; status is added, unchanged,
        replaced, failed or refused.

    Raises:
        NotFound: the collection was deleted.
        Conflict: its embedding model was changed meanwhile.
        ModelFailed, ModelLoadError, EndpointError: the embedding model cannot be used.
        StoreError: the store cannot be written; what was stored stays.
    """
    from core.models.embedders import get_embedder

    row = collections.by_id(request["collection"])
    items = walk(request["sources"])
    known = Known(documents.versions(row.id))

    def embedder() -> Embedder:
        return get_embedder(row.embedding)

    group = _Group(row.id, Vectors(row.embedding, embedder), Report(row.name, items, job), job)
    scratch = ensure_home() / "fetched" / job.id  # what an attempt that was killed left goes with the next one
    with Reader(items, known, split_settings(row.splitter), embedder, scratch) as reader:
        while True:
            job.check()
            message = reader.get(WAIT_S / 4)
            if message is None or group.is_full:
                group.flush(only_if_old=not group.is_full)
            match message:
                case Begun(item):
                    group.begin(item)
                case Ready():
                    group.add(message)
                case Same():
                    group.same(message)
                case Left(path, reason):
                    group.report.failed(group.item.name, path, reason, status="refused")
                case Ended():
                    group.end(message)
                case Broken(error):
                    raise error
                case Over():
                    break
    group.flush()
    vectors.forget(group.replaced)
    group.report.show("")
    return group.report.result()


class _Group:
    """Documents that are embedded and stored together."""

    def __init__(self, collection: str, embedding: Vectors, report: Report, job: JobContext) -> None:
        self.report = report
        self.replaced: set[bytes] = set()
        """Hashes of texts that were in chunks which are gone."""
        self._collection = collection
        self._embedding = embedding
        self._job = job
        self._item: Item | None = None
        self._waiting: list[tuple[Ready, str]] = []
        self._chunks = self._characters = 0
        self._gone: list[str] = []
        self._since = time.monotonic()
        self._counts: dict[str, int] | None = None

    @property
    def item(self) -> Item:
        """The source at hand.

        Raises:
            InvalidInput: none has begun.
        """
        if self._item is None:
            raise InvalidInput("A document came before its source.")
        return self._item

    @property
    def is_full(self) -> bool:
        """It is time to store it."""
        return self._chunks >= GROUP_CHUNKS or self._characters >= GROUP_CHARACTERS

    def begin(self, item: Item) -> None:
        """The next source."""
        self._item = item
        self.report.begin(item)

    def add(self, ready: Ready) -> None:
        """One more document."""
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.append((ready, self.item.name))
        self._chunks += len(ready.document.chunks)
        self._characters += len(ready.document.text)
        self.report.wait(self.item.name)

    def same(self, message: Same) -> None:
        """A document that is stored already."""
        if self._counts is None:
            self._counts = documents.chunk_counts(self._collection)
        self.report.same(self.item.name, self._counts.get(message.path, 0), message.weight)
        self.report.show(self.item.name)

    def end(self, message: Ended) -> None:
        """The source is through: what it no longer has goes with the next transaction."""
        if message.gone:
            self._gone.extend(message.gone)
        self.report.end(message.item.name, message.reason)

    def flush(self, *, only_if_old: bool = False) -> None:
        """Embed what waits and store it in one transaction.

        Raises:
            As `run`.
        """
        if not self._waiting and not self._gone:
            return
        if only_if_old and time.monotonic() - self._since < WAIT_S:
            return
        texts: dict[bytes, str] = {}
        for ready, _ in self._waiting:
            text = ready.document.text
            texts.update((chunk.text_hash, text[chunk.start : chunk.end]) for chunk in ready.document.chunks)
        weight = sum(_weight(ready) for ready, _ in self._waiting)

        def told(done: int) -> None:
            self.report.show(self.item.name, weight * done / max(1, len(texts)))
            self._job.check()

        fresh, bad = self._embedding.ensure(texts, told)
        good = []
        for ready, name in self._waiting:
            if bad and any(chunk.text_hash in bad for chunk in ready.document.chunks):
                reason = f"The embedding model {self._embedding.ref} gave no usable vector for a part of its text."
                self.report.failed(name, ready.document.path, reason, waited=True)
            else:
                good.append((ready, name))
        if good:
            self.replaced |= documents.replace_documents(
                self._collection,
                [ready.document for ready, _ in good],
                embedding=self._embedding.ref,
                dimension=self._embedding.dimension,
                vectors=fresh,
                remove=self._gone,
            )
        else:
            documents.remove(self._collection, self._gone)
        self._waiting, self._gone, self._chunks, self._characters = [], [], 0, 0
        for ready, name in good:
            self.report.stored(name, len(ready.document.chunks), _weight(ready), replaced=ready.replaces)
        self.report.show(self.item.name)


def _weight(ready: Ready) -> int:
    """Bytes that the document counts for in the progress; of a part, about."""
    document = ready.document
    return len(document.text) if "#" in document.path else document.size
