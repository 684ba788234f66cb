"""The thread that reads: every source hashed, loaded and split, one after another, ahead of the embedding.

What is unchanged goes no further than its digest. Knows nothing of vectors or of the store's writing side.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.documents.extracted import Extracted, Refused
from core.documents.ingest.pipe import Closed, Pipe
from core.documents.ingest.sources import Item, digest_of
from core.documents.settings import SplitSettings
from core.errors import LoadError, LoupeError
from core.store.document_changes import PATH_CHARACTERS, NewChunk, NewDocument
from core.store.vectors import text_hash

if TYPE_CHECKING:
    from core.documents.loading import Loader
    from core.models.embedders import Embedder

WAITING_CHARACTERS = 8_000_000
"""Text that may wait to be embedded."""
_UNEXPECTED = "It could not be read: something went wrong inside Loupe; the log of this job has the details."


@dataclass(frozen=True, slots=True)
class Begun:
    """A source comes next."""

    item: Item


@dataclass(frozen=True, slots=True)
class Ready:
    """A document to embed and to store, instead of the version that its path holds, if any."""

    document: NewDocument
    replaces: bool


@dataclass(frozen=True, slots=True)
class Same:
    """A document that is stored already, in this version."""

    path: str
    weight: int
    """Bytes, for the progress."""


@dataclass(frozen=True, slots=True)
class Left:
    """A part of the source that could not be read."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The source is through, or `reason` says why it could not be read."""

    item: Item
    reason: str | None = None
    gone: tuple[str, ...] = ()
    """Paths that an earlier version of the source had, and this one has not."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The thread failed."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class Over:
    """There are no more sources."""


Message = Begun | Ready | Same | Left | Ended | Broken | Over


@dataclass
class Known:
    """Path → digest of what the collection holds already."""

    digests: dict[str, str]
    _sorted: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self._sorted = sorted(self.digests)

    def of(self, name: str) -> list[str]:
        """Paths of a source: its own and those of its parts."""
        start = bisect_left(self._sorted, f"{name}#")
        end = bisect_left(self._sorted, f"{name}$")  # the character after #
        return ([name] if name in self.digests else []) + self._sorted[start:end]


class Reader:
    """Reads all sources into a pipe: `with Reader(…) as reader: for message in reader.messages(…)`."""

    def __init__(
        self,
        items: Sequence[Item],
        known: Known,
        settings: SplitSettings,
        embedder: Callable[[], Embedder],
        scratch: Path,
    ) -> None:
        self._items = items
        self._known = known
        self._settings = settings
        self._embedder = embedder
        self._scratch = scratch
        self._stop = threading.Event()
        self._pipe: Pipe[Message] = Pipe(WAITING_CHARACTERS)
        self._thread = threading.Thread(target=self._run, name="ingest-reader", daemon=True)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pipe.close()
        self._thread.join()

    def get(self, timeout_s: float) -> Message | None:
        """The next message; `None` when none came for so long."""
        return self._pipe.get(timeout_s)

    def _run(self) -> None:
        from core.documents.loading import Loader

        try:
            with Loader() as loader:
                for item in self._items:
                    self._pipe.put(Begun(item))
                    for message, weight in self._source(loader, item):
                        self._pipe.put(message, weight)
                        if self._stop.is_set():
                            return
            self._pipe.put(Over())
        except Closed:
            return
        except BaseException as error:  # raised again in the job's thread
            try:
                self._pipe.put(Broken(error))
            except Closed:
                return

    def _source(self, loader: Loader, item: Item) -> Iterator[tuple[Message, int]]:
        """Everything of one source; a file that cannot be read never stops the others."""
        seen: set[str] = set()
        before = self._known.of(item.name)
        try:
            path = Path(item.path)
            if item.is_address:
                from core.documents.loading import fetch

                self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
                path = fetch(item.path, self._scratch, cancel=self._stop).path
            digest = digest_of(path, self._stop)
            if before == [item.name] and self._known.digests[item.name] == digest:
                yield Same(item.name, item.size), 1
                yield Ended(item), 1
                return
            for part in loader.load(path, name=item.name, cancel=self._stop):
                key = part.key
                where = f"{item.name}#{key}" if key else item.name
                if where in seen:
                    yield Left(where, f"“{key[:100]}” comes twice in {item.name[-100:]}; the first one was kept."), 1
                    continue
                seen.add(where)
                if len(where) > PATH_CHARACTERS:
                    reason = f"Its name has {len(where):,} characters; at most {PATH_CHARACTERS:,} are allowed."
                    yield Left(where, reason), 1
                    continue
                if isinstance(part, Refused):
                    yield Left(where, part.reason), 1
                    continue
                version = _version(part, digest)
                if self._known.digests.get(where) == version:
                    yield Same(where, len(part.text)), 1
                    continue
                yield self._ready(part, where, version), len(part.text)
            yield Ended(item, gone=tuple(each for each in before if each not in seen)), 1
        except LoadError as error:
            yield Ended(item, str(error)), 1
        except LoupeError:
            raise
        except (OSError, ValueError) as error:
            yield Ended(item, f"{_UNEXPECTED} ({type(error).__name__})"), 1
        finally:
            if item.is_address:
                shutil.rmtree(self._scratch, ignore_errors=True)

    def _ready(self, part: Extracted, where: str, version: str) -> Ready:
        from core.documents.splitting import split

        embedder = self._embedder()  # loaded now: what is unchanged needs none
        spans = split(part, self._settings, embedder)
        texts = [part.text[span.start : span.end] for span in spans]
        tokens = embedder.count(texts) if texts else []
        pages = [(page.number, page.start, page.end, page.label) for page in part.pages]
        starts = [page.start for page in part.pages]
        chunks = [
            NewChunk(
                start=span.start,
                end=span.end,
                page=_page(span.start, span.end, starts, pages),
                tokens=int(count),
                text_hash=text_hash(text),
                parent_start=span.parent_start,
                parent_end=span.parent_end,
            )
            for span, text, count in zip(spans, texts, tokens, strict=True)
        ]
        document = NewDocument(
            path=where,
            digest=version,
            kind=part.kind,
            title=part.title,
            size=part.size,
            text=part.text,
            chunks=chunks,
            metadata=dict(part.metadata),
            notes=part.notes,
            pages=pages,
        )
        return Ready(document, where in self._known.digests)


def _version(part: Extracted, file_digest: str) -> str:
    """What changes when the document does: a part that has no bytes of its own is known by what was read."""
    if not part.key or part.digest not in ("", file_digest):
        return part.digest or file_digest
    said = json.dumps([part.kind, part.title, part.text, part.metadata], sort_keys=True)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _page(start: int, end: int, starts: list[int], pages: Sequence[tuple[int, int, int, Any]]) -> int | None:
    """The number of the page on which the chunk begins: the first that shares a character with it."""
    place = max(bisect_left(starts, start + 1) - 1, 0)
    for number, first, last, _ in pages[place : place + 3]:
        if first < end and start < last:
            return number
    return None
