"""The pace: half at 429, slowly up again, no second halving for calls that began before, and an end to it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from core.errors import EndpointError, ModelFailed, NotFound, StreamInterrupted
from core.evals.running import pacing
from core.evals.running.pacing import Pace
from core.models.pool import get_pool
from core.settings import get_settings
from tests.core.evals.running.conftest import cells, done, eval_file, variant
from tests.servers import Stub, error, piece, sse, stub_server, usage

LIMITED = EndpointError("It is limiting requests.", 429, 0.0)
DEAD = EndpointError("It is not running.")


def test_a_limit_halves_once_for_all_calls_that_were_under_way() -> None:
    pace = Pace(8)
    began = time.monotonic()
    for _ in range(8):
        assert pace.went_wrong(LIMITED, began, 0) == pacing.FIRST_PAUSE_S
    assert pace.limit == 4
    pace.went_wrong(LIMITED, time.monotonic(), 1)
    assert pace.limit == 2


def test_it_grows_by_one_for_every_round_that_goes_well() -> None:
    pace = Pace(4)
    pace.went_wrong(LIMITED, time.monotonic(), 0)
    grown = []
    for _ in range(12):
        pace.went_well()
        grown.append(pace.limit)
    assert grown == [2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4]


def test_pauses_grow_and_tries_are_bounded() -> None:
    pace = Pace(4)
    failed = EndpointError("It failed (500).", 500, 0.0)
    pauses = [pace.went_wrong(failed, time.monotonic(), attempt) for attempt in range(pacing.ATTEMPTS)]
    assert pauses == [1, 2, 4, 8, 16, None] and pace.limit == 4
    assert pace.went_wrong(EndpointError("Later.", 503, 7.0), time.monotonic(), 0) == 7
    assert pace.went_wrong(EndpointError("Tomorrow.", 429, 86400.0), time.monotonic(), 0) is None
    assert pace.went_wrong(StreamInterrupted("It broke off."), time.monotonic(), 0) == 1
    assert pace.went_wrong(ModelFailed("No numbers."), time.monotonic(), 0) is None


def test_what_is_asked_for_holds_for_all() -> None:
    pace, cancel = Pace(2), threading.Event()
    pace.went_wrong(EndpointError("Wait.", 429, 0.2), time.monotonic(), 0)
    asked = time.monotonic()
    assert pace.enter(cancel) and time.monotonic() - asked >= 0.19


def test_an_endpoint_that_always_fails_is_given_up_and_one_that_answers_between_is_not() -> None:
    pace = Pace(4)
    for number in range(30):
        pace.went_wrong(DEAD, time.monotonic(), 0)
        if number % 9 == 8:
            pace.went_well()
    assert pace.given_up is None
    for _ in range(pacing.GIVEN_UP_AFTER):
        pace.went_wrong(DEAD, time.monotonic(), 0)
    assert pace.given_up and "It is not running." in pace.given_up
    assert not pace.enter(threading.Event())


def test_what_is_wrong_with_requests_says_nothing_of_the_endpoint() -> None:
    pace = Pace(4)
    for _ in range(30):
        pace.went_wrong(EndpointError("It refused the request (400).", 400), time.monotonic(), 0)
    assert pace.given_up is None


def test_a_cancel_ends_the_wait_for_a_place() -> None:
    pace, cancel = Pace(1), threading.Event()
    assert pace.enter(cancel)
    threading.Timer(0.05, cancel.set).start()
    assert not pace.enter(cancel)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """An endpoint on loopback, named `stub`; pauses are short, and jobs run right here."""
    monkeypatch.setattr("core.jobs.start", lambda kind, title, request, **more: "0" * 20)
    monkeypatch.setattr(pacing, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("core.generation.engines.openai.FIRST_PAUSE_S", 0.01)
    with stub_server() as stub:
        monkeypatch.setenv("LOUPE_ENDPOINTS", f'[{{"name": "stub", "base_url": "{stub.base_url}"}}]')
        get_settings.cache_clear()
        yield stub
        with contextlib.suppress(NotFound):  # a test may not have come to it
            get_pool().unload("api:stub/m")  # the next test has another address under this name


FOUR = sse(piece("number 4", finish="stop"), usage(3, 2))


def test_an_endpoint_that_bears_two_at_once_gets_no_error_through(stub: Stub) -> None:
    now, most, refused, lock = 0, 0, 0, threading.Lock()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        nonlocal now, most, refused
        with lock:
            now += 1
            most = max(most, now)
            busy = now > 2
            refused += busy
        try:
            if busy:
                error(429, "Slow down.")(handler)
            else:
                time.sleep(0.02)
                FOUR(handler)
        finally:
            with lock:
                now -= 1

    stub.answers = [answer]
    record, result = done(eval_file(24, variant(model="api:stub/m"), concurrency=8))
    assert refused > 0 and most > 2
    assert result["errors"] == 0 and result["calls"] == 24
    assert [each.completion_tokens for each in cells(record)] == [2] * 24


def test_an_endpoint_that_dies_fails_the_rest_and_is_not_asked_for_ever(stub: Stub) -> None:
    def die(handler: BaseHTTPRequestHandler) -> None:
        handler.connection.close()

    stub.answers = [FOUR] * 5 + [die]
    record, result = done(eval_file(60, variant(model="api:stub/m"), variant("too", "{{question}}", "api:stub/m")))
    assert result["errors"] == 115 and result["cells"] == 120
    assert len(stub.requests) < 40
    errors = [each.error or "" for each in cells(record) if each.error]
    assert "stub" in errors[0] and any(
        each.startswith("Not asked, since 10 calls one after another failed") for each in errors
    )


def test_one_bad_answer_is_tried_again(stub: Stub) -> None:
    broken = sse(piece("num"), done=False)
    stub.answers = [broken, error(500, "oops"), error(500, "oops"), error(500, "oops"), FOUR]
    record, result = done(eval_file(["is it 4"], variant(model="api:stub/m")))
    assert result["errors"] == 0 and cells(record)[0].passed and result["calls"] == 1
