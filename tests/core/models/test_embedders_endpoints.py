"""Embedding models behind endpoints: what is sent, and every wrong reply rejected as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import EndpointError, InvalidInput, NotFound
from core.models.embedders import Embedder, approximate, forget, get_embedder
from core.models.embedders.endpoint import MAX_CHARACTERS, MAX_TEXTS, batches
from core.models.embedding import folder
from core.settings import get_settings
from tests import servers
from tests.servers import CANARY, Stub, error, status


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("E_KEY", CANARY)
    with servers.stub_server() as server:
        yield server
    forget()


@pytest.fixture
def embedder(stub: Stub, loupe_home: Path) -> Embedder:
    loupe_home.mkdir()
    (loupe_home / "settings.toml").write_text(
        f'[[endpoints]]\nname = "e"\nbase_url = "{stub.base_url}"\nkey_env = "E_KEY"\n'
    )
    get_settings.cache_clear()
    return get_embedder("api:e/embed-small")


def reply(*vectors: Any, order: list[int] | None = None) -> Any:
    places = order or list(range(len(vectors)))
    data = [{"object": "embedding", "index": at, "embedding": vectors[at]} for at in places]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return status(200, {"object": "list", "model": "embed-small", "data": data, "usage": usage})


def test_vectors_come_in_the_order_of_the_texts_and_of_length_one(stub: Stub, embedder: Embedder) -> None:
    stub.answers = [reply([3.0, 4.0], [0.0, 2.0], order=[1, 0])]
    found = embedder.encode_documents(["a", "b"])
    assert found.dtype == np.float32 and np.allclose(found, [[0.6, 0.8], [0.0, 1.0]])
    [request] = stub.requests
    assert request["path"] == "/v1/embeddings" and request["headers"]["authorization"] == f"Bearer {CANARY}"
    assert request["body"] == {"model": "embed-small", "input": ["a", "b"], "encoding_format": "float"}
    assert (embedder.dimension, embedder.max_tokens, embedder.special_tokens) == (2, None, 0)
    assert len(stub.requests) == 1, "the dimension is known by now"


def test_the_dimension_is_asked_for_when_it_is_wanted_first(stub: Stub, embedder: Embedder) -> None:
    assert embedder.count(["no need"]) == [2] and not stub.requests
    stub.answers = [reply([1.0, 0.0, 0.0])]
    assert embedder.dimension == 3 and embedder.encode_queries([]).shape == (0, 3)


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        ([[1.0, 2.0]], "and gave 1; nothing of this batch was kept"),
        ([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]], "and gave 3;"),
        ([], "and gave 0;"),
        ([[1.0, 2.0], [1.0]], r"unlike length \(1, 2\)"),
        ([[], []], r"unlike length \(0\)"),
        ([[1.0, float("nan")], [1.0, 2.0]], "not made of finite numbers"),
        ([[1.0, float("inf")], [1.0, 2.0]], "not made of finite numbers"),
        ([[1e308, 1e308], [1.0, 2.0]], "not made of finite numbers"),
        ([[0.0, 0.0], [1.0, 2.0]], "all zeros"),
        ([[1.0, None], [1.0, 2.0]], "no vector|finite numbers"),
        ([[1.0, "x"], [1.0, 2.0]], "no vector"),
        ([[[1.0], [2.0]], [[1.0], [2.0]]], "unlike length|no vector"),
        ([None, [1.0, 2.0]], "no vector"),
        (["AAAA", "AAAA"], "no vector"),
    ],
)
def test_a_reply_that_is_wrong_anywhere_is_rejected_as_a_whole(
    stub: Stub, embedder: Embedder, vectors: list[Any], said: str
) -> None:
    stub.answers = [reply(*vectors)]
    with pytest.raises(EndpointError, match=said) as caught:
        embedder.encode_documents(["a", "b"])
    assert "\n" not in str(caught.value) and str(caught.value).startswith("The endpoint e was asked for 2 vectors")


def test_vectors_that_name_no_text_are_rejected(stub: Stub, embedder: Embedder) -> None:
    data = [{"index": 0, "embedding": [1.0]}] * 2
    stub.answers = [status(200, {"object": "list", "data": data})]
    with pytest.raises(EndpointError, match="did not say which text"):
        embedder.encode_documents(["a", "b"])


def test_a_dimension_that_changes_between_batches_is_rejected(stub: Stub, embedder: Embedder) -> None:
    stub.answers = [reply([1.0, 2.0]), reply([1.0, 2.0, 3.0])]
    embedder.encode_documents(["a"])
    with pytest.raises(EndpointError, match="vectors of 3 numbers, where those before had 2"):
        embedder.encode_documents(["b"])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (error(401, f"bad key {CANARY}"), "did not accept the key"),
        (error(404, "no such model"), "has no model embed-small"),
        (status(200, "<html>"), "not an OpenAI reply"),
        (status(200, {"data": "abc"}), "no; nothing of this batch|not an OpenAI reply"),
        (status(200, {}), "no; nothing of this batch|not an OpenAI reply"),
    ],
)
def test_failures_are_one_sentence_without_the_key(stub: Stub, embedder: Embedder, answer: Any, said: str) -> None:
    stub.answers = [answer]
    with pytest.raises(EndpointError, match=said) as caught:
        embedder.encode_documents(["a"])
    assert CANARY not in str(caught.value) and len(stub.requests) == 1


def test_a_server_that_is_busy_is_asked_again(stub: Stub, embedder: Embedder) -> None:
    stub.answers = [error(429, "slow down", retry_after="0"), error(503, "busy"), reply([1.0, 0.0])]
    assert embedder.encode_documents(["a"]).tolist() == [[1.0, 0.0]]
    assert len(stub.requests) == 3


def test_an_endpoint_nobody_listed(loupe_home: Path) -> None:
    with pytest.raises(NotFound, match="no endpoint named 'other'"):
        get_embedder("api:other/m")
    with pytest.raises(InvalidInput):
        get_embedder("api:e")


def test_batches_keep_the_order_and_the_limits() -> None:
    texts = ["x" * (MAX_CHARACTERS + 5), *(f"{number}" for number in range(3 * MAX_TEXTS)), *["y" * 60_000] * 5]
    made = list(batches(texts))
    assert [text for batch in made for text in batch] == texts
    assert all(len(batch) <= MAX_TEXTS for batch in made)
    assert all(len(batch) == 1 or sum(map(len, batch)) <= MAX_CHARACTERS for batch in made)


def test_tokens_are_approximated() -> None:
    """Within a tenth of what a real tokenizer makes of English text."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    tokenizer.no_truncation()
    for name in ("docs/architecture.md", "LICENSE"):
        text = (Path(__file__).parents[3] / name).read_text()
        assert abs(approximate.count(text) / len(tokenizer.encode(text)) - 1) < 0.1
        covered = "".join(text[start:end] for start, end in approximate.token_offsets(text))
        assert covered == "".join(text.split())
    assert approximate.token_offsets("Größe: 東京!") == [(0, 5), (5, 6), (7, 8), (8, 9), (9, 10)]
