"""Endpoints that fail, stall, break off or lie: one sentence each, and what had arrived is kept."""

from __future__ import annotations

import json
import threading

import pytest

from core.errors import EndpointError, StreamInterrupted
from core.events import SampleFinished, Started, TextDelta
from tests import servers
from tests.core.generation.endpoints.conftest import ECHO, events, failure, result_of
from tests.servers import CANARY, Stub, error, piece, sse, status, usage

FAULTS = {
    "401": ([error(401, ECHO)], "did not accept the key (401); check the environment variable HERE_KEY"),
    "403": ([error(403, "no")], "does not allow this key to use tiny (403)"),
    "404 model": ([error(404, "The model `tiny` does not exist")], "has no model tiny (404)"),
    "404 path": ([status(404, "<html>nothing</html>")], "check that base_url"),
    "400": ([error(400, "context length exceeded")], 'refused the request (400). It says: "context length exceeded"'),
    "429 long": ([error(429, "slow down", retry_after="3600")], "try again in 3600 s"),
    "500 thrice": ([error(500, "boom", retry_after="0")], "failed (500)"),
    "503 thrice": ([error(503, "busy", retry_after="0")], "failed (503)"),
    "redirect": ([status(302, {}, location="http://127.0.0.1:1/")], "redirects elsewhere (302)"),
    "html": ([status(200, "<html>Login</html>")], "not an OpenAI reply"),
    "json error": ([status(200, {"error": {"message": "model is loading"}})], 'It says: "model is loading"'),
    "no choices": ([sse(usage(3, 0))], "without any choices"),
    "nothing": ([sse()], "without any choices"),
    "invalid json": ([sse(b"data: {broken\n\n")], "not an OpenAI reply"),
    "invalid utf-8": ([sse(b"data: \xff\xfe\n\n")], "not an OpenAI reply"),
    "impossible index": ([sse(piece("a", index=7))], "not an OpenAI reply"),
    "text is a list": ([sse({"choices": [{"index": 0, "delta": {"content": [1]}}]})], "not an OpenAI reply"),
    "error in stream": ([sse({"error": {"message": "GPU on fire"}})], 'reported an error It says: "GPU on fire"'),
    "compressed": ([status(200, {}, content_encoding="gzip")], "compressed"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_sentence_without_the_key(stub: Stub, endpoint, name: str) -> None:
    stub.answers, expected = FAULTS[name][0], FAULTS[name][1]
    endpoint(stub.base_url)
    got, caught = failure(events())
    assert [type(event) for event in got] == [Started]
    assert isinstance(caught, EndpointError) and not isinstance(caught, StreamInterrupted)
    assert expected in str(caught)
    assert "here" in str(caught)
    assert CANARY not in str(caught) and CANARY[:8] not in str(caught)
    assert "\n" not in str(caught) and "Traceback" not in str(caught)


MIDWAY = {
    "cut": sse(piece("Hel"), piece("lo"), done=False),
    "error event": sse(piece("Hel"), piece("lo"), {"error": {"message": f"lost {CANARY}"}}),
    "invalid json": sse(piece("Hel"), piece("lo"), b"data: {\n\n"),
    "early done": sse(piece("Hel"), piece("lo")),
}


@pytest.mark.parametrize("name", MIDWAY)
def test_a_broken_stream_keeps_what_had_arrived(stub: Stub, endpoint, name: str) -> None:
    stub.answers = [MIDWAY[name]]
    endpoint(stub.base_url)
    got, caught = failure(events(params={"stop": ["low"]}))
    assert isinstance(caught, StreamInterrupted)
    assert "".join(event.text for event in got if isinstance(event, TextDelta)) == "Hello"
    assert CANARY not in str(caught)
    assert len(stub.requests) == 1, "an answer that had begun was asked for again"


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_passing_errors_are_tried_again(stub: Stub, endpoint, code: int) -> None:
    stub.answers = [error(code, "later", retry_after="0"), sse(piece("ok"), piece(finish="stop"), usage(3, 1))]
    endpoint(stub.base_url)
    result = result_of(events())
    assert result.completions[0].text == "ok"
    assert (result.usage.prompt_tokens, result.usage.completion_tokens) == (3, 1)
    assert len(stub.requests) == 2


@pytest.mark.parametrize("code", [400, 401, 403, 404])
def test_lasting_errors_are_not_tried_again(stub: Stub, endpoint, code: int) -> None:
    stub.answers = [error(code, "no")]
    endpoint(stub.base_url)
    failure(events())
    assert len(stub.requests) == 1


def test_tries_are_capped(stub: Stub, endpoint) -> None:
    stub.answers = [error(503, "later", retry_after="0")]
    endpoint(stub.base_url)
    failure(events())
    assert len(stub.requests) == 3


def test_the_newer_name_of_max_tokens(stub: Stub, endpoint) -> None:
    refusal = {
        "error": {"message": "use max_completion_tokens", "param": "max_tokens", "code": "unsupported_parameter"}
    }
    stub.answers = [status(400, refusal), sse(piece("ok", finish="stop"))]
    endpoint(stub.base_url)
    assert result_of(events(params={"max_tokens": 5})).completions[0].text == "ok"
    assert stub.requests[1]["body"]["max_completion_tokens"] == 5
    assert "max_tokens" not in stub.requests[1]["body"]


@pytest.mark.parametrize(
    ("reason", "expected"), [("length", "length"), ("content_filter", "content_filter"), ("tool_calls", "stop")]
)
def test_finish_reasons(stub: Stub, endpoint, reason: str, expected: str) -> None:
    stub.answers = [sse(piece("ok", finish=reason))]
    endpoint(stub.base_url)
    assert result_of(events()).completions[0].finish_reason == expected


def test_characters_split_across_writes_and_a_double_end(stub: Stub, endpoint) -> None:
    stub.answers = [sse(piece("東京 🙂"), piece(finish="stop"), b"data: [DONE]\n\n", split=1)]
    endpoint(stub.base_url)
    assert result_of(events()).completions[0].text == "東京 🙂"


def test_a_stop_string_the_endpoint_ignores_is_found_across_pieces(stub: Stub, endpoint) -> None:
    stub.answers = [sse(piece("one EN"), piece("D two"), piece(finish="stop"))]
    endpoint(stub.base_url)
    answer = result_of(events(params={"stop": ["END"]})).completions[0]
    assert (answer.text, answer.finish_reason) == ("one ", "stop")


def test_fewer_samples_than_asked_for_is_said(stub: Stub, endpoint) -> None:
    stub.answers = [sse(piece("only one", finish="stop"))]
    endpoint(stub.base_url)
    _, caught = failure(events(params={"n": 3}))
    assert "1 of 3 answers" in str(caught)


def test_a_huge_reply_is_cut_off(stub: Stub, endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.generation.engines.openai.MAX_REPLY_BYTES", 2 * 2**20)
    stub.answers = [sse(piece("start "), *[piece("x" * 100_000) for _ in range(40)], piece(finish="stop"))]
    endpoint(stub.base_url)
    got, caught = failure(events())
    assert isinstance(caught, StreamInterrupted) and "larger than 2 MiB" in str(caught)
    text = "".join(event.text for event in got if isinstance(event, TextDelta))
    assert text.startswith("start x") and len(text) < 2 * 2**20


@pytest.mark.parametrize(
    "answer", [servers.silence, sse(stall=True, done=False), sse(piece("Hi"), stall=True, done=False)]
)
def test_cancel_ends_a_stalled_call_and_its_connection(stub: Stub, endpoint, answer) -> None:
    stub.answers = [answer]
    endpoint(stub.base_url)
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    received = list(events(cancel))
    assert [event.finish_reason for event in received if isinstance(event, SampleFinished)] == ["cancelled"]
    assert stub.closed.wait(5), "the connection stayed open"


def test_a_stall_counts_as_dead_after_the_endpoint_s_timeout(stub: Stub, endpoint) -> None:
    stub.answers = [sse(piece("Hi"), stall=True, done=False)]
    endpoint(stub.base_url, timeout_s=0.3)
    got, caught = failure(events())
    assert isinstance(caught, StreamInterrupted) and "silent for 0.3 s" in str(caught)
    assert any(isinstance(event, TextDelta) for event in got)
    assert len(stub.requests) == 1, "an answer that had begun was asked for again"


def test_more_tokens_than_the_context_are_refused_before_any_work(stub: Stub, endpoint) -> None:
    endpoint(stub.base_url, context_length=1000)
    got, caught = failure(events(params={"max_tokens": 1000}))
    assert not got and not stub.requests
    assert "1,000" in str(caught) and "lower max_tokens" in str(caught)


def test_whoever_stops_listening_closes_the_connection(stub: Stub, endpoint) -> None:
    stub.answers = [sse(piece("Hi"), stall=True, done=False)]
    endpoint(stub.base_url)
    received = events()
    while not isinstance(next(received), TextDelta):
        pass
    received.close()  # type: ignore[attr-defined]
    assert stub.closed.wait(5)


def test_no_server_and_no_such_name(endpoint) -> None:
    endpoint(f"http://127.0.0.1:{servers.free_port()}/v1")
    assert "is not running: nothing listens" in str(failure(events())[1])
    endpoint("https://no-such-host.invalid/v1")
    assert "cannot be found" in str(failure(events())[1])


def test_proxy_that_wants_a_password(stub: Stub, endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    stub.answers = [status(407, {})]
    endpoint("http://models.example/v1", allow_http=True)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("HTTP_PROXY", stub.base_url.removesuffix("/v1"))
    assert "wants a password (407)" in str(failure(events())[1])


def test_a_self_signed_certificate_is_not_trusted(endpoint) -> None:
    with servers.tls_server() as base_url:
        endpoint(base_url)
        assert "certificate" in str(failure(events())[1])


def surrogates(text: str, logprob: bool = False) -> bytes:
    """A chunk in ASCII, as many servers write it: half characters are possible in it."""
    entry = {"token": text, "logprob": -0.5, "top_logprobs": [{"token": text, "logprob": -0.5}]}
    chunk = piece(text, **({"logprobs": {"content": [entry]}} if logprob else {}))
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (("a", "\ud83d", "\ude00", "b"), "a😀b"),
        (("\ud83d", "x"), "\ufffdx"),
        (("\ude00x",), "\ufffdx"),
        (("x\ud83d",), "x\ufffd"),
    ],
)
def test_half_characters_are_joined_or_replaced(stub: Stub, endpoint, pieces: tuple[str, ...], expected: str) -> None:
    endpoint(stub.base_url)
    stub.answers = [sse(*(surrogates(text, logprob=True) for text in pieces), piece(finish="stop"))]
    result = result_of(events(top_logprobs=2, params={"stop": ["ZZ"]}))
    assert result.completions[0].text == expected
    assert result.model_dump_json()
    assert len(result.completions[0].tokens) == len(pieces)


@pytest.mark.parametrize("counted", [10**24, -1, "many", 1.5])
def test_impossible_counts_are_unknown(stub: Stub, endpoint, counted: object) -> None:
    endpoint(stub.base_url)
    stub.answers = [sse(piece("a"), piece("b", finish="stop"), usage(counted, counted))]  # type: ignore[arg-type]
    result = result_of(events())
    assert (result.usage.prompt_tokens, result.usage.completion_tokens) == (None, 2)


@pytest.mark.parametrize("done", [True, False])
def test_an_answer_that_broke_off_has_its_counts(stub: Stub, endpoint, done: bool) -> None:
    endpoint(stub.base_url, timeout_s=0.3)
    stub.answers = [sse(piece("one"), piece(" two"), done=done, stall=not done)]
    got, caught = failure(events())
    assert isinstance(caught, StreamInterrupted)
    result = result_of(iter(got))
    assert result.usage.completion_tokens == 2
    assert result.usage.prompt_tokens is None
    assert result.timing.total_s > 0
