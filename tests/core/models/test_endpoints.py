"""Endpoints: which exist, where keys come from, what may be sent where, and what no message ever holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import EndpointError, InvalidInput, NotFound
from core.models import endpoints
from core.models.endpoints import api_key, endpoint_warnings, find_endpoint, list_endpoint_models, redact
from core.models.loaders.openai import endpoint_capabilities, load
from core.models.reference import parse_ref
from core.models.wire import Wire
from core.settings import Endpoint, get_settings
from tests import servers
from tests.servers import CANARY, Stub, error, status


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with servers.stub_server() as server:
        yield server


def test_an_unknown_endpoint_names_the_known(loupe_home: Path) -> None:
    with pytest.raises(NotFound, match="none is listed in settings"):
        find_endpoint("x")
    loupe_home.mkdir()
    entries = "".join(f'[[endpoints]]\nname = "{name}"\nbase_url = "https://h/v1"\n' for name in ("b", "a"))
    (loupe_home / "settings.toml").write_text(entries)
    get_settings.cache_clear()
    with pytest.raises(NotFound, match="no endpoint named 'x'; there are a, b"):
        load(parse_ref("api:x/m"))
    assert find_endpoint("a").base_url == "https://h/v1"


def test_a_key_comes_from_the_environment_then_from_secrets(
    loupe_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    endpoint = Endpoint(name="e", base_url="https://h/v1", key_env="E_KEY")
    with pytest.raises(InvalidInput, match="set the environment variable E_KEY, or add E_KEY to secrets"):
        api_key(endpoint)
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text('E_KEY = "third"\n')
    assert api_key(endpoint) == "third"
    loupe_home.mkdir()
    (loupe_home / "secrets.toml").write_text('[keys]\nE_KEY = "second"\n')
    assert api_key(endpoint) == "second"
    assert endpoints.key_source(endpoint) == "E_KEY in secrets.toml"
    monkeypatch.setenv("E_KEY", "first")
    assert api_key(endpoint) == "first"
    assert endpoints.key_source(endpoint) == "environment variable E_KEY"
    assert api_key(endpoint.model_copy(update={"key_env": None})) is None


@pytest.mark.parametrize("key", ["with space", "line\nbreak", "ключ"])
def test_a_key_no_header_can_hold_is_refused_unseen(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("E_KEY", key)
    with pytest.raises(InvalidInput, match="E_KEY") as caught:
        api_key(Endpoint(name="e", base_url="https://h/v1", key_env="E_KEY"))
    assert key not in str(caught.value)


def test_a_broken_secrets_file_is_not_quoted(loupe_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("E_KEY", raising=False)
    loupe_home.mkdir()
    (loupe_home / "secrets.toml").write_text(f'E_KEY = "{CANARY}\n')
    with pytest.raises(InvalidInput, match="cannot be read as TOML") as caught:
        api_key(Endpoint(name="e", base_url="https://h/v1", key_env="E_KEY"))
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("base_url", "private"),
    [
        ("https://models.example/v1", True),
        ("http://127.0.0.1:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://localhost:8000/v1", True),
        ("http://192.168.1.5/v1", False),
        ("http://127.0.0.1.evil.example/v1", False),
        ("http://models.example/v1", False),
    ],
)
def test_a_key_over_plain_http_to_another_machine(
    monkeypatch: pytest.MonkeyPatch, base_url: str, private: bool
) -> None:
    monkeypatch.setenv("E_KEY", CANARY)
    endpoint = Endpoint(name="e", base_url=base_url, key_env="E_KEY")
    assert bool(endpoint_warnings(endpoint)) is not private
    if private:
        endpoints.open_client(endpoint, Wire()).close()
        return
    with pytest.raises(EndpointError, match="was not sent, because its address") as caught:
        endpoints.open_client(endpoint, Wire())
    assert CANARY not in str(caught.value)
    allowed = endpoint.model_copy(update={"allow_http": True})
    endpoints.open_client(allowed, Wire()).close()
    assert endpoint_warnings(allowed), "allowed, but still worth a warning"


@pytest.mark.parametrize("base_url", ["https://me:secret@h/v1", "https://h/v1?key=secret", "file:///etc", "ftp://h"])
def test_an_address_that_hides_a_secret_or_is_none(loupe_home: Path, base_url: str) -> None:
    loupe_home.mkdir()
    (loupe_home / "settings.toml").write_text(f'[[endpoints]]\nname = "e"\nbase_url = "{base_url}"\n')
    get_settings.cache_clear()
    with pytest.raises(InvalidInput, match="base_url") as caught:
        find_endpoint("e")
    assert "secret" not in str(caught.value)


def test_models_come_from_settings_or_from_the_server(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("E_KEY", CANARY)
    endpoint = Endpoint(name="e", base_url=stub.base_url, key_env="E_KEY")
    assert list_endpoint_models(endpoint.model_copy(update={"models": ("b", "a")})) == ["b", "a"]
    assert not stub.requests
    stub.answers = [status(200, {"object": "list", "data": [{"id": "z"}, {"id": "a"}, {"id": "z"}]})]
    assert list_endpoint_models(endpoint) == ["a", "z"]
    assert stub.requests[0]["path"] == "/v1/models"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(401, f"bad key {CANARY}"), "did not accept the key"),
        (status(200, "<html>"), "not an OpenAI reply"),
        (status(200, {"data": None}), "not an OpenAI reply"),
        (status(200, {"data": "abc"}), "not an OpenAI reply"),
        (error(500, "boom"), "failed (500)"),
    ],
)
def test_a_server_that_cannot_list(stub: Stub, monkeypatch: pytest.MonkeyPatch, answer, expected: str) -> None:
    monkeypatch.setenv("E_KEY", CANARY)
    stub.answers = [answer]
    with pytest.raises(EndpointError) as caught:
        list_endpoint_models(Endpoint(name="e", base_url=stub.base_url, key_env="E_KEY"))
    assert expected in str(caught.value) and CANARY not in str(caught.value)


def test_redaction() -> None:
    assert redact(f"a {CANARY} b", CANARY) == "a *** b"
    shown = redact(f"bad key {CANARY[:8]}********{CANARY[-4:]}", CANARY)
    assert CANARY[:8] not in shown and CANARY[-4:] not in shown
    assert redact("unchanged", None) == "unchanged"
    assert redact("short key a", "a-b") == "short key a"


def test_capabilities_are_what_settings_declare() -> None:
    plain = endpoint_capabilities(Endpoint(name="e", base_url="https://h/v1"))
    assert plain.reason("temperature") is None and plain.reason("chat") is None
    assert "add it to its extras" in (plain.reason("top_k") or "")
    for name in ("lens", "fork", "beams", "sampled_probabilities"):
        assert plain.reason(name), name
    rich = endpoint_capabilities(
        Endpoint(name="e", base_url="https://h/v1", extras=("top_k",), logprobs=0, completion=False)
    )
    assert rich.reason("top_k") is None
    assert rich.reason("token_probabilities") and rich.reason("completion")


@pytest.mark.parametrize(
    "base_url", ["http://[bad/v1", "https://host:99999/v1", "https://host:x/v1", "https:///v1", "https://a b/v1"]
)
def test_an_address_that_is_none_is_refused_at_once(loupe_home: Path, base_url: str) -> None:
    loupe_home.mkdir()
    (loupe_home / "settings.toml").write_text(f'[[endpoints]]\nname = "e"\nbase_url = "{base_url}"\n')
    get_settings.cache_clear()
    with pytest.raises(InvalidInput, match=r"endpoints\.0\.base_url .* must be an address such as") as caught:
        get_settings()
    assert "Value error" not in str(caught.value)


def test_a_client_that_cannot_be_made_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no certificates")

    monkeypatch.setattr(endpoints, "open_client", refuse)
    with pytest.raises(EndpointError, match="The endpoint e"):
        list_endpoint_models(Endpoint(name="e", base_url="https://h/v1"))


def test_a_variable_that_is_not_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_ENDPOINTS", "[")
    get_settings.cache_clear()
    with pytest.raises(InvalidInput, match="LOUPE_ENDPOINTS is not valid JSON"):
        get_settings()


def test_an_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_HOME", "")
    monkeypatch.setenv("LOUPE_DATABASE_URL", "")
    get_settings.cache_clear()
    assert get_settings().home == Path("~/.loupe").expanduser()
    assert get_settings().database_url is None


def test_a_home_of_nobody_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_HOME", "~nobody-has-this-name/x")
    get_settings.cache_clear()
    with pytest.raises(InvalidInput, match="LOUPE_HOME"):
        get_settings()
