"""What tests of judges share: an endpoint on loopback that answers as a test tells it to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.models.pool import get_pool
from core.settings import get_settings
from tests import servers
from tests.servers import Answer, Stub, piece, sse, usage

JUDGE = "api:here/judge"


def reply(text: str) -> Answer:
    """A judge's whole reply as a stream."""
    return sse(piece(text, finish="stop"), usage(20, 7))


@pytest.fixture
def judge_at(loupe_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stub]]:
    """Answers of the endpoint `here`, one a request, the last again and again."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with servers.stub_server() as stub:

        def answers(*each: Answer) -> Stub:
            stub.answers = list(each)
            return stub

        loupe_home.mkdir(exist_ok=True)
        fields = {"name": "here", "base_url": stub.base_url, "price_in": 1.0, "price_out": 2.0, "timeout_s": 10}
        lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in fields.items())
        (loupe_home / "settings.toml").write_text(f"[[endpoints]]\n{lines}\n")
        get_settings.cache_clear()
        yield answers
        for entry in get_pool().status():
            if entry.ref == JUDGE and not entry.in_use:
                get_pool().unload(JUDGE)
