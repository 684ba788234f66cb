"""A worker that is killed in the middle: what was answered stays, and a resume asks the rest once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler

import pytest

from core import jobs
from core.evals.running import resume_eval, start
from core.settings import get_settings
from core.store import evals as store
from tests.core.evals.running.conftest import cells, eval_file, variant
from tests.core.jobs.conftest import ended, until, worker_pid
from tests.servers import piece, sse, stub_server, usage

ROWS, AT_ONCE = 40, 4


def test_a_kill_repeats_nothing_that_was_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    answered: list[str] = []
    hold = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if len(answered) >= 12 and not hold.is_set():
            hold.wait(60)  # the kill comes while these are under way
            return
        time.sleep(0.01)
        sse(piece("number 4", finish="stop"), usage(3, 2))(handler)
        answered.append(stub.requests[-1]["body"]["messages"][0]["content"])

    with stub_server() as stub:
        monkeypatch.setenv("LOUPE_ENDPOINTS", f'[{{"name": "stub", "base_url": "{stub.base_url}", "timeout_s": 90}}]')
        get_settings.cache_clear()
        stub.answers = [answer]
        record = start(eval_file(ROWS, variant(model="api:stub/m"), concurrency=AT_ONCE))
        job = record.job or ""
        until(lambda: len(answered) >= 12 and len(store.done_cells(record.id)) >= 12)
        os.kill(worker_pid(job), signal.SIGKILL)
        assert ended(job).status == "interrupted"
        before = len(cells(record))
        hold.set()
        asked = len(stub.requests)
        assert resume_eval(record.id)
        assert ended(job).status == "finished", jobs.log_tail(job)
        after = [each["body"]["messages"][0]["content"] for each in stub.requests[asked:]]
    assert before >= 12 and len(after) == ROWS - before
    assert max(Counter(after).values()) == 1
    done = {f"Q: {store.rows_of(record.id, [each])[0].vars['question']}" for each in range(1, before + 1)}
    assert len(cells(record)) == ROWS and all(each.error is None for each in cells(record))
    assert len(set(after) & done) <= AT_ONCE  # rows end in another order than they begin in
    assert jobs.get(job).result["attempt"] == {"calls": ROWS - before, "cached": 0, "kept": before}
