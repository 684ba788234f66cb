"""The pool of loaded models: loads once however many ask, counts who uses what, evicts, returns memory.

Threads lease a model for as long as they use it; a leased model is never dropped. Nothing is loaded or closed while the
lock is held, so that one slow load holds up only those who wait for it. Knows nothing of back ends or of generation.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from core.errors import Conflict, LoupeError, NotFound, OutOfMemory
from core.log import get_log
from core.models import loaders
from core.models.device import free_memory, gib, memory_limit
from core.models.loaded import Loaded
from core.models.reference import ModelRef, parse_ref

POLL_S = 0.05
"""How often whoever waits for a model looks whether the wait was given up."""

State = Literal["loading", "ready", "unloading", "failed"]


class LeaseCancelled(Exception):
    """Whoever waited for a model gave up; the model goes on loading."""


@dataclass(frozen=True, slots=True)
class PoolEntry:
    """What the pool knows of one model at this moment."""

    ref: str
    """Canonical reference."""
    state: State
    memory_bytes: int
    """What it holds; while loading, what is reserved for it."""
    in_use: int
    """Leases, including those who wait for it to load."""
    last_used: float
    """Seconds since the epoch."""
    error: str | None = None
    """Why it failed, one sentence."""


@dataclass(slots=True, eq=False)
class _Slot:
    ref: ModelRef
    state: State = "loading"
    loaded: Loaded | None = None
    error: BaseException | None = None
    reserved_bytes: int = 0
    in_use: int = 0
    last_used: float = 0.0
    announced: bool = False
    """Whether a failure is to be kept for `status`, whoever else gets it."""

    @property
    def memory_bytes(self) -> int:
        """What it holds; while loading, what is reserved for it."""
        return self.reserved_bytes if self.loaded is None else self.loaded.memory_bytes


class Pool:
    """Loaded models by canonical reference; all methods are thread-safe."""

    def __init__(
        self,
        load: Callable[[ModelRef], Loaded] = loaders.load,
        estimate: Callable[[ModelRef], int] = loaders.estimate,
        limit: Callable[[], int | None] = memory_limit,
        free: Callable[[], int] = free_memory,
    ) -> None:
        self._load, self._estimate, self._limit, self._free = load, estimate, limit, free
        self._changed = threading.Condition()
        self._slots: dict[str, _Slot] = {}
        self._failed: dict[str, PoolEntry] = {}

    @contextmanager
    def lease(self, ref: str, cancel: threading.Event | None = None) -> Iterator[Loaded]:
        """Hold a model, loading it first if need be; it stays loaded at least until the block ends.

        Args:
            ref: model reference.
            cancel: ends the wait for the model when set; a model that is ready is leased all the same.

        Raises:
            LeaseCancelled: `cancel` was set while the model was loading.
            InvalidInput: `ref` is not a model reference.
            OutOfMemory: it does not fit beside the models that are in use.
            LoupeError: it cannot be loaded; everyone who waited for it gets the same error.
        """
        parsed = parse_ref(ref)
        slot = self._acquire(parsed, cancel)
        try:
            if slot.loaded is None:
                raise RuntimeError("an acquired model is loaded")
            yield slot.loaded
        finally:
            with self._changed:
                slot.in_use -= 1
                slot.last_used = time.time()
                self._changed.notify_all()

    def load(self, ref: str) -> None:
        """Load a model and return when it is ready; raises as `lease` does."""
        with self.lease(ref):
            pass

    def start_loading(self, ref: str) -> None:
        """Load a model in a thread of the pool's own; `status` tells how it goes, and why it failed.

        Raises:
            InvalidInput: `ref` is not a model reference.
        """
        parsed = parse_ref(ref)
        threading.Thread(target=self._announce, args=(parsed,), name=f"load {parsed.base}", daemon=True).start()

    def unload(self, ref: str) -> None:
        """Drop a model and give its memory back; of one that failed to load, forget the failure.

        Raises:
            NotFound: it is not loaded.
            Conflict: it is in use, or still being loaded.
        """
        key = ref if ref in self._slots else str(parse_ref(ref))  # what is loaded may be gone from the disk
        with self._changed:
            failed = self._failed.pop(key, None)
            slot = self._slots.get(key)
            if slot is None and failed is not None:
                return
            if slot is None:
                raise NotFound(f"{key} is not loaded.")
            if slot.state == "loading":
                raise Conflict(f"{key} is still being loaded; unload it when it is ready.")
            if slot.in_use:
                raise Conflict(f"{key} is in use by {_times(slot.in_use)}; stop it or wait until it is done.")
            if slot.state == "unloading":
                self._changed.wait_for(lambda: self._slots.get(key) is not slot)
                return
            slot.state = "unloading"
        self._drop(slot)

    def status(self) -> list[PoolEntry]:
        """Every model that is loaded, being loaded or failed to load, most recently used first."""
        with self._changed:
            entries = [
                PoolEntry(key, slot.state, slot.memory_bytes, slot.in_use, slot.last_used)
                for key, slot in self._slots.items()
            ]
            entries += [entry for key, entry in self._failed.items() if key not in self._slots]
        return sorted(entries, key=lambda entry: -entry.last_used)

    def limit(self) -> int | None:
        """Bytes all models together may hold; `None` while a GPU's size is not known yet."""
        return self._limit()

    def _acquire(self, ref: ModelRef, cancel: threading.Event | None = None) -> _Slot:
        with self._changed:
            slot = self._slot(ref, cancel)
            slot.in_use += 1
            try:
                self._wait(lambda: slot.state != "loading", cancel)
            except LeaseCancelled:
                slot.in_use -= 1
                raise
            if slot.error is not None:
                raise slot.error
            return slot

    def _announce(self, ref: ModelRef) -> None:
        with self._changed:
            self._slot(ref, None).announced = True

    def _slot(self, ref: ModelRef, cancel: threading.Event | None) -> _Slot:
        """The model's slot, being filled if it is new; to be called with the lock."""
        key = str(ref)
        self._wait(lambda: key not in self._slots or self._slots[key].state != "unloading", cancel)
        self._failed.pop(key, None)
        slot = self._slots.get(key)
        if slot is None:
            slot = _Slot(ref)
            # In a thread of its own, since a load cannot be interrupted, but waiting for it can.
            threading.Thread(target=self._fill, args=(slot,), name=f"fill {ref.base}", daemon=True).start()
            self._slots[key] = slot
        slot.last_used = time.time()
        return slot

    def _wait(self, until: Callable[[], bool], cancel: threading.Event | None) -> None:
        """Wait, holding the lock, until `until` is true; raises LeaseCancelled when `cancel` is set before."""
        while not self._changed.wait_for(until, None if cancel is None else POLL_S):
            if cancel is not None and cancel.is_set():
                raise LeaseCancelled

    def _fill(self, slot: _Slot) -> None:
        """Load the model of a new slot; everyone who waits for it gets the model or the error."""
        key = str(slot.ref)
        try:
            self._make_room(slot)
            loaded = self._load(slot.ref)
        except BaseException as error:
            with self._changed:
                slot.error, slot.state = error, "failed"
                del self._slots[key]
                self._changed.notify_all()
                if slot.announced or not slot.in_use:
                    self._note_failure(key, error)
            return
        with self._changed:
            slot.loaded, slot.state = loaded, "ready"
            self._changed.notify_all()

    def _make_room(self, slot: _Slot) -> None:
        """Reserve what `slot` needs, evicting the least recently used idle models until it fits."""
        need = self._estimate(slot.ref)
        limit = self._limit()
        if limit is not None and need > limit:
            raise OutOfMemory(
                f"{slot.ref} needs {gib(need)} and models may hold {gib(limit)} in all; choose a smaller model or "
                f"raise LOUPE_MODEL_MEMORY_GIB."
            )
        while True:
            short = need > 0 and need > self._free()
            with self._changed:
                held = sum(other.memory_bytes for other in self._slots.values() if other is not slot)
                over = limit is not None and need > 0 and held + need > limit
                idle = [other for other in self._slots.values() if other.state == "ready" and not other.in_use]
                idle = [other for other in idle if other.memory_bytes]
                if not over and not (short and idle):
                    slot.reserved_bytes = need
                    return
                if not idle:
                    if any(other.state == "unloading" for other in self._slots.values()):
                        self._changed.wait()
                        continue
                    raise OutOfMemory(
                        f"{slot.ref} needs {gib(need)}, but models in use hold {gib(held)} of the {gib(limit or 0)} "
                        f"they may; wait until they are done or raise LOUPE_MODEL_MEMORY_GIB."
                    )
                victim = min(idle, key=lambda other: other.last_used)
                victim.state = "unloading"
            self._drop(victim)

    def _drop(self, slot: _Slot) -> None:
        """Close a model that is marked as unloading, outside the lock."""
        try:
            if slot.loaded is not None:
                slot.loaded.close()
        finally:
            with self._changed:
                slot.loaded = None
                del self._slots[str(slot.ref)]
                self._changed.notify_all()

    def _note_failure(self, key: str, error: BaseException) -> None:
        """Keep an error where `status` shows it; to be called with the lock."""
        if not isinstance(error, LoupeError):
            get_log().error("loading %s", key, exc_info=error)
        why = str(error) if isinstance(error, LoupeError) else f"{key} could not be loaded; the log says why."
        self._failed[key] = PoolEntry(key, "failed", 0, 0, time.time(), why)


def get_pool() -> Pool:
    """The process's pool."""
    return _POOL


def _times(count: int) -> str:
    return "one request" if count == 1 else f"{count} requests"


_POOL = Pool()
