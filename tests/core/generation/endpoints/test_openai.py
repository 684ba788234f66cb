"""Generation at OpenAI-compatible endpoints: against llama.cpp's own server, and what is sent to any."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.errors import EndpointError
from core.events import Event, Finished, SampleFinished, TextDelta, Token
from core.generation.request import GenerationRequest
from core.models.pool import get_pool
from core.settings import get_settings
from tests import servers
from tests.core.generation.endpoints.conftest import ECHO, HELLO, events, failure, result_of
from tests.servers import CANARY, Stub, error, piece, sse


def test_chat_streams_with_usage_and_probabilities(llama: str, endpoint) -> None:
    endpoint(llama)
    received = list(events(params={"max_tokens": 12, "temperature": 0}, top_logprobs=3))
    result = result_of(iter(received))
    answer = result.completions[0]
    assert answer.text and answer.finish_reason in ("stop", "length")
    assert answer.text == "".join(event.text for event in received if isinstance(event, TextDelta))
    assert len([event for event in received if isinstance(event, TextDelta)]) > 3, "not streamed"
    assert result.usage.prompt_tokens and result.usage.completion_tokens == 12
    assert result.timing.ttft_s is not None
    first = answer.tokens[0]
    assert first.logprob == pytest.approx(max(choice.logprob for choice in first.top))
    assert len(first.top) == 3 and 0 < (first.rest or 0) < 1
    assert "".join(token.text for token in answer.tokens) == answer.text


def test_the_same_seed_gives_the_same_answer(llama: str, endpoint) -> None:
    endpoint(llama, extras=["top_k", "min_p"])

    def texts(seed: int) -> str:
        return result_of(events(params={"max_tokens": 16, "seed": seed})).completions[0].text

    assert texts(7) == texts(7)
    assert len({texts(seed) for seed in range(4)}) > 1


def test_several_samples(llama: str, endpoint) -> None:
    endpoint(llama)
    result = result_of(events(params={"max_tokens": 8, "n": 2, "seed": 1}))
    assert [bool(each.text) for each in result.completions] == [True, True]
    assert all(each.finish_reason for each in result.completions)


def test_plain_completion_and_stop_string(llama: str, endpoint) -> None:
    endpoint(llama)
    values = {"mode": "completion", "messages": (), "prompt": "1, 2, 3, 4, 5, 6,"}
    free = result_of(events(**values, params={"max_tokens": 20, "temperature": 0})).completions[0]
    assert " 9" in free.text
    cut = result_of(events(**values, params={"max_tokens": 20, "temperature": 0, "stop": [" 9"]})).completions[0]
    assert cut.text == free.text[: free.text.index(" 9")]
    assert cut.finish_reason == "stop"


def test_cancel_ends_a_running_answer(llama: str, endpoint) -> None:
    endpoint(llama)
    cancel = threading.Event()
    seen: list[Event] = []
    for event in events(cancel, params={"max_tokens": 1500}):
        seen.append(event)
        if isinstance(event, TextDelta):
            cancel.set()
    assert [event.finish_reason for event in seen if isinstance(event, SampleFinished)] == ["cancelled"]
    assert isinstance(seen[-1], Finished)


def test_wrong_key_on_the_real_server(llama: str, endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint(llama)
    monkeypatch.setenv("HERE_KEY", "sk-wrong")
    _, caught = failure(events())
    assert isinstance(caught, EndpointError) and caught.status == 401
    assert "HERE_KEY" in str(caught)


def test_settings_are_sent_under_the_interface_s_names(stub: Stub, endpoint) -> None:
    stub.answers = [sse(piece("ok", finish="stop"))]
    endpoint(stub.base_url, extras=["top_k", "repetition_penalty", "min_tokens"])
    params = {
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.8,
        "top_k": 5,
        "repetition_penalty": 1.3,
        "presence_penalty": 0.5,
        "seed": 11,
        "stop": list("abcdef"),
    }
    result_of(events(params=params, top_logprobs=4))
    body = stub.requests[0]["body"]
    sent = {name: body[name] for name in params if name != "stop"}
    assert sent == {name: value for name, value in params.items() if name != "stop"}
    assert body["stop"] == list("abcd")
    assert (body["logprobs"], body["top_logprobs"], body["min_tokens"]) == (True, 4, 0)
    assert body["messages"] == HELLO["messages"]
    assert "n" not in body and "frequency_penalty" not in body


def test_only_this_endpoint_s_key_is_sent(stub: Stub, endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "sk-OTHER-canary")
    stub.answers = [sse(piece("ok", finish="stop"))]
    endpoint(stub.base_url)
    result_of(events())
    assert stub.requests[0]["headers"]["authorization"] == f"Bearer {CANARY}"
    assert "sk-OTHER" not in str(stub.requests)
    (get_settings().home / "settings.toml").write_text(f'[[endpoints]]\nname = "here"\nbase_url = "{stub.base_url}"\n')
    get_settings.cache_clear()
    result_of(events())
    assert "authorization" not in stub.requests[1]["headers"]
    assert "sk-OTHER" not in str(stub.requests)


def test_token_events_carry_no_key(llama: str, endpoint, capfd: pytest.CaptureFixture[str]) -> None:
    endpoint(llama)
    received = list(events(params={"max_tokens": 3}, top_logprobs=1))
    assert any(isinstance(event, Token) for event in received)
    assert CANARY not in repr(received)
    printed = capfd.readouterr()
    assert CANARY not in printed.out + printed.err


def test_the_key_is_nowhere_afterwards(
    llama: str, endpoint, loupe_home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A run that succeeds and one whose error echoes the key: store, log, exports, programs, output."""
    from core.generation import runs
    from core.generation.snippets import KINDS, snippet
    from core.store import runs as store
    from core.store.export import as_csv, as_jsonl

    request = GenerationRequest.parse(model="api:here/tiny", **HELLO, params={"max_tokens": 3})
    endpoint(llama)
    good = runs.start(request)
    assert good.wait(60) and good.status == "finished"
    with servers.stub_server() as stub:
        stub.answers = [error(401, ECHO)]
        endpoint(stub.base_url)
        get_pool().unload("api:here/tiny")
        bad = runs.start(request)
        assert bad.wait(60) and bad.view().result.error_kind == "EndpointError"
    records = [store.get(run.id) for run in (good, bad)]
    texts = [*as_jsonl(records), *as_csv(records), *(snippet(kind, request, 1) for kind, _, _ in KINDS[1:])]
    texts += [path.read_bytes().decode("latin-1") for path in loupe_home.rglob("*") if path.is_file()]
    texts += [*capfd.readouterr()]
    assert len(texts) > 8
    for text in texts:
        assert CANARY not in text and CANARY[:9] not in text
