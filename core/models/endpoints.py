"""OpenAI-compatible endpoints: which there are, their keys, and a client that gives away no more than it must.

Only endpoints that an administrator listed in settings exist; nobody can name an address of their own. A key is read
from the environment or `secrets.toml` at the moment of a call and goes into one header of one request: it is never
stored, logged or part of a message. Knows nothing of generation; what an endpoint's failures mean is in
`core.models.endpoint_errors`.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.errors import EndpointError, InvalidInput, NotFound
from core.models.wire import Wire
from core.settings import Endpoint, get_settings

if TYPE_CHECKING:
    import httpx2
    from openai import OpenAI

CONNECT_TIMEOUT_S = 10.0
LIST_TIMEOUT_S = 5.0
LIST_MAX_BYTES = 4 * 2**20
OTHER_CREDENTIALS = ("authorization", "openai-organization", "openai-project", "cookie")
"""Headers the OpenAI client fills from environment variables that belong to OpenAI, not to this endpoint."""


def find_endpoint(name: str) -> Endpoint:
    """The endpoint of this name.

    Raises:
        NotFound: there is none; the sentence lists those there are.
    """
    endpoints = {endpoint.name: endpoint for endpoint in get_settings().endpoints}
    if name in endpoints:
        return endpoints[name]
    known = f"there are {', '.join(sorted(endpoints))}" if endpoints else "none is listed in settings.toml yet"
    raise NotFound(f"There is no endpoint named {name[:64]!r}; {known}.")


def api_key(endpoint: Endpoint) -> str | None:
    """The key of `endpoint`: from the environment, else from `secrets.toml`; `None` where it needs none.

    `secrets.toml` is looked for in the data directory and in `.streamlit/`; the entry stands at the top or under
    `[keys]`.

    Raises:
        InvalidInput: the endpoint needs a key that is nowhere, a `secrets.toml` is not valid TOML, or the key holds
            characters that no HTTP header may hold.
    """
    name = endpoint.key_env
    if name is None:
        return None
    key = os.environ.get(name) or _from_secrets(name)
    if not key:
        raise InvalidInput(
            f"The endpoint {endpoint.name} needs a key: set the environment variable {name}, or add {name} to "
            "secrets.toml in the data directory."
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidInput(
            f"The key in {name} holds a space, a line break or a letter outside ASCII; copy it again without them."
        )
    return key


def key_source(endpoint: Endpoint) -> str:
    """Where the key comes from, in words for a page: never the key."""
    name = endpoint.key_env
    if name is None:
        return "no key needed"
    if os.environ.get(name):
        return f"environment variable {name}"
    return f"{name} in secrets.toml" if _from_secrets(name) else f"missing: set {name}"


def _from_secrets(name: str) -> str | None:
    for path in (get_settings().home / "secrets.toml", Path(".streamlit") / "secrets.toml"):
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError):  # the parser's message may quote the line, and the line a key
            raise InvalidInput(f"{path} cannot be read as TOML; correct or remove it.") from None
        keys = content.get("keys")
        for table in (keys, content) if isinstance(keys, dict) else (content,):
            if isinstance(table.get(name), str):
                return str(table[name])
    return None


def is_loopback(base_url: str) -> bool:
    """Whether the address is this machine's own, so that what is sent stays here."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def endpoint_warnings(endpoint: Endpoint) -> list[str]:
    """What a person should know before using `endpoint`, one sentence each."""
    if endpoint.base_url.startswith("https://") or is_loopback(endpoint.base_url):
        return []
    if endpoint.key_env is None:
        return [f"Prompts and answers of {endpoint.name} travel unencrypted (http)."]
    return [f"The key and the prompts for {endpoint.name} travel unencrypted (http)."]


def redact(text: str, key: str | None) -> str:
    """`text` with every appearance of `key` blanked: providers echo keys in their error messages."""
    if not key:
        return text
    text = text.replace(key, "***")
    # OpenAI echoes "sk-ab…wxyz" with the middle starred out: the two ends are a part of the key too.
    for end in (key[:8], key[-4:]) if len(key) >= 16 else ():
        text = text.replace(end, "***")
    return text


def open_client(endpoint: Endpoint, wire: Wire, *, timeout_s: float | None = None) -> OpenAI:
    """A client for one call to `endpoint`, without retries and without following redirects; close it afterwards.

    Args:
        endpoint: where to.
        wire: ends the call from another thread, and limits the reply.
        timeout_s: longest silence in seconds, by default the endpoint's own.

    Raises:
        InvalidInput: the key is missing.
        EndpointError: the key would travel over plain http to another machine.
    """
    import httpx2
    from openai import OpenAI

    key = api_key(endpoint)
    if key and endpoint_warnings(endpoint) and not endpoint.allow_http:
        raise EndpointError(
            f"The key of endpoint {endpoint.name} was not sent, because its address {endpoint.base_url} is not "
            "encrypted; use https, or set allow_http = true for it in settings.toml."
        )

    def only_this_key(request: httpx2.Request) -> None:
        for header in OTHER_CREDENTIALS:
            request.headers.pop(header, None)
        if key:
            request.headers["authorization"] = f"Bearer {key}"
        request.headers["accept-encoding"] = "identity"

    hooks: dict[str, list[Any]] = {**wire.hooks, "request": [*wire.hooks["request"], only_this_key]}
    silence = timeout_s or endpoint.timeout_s
    http = httpx2.Client(
        event_hooks=hooks,
        follow_redirects=False,  # a redirect could lead to an address that nobody listed
        timeout=httpx2.Timeout(silence, connect=min(silence, CONNECT_TIMEOUT_S)),
    )
    return OpenAI(api_key=key or "none", base_url=endpoint.base_url, http_client=http, max_retries=0)


def list_endpoint_models(endpoint: Endpoint) -> list[str]:
    """Model names to offer: those in settings, else those the server lists.

    Raises:
        EndpointError, InvalidInput: the server cannot be asked; one sentence.
    """
    if endpoint.models:
        return list(endpoint.models)
    from core.models.endpoint_errors import explain

    key = api_key(endpoint)
    try:
        with open_client(endpoint, Wire(LIST_MAX_BYTES), timeout_s=min(LIST_TIMEOUT_S, endpoint.timeout_s)) as client:
            page = client.models.list()
            names = [str(model.id) for model in page.data if model.id]
    except Exception as error:  # every failure of a foreign server becomes one sentence
        raise explain(error, endpoint, key) from None
    return sorted(set(names))
