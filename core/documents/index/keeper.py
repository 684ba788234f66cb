"""Keeps Chroma at what the store holds, while this process owns it: a thread that looks at the collections' revisions.

A search asks `query`; where it has no answer the caller scans the store. Whatever Chroma does (an exception, a panic of
its compiled part, a directory that was removed), the index is made again from the store. Knows nothing of texts.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.documents.index import clients, exact, syncing
from core.documents.index.owner import Folder
from core.documents.index.state import IndexState
from core.errors import EndpointError, LoupeError, NotFound
from core.log import get_log
from core.settings import Settings
from core.store import collections
from core.store.collections import CollectionRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EVERY_S, SHARE = 2.0, 3
"""How often it looks; after a turn that took long, it rests three times as long."""
RETRY_S = 60.0
"""After a failure."""
TELL_EVERY_S = 0.5


class Stopped(Exception):
    """The keeper is closing."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A collection of Chroma's that holds what the store held at this revision."""

    revision: int
    embedding: str
    handle: Any


class Keeper:
    """The index of one data directory, or of one server."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = Folder(settings.home)
        self._client: Any = None
        self._ready: dict[str, _Ready] = {}
        self._verified: set[str] = set()
        self._progress: dict[str, tuple[int, int]] = {}
        self._failures: dict[str, int] = {}
        self._note = ""
        self._told_at = 0.0
        self._turn = threading.RLock()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_server(self) -> bool:
        """A Chroma server holds the index."""
        return self.settings.chroma_url is not None

    def start(self) -> None:
        """Keep the index current from now on, in a thread."""
        with self._turn:
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="index-keeper", daemon=True)
                self._thread.start()

    def wake(self) -> None:
        """Look at once."""
        self._wake.set()

    def close(self) -> None:
        """Stop, and let go of Chroma and of the lock."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=60)
        with self._turn:
            self._let_go()
            self.folder.release()

    def query(self, row: CollectionRow, queries: NDArray[np.float32], k: int) -> list[list[tuple[int, float]]] | None:
        """The nearest chunks as Chroma finds them; `None` where it is not current, or fails."""
        ready = self._ready.get(row.id)
        if ready is None or ready.revision != row.revision or ready.embedding != row.embedding:
            self.wake()
            return None
        try:
            found = ready.handle.query(query_embeddings=queries, n_results=k, include=["distances"])
        except BaseException as error:
            if not clients.is_chromas(error):
                raise
            if self._ready.get(row.id) is ready:  # else it was deleted or made anew meanwhile, which is no failure
                self._ready.pop(row.id, None)
                get_log().warning("the index of %s failed: %s", row.id, error)
            self.wake()
            return None
        return [
            sorted(
                [(int(chunk), round(1 - float(far), exact.DIGITS)) for chunk, far in zip(ids, distances, strict=True)],
                key=lambda each: (-each[1], each[0]),
            )
            for ids, distances in zip(found["ids"], found["distances"], strict=True)
        ]

    def own(self) -> bool:
        """Whether this process may write the index: always on a server, else with the lock."""
        return self.is_server or self.folder.own()

    def bring(self, row: CollectionRow, told: Callable[[int, int], None] | None = None, *, fresh: bool = False) -> bool:
        """Bring one collection up to date, now, in this thread; whether this process could.

        Args:
            row: the collection, as the store has it.
            told: called with chunks done and to do; what it raises ends the work, and the next turn goes on.
            fresh: make it anew.

        Raises:
            EndpointError: the server does not answer.
        """
        with self._turn:
            if not self.own():
                self._let_go()
                return False
            self._open()
            for attempt in (1, 2, 3):
                try:
                    self._bring(row, told, fresh=fresh or attempt > 1)
                    return True
                except BaseException as error:
                    if isinstance(error, LoupeError | Stopped) or not clients.is_chromas(error) or attempt == 3:
                        raise
                    get_log().warning("the index of %s could not be brought up to date: %s", row.id, error)
                    if not self.is_server and (attempt == 2 or not self.folder.is_there):
                        self._let_go()
                        self.folder.move_away()
                        self._open()
        return False

    def forget(self, collection: str) -> None:
        """A collection was deleted: its index goes too, now or, where another process keeps it, at its next turn."""
        self._ready.pop(collection, None)
        if self._client is None and not self.is_server:
            return
        with self._turn, contextlib.suppress(Exception):
            if self.own():
                self._open()
                self._drop_of(collection, keep=None)

    def state(self, row: CollectionRow) -> IndexState:
        """Where the index of this collection stands."""
        where = str(self.settings.chroma_url) if self.is_server else "chroma"
        owner = None if self.is_server else self.folder.owner()
        mine = self.is_server or owner == os.getpid()
        if mine and (self._thread is not None or self._client is not None):
            ready, progress = self._ready.get(row.id), self._progress.get(row.id)
            if ready is not None and (ready.revision, ready.embedding) == (row.revision, row.embedding):
                return IndexState(status="current", where=where, owner_pid=owner)
            if progress is not None:
                done, total = progress
                note = f"The index is being built: {done:,} of {total:,} chunks; until then the store is searched."
                return IndexState(status="building", where=where, owner_pid=owner, done=done, total=total, note=note)
            if self._note:
                return IndexState(status="failing", where=where, owner_pid=owner, note=self._note)
            return IndexState(status="behind", where=where, owner_pid=owner)
        if owner is not None and not mine:
            done, whole = self._others_progress(row.id)
            note = f"The index is in use by pid {owner}; this process searches the store."
            return IndexState(status="elsewhere", where=where, owner_pid=owner, done=done, total=whole, note=note)
        return IndexState(status="resting", where=where, note="No process keeps the index; searches read the store.")

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self._wake.clear()
            pause = EVERY_S
            try:
                self._look()
                self._note = ""
                pause = max(EVERY_S, SHARE * (time.monotonic() - began))
            except Stopped:
                return
            except BaseException as error:
                if not clients.is_chromas(error):
                    raise
                self._note = str(error) if isinstance(error, LoupeError) else "Chroma failed; see logs/loupe.log."
                get_log().warning("the index cannot be kept: %s", error, exc_info=not isinstance(error, LoupeError))
                self._stop.wait(RETRY_S)
            self._stop.wait(EVERY_S / 4)
            self._wake.wait(pause)

    def _look(self) -> None:
        """One turn over all collections."""
        rows = [row for row in collections.list_all() if row.dimension is not None]
        if not (rows or self._client is not None) or not self.own():
            if self._client is not None and not self.is_server and not self.folder.is_owned:
                self._let_go()
            return
        for row in rows:
            if self._stop.is_set():
                return
            fresh = (self.folder.rebuild / row.id).exists()
            if fresh or self._is_behind(row):
                with contextlib.suppress(NotFound):  # deleted meanwhile
                    self.bring(row, fresh=fresh)
            if fresh:
                (self.folder.rebuild / row.id).unlink(missing_ok=True)
        with self._turn:
            self._prune({row.id: row for row in rows})

    def _is_behind(self, row: CollectionRow) -> bool:
        if not self.is_server and not self.folder.is_there:
            return True
        ready = self._ready.get(row.id)
        return ready is None or (ready.revision, ready.embedding) != (row.revision, row.embedding)

    def _bring(self, row: CollectionRow, told: Callable[[int, int], None] | None, *, fresh: bool) -> None:
        def tell(done: int, total: int) -> None:
            self._progress[row.id] = (done, total)
            self._write_progress()
            if told is not None:
                told(done, total)
            if self._stop.is_set():
                raise Stopped

        first = row.id not in self._verified
        try:
            handle = syncing.sync(self._client, row, tell, fresh=fresh, verify=first and not self.is_server)
            self._verified.add(row.id)
            self._ready[row.id] = _Ready(row.revision, row.embedding, handle)
        finally:
            self._progress.pop(row.id, None)
            self._write_progress(now=True)

    def _open(self) -> None:
        if self._client is not None and not self.is_server and not self.folder.is_there:
            self._let_go()  # somebody removed it
        if self._client is not None:
            return
        if self.is_server:
            self._client = clients.server(self.settings)
            return
        if self.folder.is_there and not self.folder.is_sound():
            self.folder.move_away()
        self.folder.index.mkdir(parents=True, exist_ok=True)
        try:
            self._client = clients.embedded(str(self.folder.index))
        except BaseException as error:
            if not clients.is_chromas(error):
                raise
            self.folder.move_away()
            self.folder.index.mkdir(parents=True, exist_ok=True)
            self._client = clients.embedded(str(self.folder.index))

    def _let_go(self) -> None:
        self._ready.clear()
        self._verified.clear()
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                client.close()

    def _prune(self, rows: dict[str, CollectionRow]) -> None:
        """Drop what no collection of the store has: deleted ones, and vectors of a model that is not used any more."""
        for gone in set(self._ready) - set(rows):
            del self._ready[gone]
        if self._client is None:
            return
        names = [each.name for each in self._client.list_collections()]
        for name in names:
            number = name.removeprefix(syncing.PREFIX).partition("-")[0]
            if not name.startswith(syncing.PREFIX) or (self.is_server and number not in rows):
                continue  # a server may be shared with others
            if number not in rows or name != syncing.name_of(rows[number]):
                syncing.drop(self._client, name)

    def _drop_of(self, collection: str, keep: str | None) -> None:
        for each in self._client.list_collections():
            if each.name.startswith(f"{syncing.PREFIX}{collection}-") and each.name != keep:
                syncing.drop(self._client, each.name)

    def _write_progress(self, *, now: bool = False) -> None:
        """For other processes, which have no other way to know."""
        if self.is_server or not (now or time.monotonic() - self._told_at > TELL_EVERY_S):
            return
        self._told_at = time.monotonic()
        path = self.folder.root / "progress.json"
        with contextlib.suppress(OSError):
            fresh = path.with_suffix(".new")
            fresh.write_text(json.dumps(self._progress), encoding="utf-8")
            fresh.replace(path)

    def _others_progress(self, collection: str) -> tuple[int, int | None]:
        try:
            found = json.loads(Path(self.folder.root / "progress.json").read_text(encoding="utf-8"))
            done, total = found[collection]
            return int(done), int(total)
        except (OSError, ValueError, KeyError, TypeError):
            return 0, None


__all__ = ["EndpointError", "Keeper", "Stopped"]
