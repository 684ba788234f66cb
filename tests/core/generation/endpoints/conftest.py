"""What tests of OpenAI-compatible endpoints share: llama.cpp's server, a faulty one, and a request to either."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import LoupeError
from core.events import Event
from core.generation.engines.openai import stream
from core.generation.request import GenerationRequest
from core.generation.result import GenerationResult
from core.models.bundled import gguf_file
from core.models.loaders.openai import load
from core.models.reference import parse_ref
from core.settings import get_settings
from tests import servers
from tests.servers import CANARY, Stub

HELLO = {"messages": [{"role": "user", "content": "Say hello."}]}
ECHO = f"Incorrect API key provided: {CANARY}. Find yours at example.com."
"""What some providers answer: the key itself, quoted back."""


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    with servers.llama_server(gguf_file()) as base_url:
        yield base_url


@pytest.fixture
def stub() -> Iterator[Stub]:
    with servers.stub_server() as server:
        yield server


@pytest.fixture
def endpoint(loupe_home: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Lists one endpoint, `here`, in settings.toml."""
    monkeypatch.setenv("HERE_KEY", CANARY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")

    def write(base_url: str, **more: object) -> None:
        loupe_home.mkdir(exist_ok=True)
        fields = {"name": "here", "base_url": base_url, "key_env": "HERE_KEY", **more}
        lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in fields.items())
        (loupe_home / "settings.toml").write_text(f"[[endpoints]]\n{lines}\n")
        get_settings.cache_clear()

    return write


def events(cancel: threading.Event | None = None, **values: object) -> Iterator[Event]:
    model = load(parse_ref("api:here/tiny"))
    request = GenerationRequest.parse(model="api:here/tiny", **{**HELLO, **values})
    return stream(model, request, cancel or threading.Event())


def result_of(received: Iterator[Event]) -> GenerationResult:
    result = GenerationResult()
    for event in received:
        result.fold(event)
    return result


def failure(received: Iterator[Event]) -> tuple[list[Event], LoupeError]:
    """What came before the error, and the error."""
    got: list[Event] = []
    with pytest.raises(LoupeError) as caught:
        for event in received:
            got.append(event)
    return got, caught.value
