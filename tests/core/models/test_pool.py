"""The pool, with loaders that only pretend to hold memory: once per model, never evict what is in use, never exceed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Conflict, InvalidInput, ModelLoadError, NotFound, OutOfMemory
from core.models.pool import LeaseCancelled, Pool
from core.models.reference import ModelRef

A, B, C = "hf:t/a", "hf:t/b", "hf:t/c"


class FakeModel:
    def __init__(self, ref: ModelRef, size: int, world: World) -> None:
        self.ref, self.memory_bytes, self.world, self.open = str(ref), size, world, True

    def close(self) -> None:
        self.open = False
        with self.world.lock:
            self.world.held -= self.memory_bytes


class World:
    """Fake loaders, and the truth about what they hold."""

    def __init__(self, sizes: dict[str, int] | None = None) -> None:
        self.lock = threading.Lock()
        self.sizes = sizes or {}
        self.loads: list[str] = []
        self.held = self.most = 0
        self.gate: Callable[[ModelRef], None] = lambda ref: None

    def load(self, ref: ModelRef) -> FakeModel:
        with self.lock:
            self.loads.append(str(ref))
        self.gate(ref)
        size = self.estimate(ref)
        with self.lock:
            self.held += size
            self.most = max(self.most, self.held)
        return FakeModel(ref, size, self)

    def estimate(self, ref: ModelRef) -> int:
        return self.sizes.get(str(ref), 10)

    def pool(self, limit: int | None = 25, free: int = 10**12) -> Pool:
        return Pool(self.load, self.estimate, lambda: limit, lambda: free)  # type: ignore[arg-type]


def states(pool: Pool) -> dict[str, str]:
    return {entry.ref: entry.state for entry in pool.status()}


def test_loads_once_however_many_ask() -> None:
    world = World()
    world.gate = lambda ref: time.sleep(0.05)
    pool = world.pool()

    def use(_: int) -> object:
        with pool.lease(A) as model:
            return model

    with ThreadPoolExecutor(16) as threads:
        models = list(threads.map(use, range(16)))
    assert world.loads == [A] and len(set(map(id, models))) == 1
    assert pool.status()[0].in_use == 0


def test_options_in_any_order_are_one_model() -> None:
    world = World()
    pool = world.pool()
    with pool.lease("smollm2?quantize=nf4&dtype=bf16"), pool.lease("smollm2?dtype=bf16&quantize=nf4"):
        assert len(world.loads) == 1


def test_everyone_who_waited_gets_the_same_error_and_the_next_one_tries_again() -> None:
    world = World()
    entered, release = threading.Event(), threading.Event()

    def fail(ref: ModelRef) -> None:
        entered.set()
        release.wait(5)
        raise ModelLoadError("broken weights.")

    world.gate = fail
    pool = world.pool()
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(pool.load, A) for _ in range(4)]
        assert entered.wait(5)
        while pool.status()[0].in_use < 4:
            time.sleep(0.001)
        release.set()
        errors = [future.exception() for future in asked]
    assert [str(error) for error in errors] == ["broken weights."] * 4
    assert world.loads == [A] and pool.status() == []
    world.gate = lambda ref: None
    pool.load(A)
    assert states(pool) == {A: "ready"}


def test_evicts_the_least_recently_used_idle_model() -> None:
    world = World()
    pool = world.pool(limit=25)
    pool.load(A)
    pool.load(B)
    pool.load(A)
    pool.load(C)
    assert states(pool) == {C: "ready", A: "ready"}
    assert world.held == 20


def test_never_evicts_a_leased_model() -> None:
    world = World()
    pool = world.pool(limit=25)
    with pool.lease(A) as a, pool.lease(B):
        with pytest.raises(OutOfMemory, match="LOUPE_MODEL_MEMORY_GIB"):
            pool.load(C)
        assert a.open  # type: ignore[attr-defined]
    pool.load(C)
    assert C in states(pool)


def test_a_model_over_the_limit_is_refused_with_numbers_before_anything_is_evicted() -> None:
    world = World({B: 30 * 1024**3})
    pool = world.pool(limit=25 * 1024**3)
    pool.load(A)
    with pytest.raises(OutOfMemory, match=r"30\.00 GiB.*25\.00 GiB"):
        pool.load(B)
    assert states(pool) == {A: "ready"}


def test_idle_models_make_room_when_the_device_is_short_of_memory() -> None:
    world = World()
    pool = world.pool(limit=None, free=5)
    pool.load(A)
    pool.load(B)
    assert states(pool) == {B: "ready"}


def test_unload_gives_back_and_refuses_what_is_in_use() -> None:
    world = World()
    pool = world.pool()
    with pool.lease(A), pytest.raises(Conflict, match="in use by one request"):
        pool.unload(A)
    pool.unload(A)
    assert world.held == 0 and pool.status() == []
    with pytest.raises(NotFound, match="not loaded"):
        pool.unload(A)
    with pytest.raises(InvalidInput):
        pool.unload("nonsense")


def test_unload_while_loading_is_refused() -> None:
    world = World()
    entered, release = threading.Event(), threading.Event()
    world.gate = lambda ref: (entered.set(), release.wait(5))[0]
    pool = world.pool()
    pool.start_loading(A)
    assert entered.wait(5)
    with pytest.raises(Conflict, match="being loaded"):
        pool.unload(A)
    release.set()
    pool.load(A)
    pool.unload(A)


def test_a_failure_in_the_background_stays_visible_until_the_next_attempt() -> None:
    world = World()

    def fail(ref: ModelRef) -> None:
        raise ModelLoadError("no such tensor.")

    world.gate = fail
    pool = world.pool()
    pool.start_loading(A)
    deadline = time.monotonic() + 5
    while states(pool) != {A: "failed"}:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert pool.status()[0].error == "no such tensor."
    world.gate = lambda ref: None
    pool.load(A)
    assert states(pool) == {A: "ready"}


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 12), min_size=2, max_size=5),
    plan=st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=6), min_size=2, max_size=6),
)
def test_in_a_crowd_memory_stays_within_the_limit_and_leases_hold(sizes: list[int], plan: list[list[int]]) -> None:
    names = [f"hf:t/m{index}" for index in range(len(sizes))]
    world = World(dict(zip(names, sizes, strict=True)))
    pool = world.pool(limit=15)
    broken: list[str] = []

    def work(steps: list[int]) -> None:
        for step in steps:
            name = names[step % len(names)]
            try:
                with pool.lease(name) as model:
                    time.sleep(0.0005)
                    if not model.open or model.ref != name:  # type: ignore[attr-defined]
                        broken.append(name)
            except OutOfMemory:
                continue

    threads = [threading.Thread(target=work, args=(steps,)) for steps in plan]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert not broken
    assert world.most <= 15
    assert all(entry.in_use == 0 and entry.state == "ready" for entry in pool.status())
    assert world.held == sum(entry.memory_bytes for entry in pool.status())


def test_whoever_gives_up_waiting_leaves_and_the_model_still_loads() -> None:
    world = World()
    entered, release = threading.Event(), threading.Event()

    def wait(ref: ModelRef) -> None:
        entered.set()
        release.wait(10)

    world.gate = wait
    pool = world.pool()
    cancels = [threading.Event(), threading.Event()]

    def use(cancel: threading.Event) -> None:
        with pool.lease(A, cancel):
            pytest.fail("it was cancelled")

    with ThreadPoolExecutor(3) as threads:
        gone = [threads.submit(use, cancel) for cancel in cancels]
        assert entered.wait(5)
        stays = threads.submit(pool.load, A)
        while pool.status()[0].in_use < 3:
            time.sleep(0.001)
        for cancel in cancels:
            cancel.set()
        assert [type(future.exception(5)) for future in gone] == [LeaseCancelled, LeaseCancelled]
        assert not stays.done()
        release.set()
        stays.result(5)
    assert world.loads == [A] and states(pool) == {A: "ready"} and pool.status()[0].in_use == 0
    cancels[0].set()
    with pool.lease(A, cancels[0]) as ready:  # nothing to wait for
        assert ready is not None


def test_a_failure_nobody_waited_for_is_shown_and_a_bug_is_logged(
    loupe_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    world = World()
    entered, release = threading.Event(), threading.Event()

    def fail(ref: ModelRef) -> None:
        entered.set()
        release.wait(10)
        raise ZeroDivisionError("a bug in a loader")

    world.gate = fail
    pool = world.pool()
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(LeaseCancelled), pool.lease(A, cancel):
        pass
    release.set()
    while states(pool) != {A: "failed"}:
        time.sleep(0.001)
    assert "the log says why" in (pool.status()[0].error or "")
    assert "a bug in a loader" in (loupe_home / "logs" / "loupe.log").read_text()
    assert capfd.readouterr().err == ""
