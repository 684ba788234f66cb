"""What went wrong at an endpoint, in one sentence, and whether trying again makes sense.

The sentence names the endpoint, the cause and what to do; of the provider's own words it quotes a short, redacted part.
Knows nothing of requests or streams.
"""

from __future__ import annotations

import json
import math
import socket
import ssl
from email.utils import parsedate_to_datetime
from typing import Any

from core.errors import EndpointError, LoupeError
from core.models.endpoints import redact
from core.models.wire import ReplyTooLarge
from core.settings import Endpoint

MAX_QUOTE = 200
RETRY_STATUS = frozenset({429, 500, 502, 503, 504})
MAX_RETRY_AFTER_S = 30.0
"""A server that asks for a longer pause is reported instead of waited for."""


def explain(
    error: Exception, endpoint: Endpoint, key: str | None, model: str = "", *, begun: bool = False
) -> LoupeError:
    """The sentence for `error`; a `LoupeError` stays what it is. `begun`: part of an answer had arrived."""
    import httpx2
    import openai

    if isinstance(error, LoupeError):
        return error
    name = f"The endpoint {endpoint.name}"
    quote = _quote(error, key)
    if isinstance(error, openai.APIStatusError):
        sentence = _status(error, name, endpoint, model) + quote
        return EndpointError(sentence, error.status_code, retry_after(error, math.inf))
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return EndpointError(
            f"{name} was silent for {endpoint.timeout_s:g} s; check that the server is up, or raise its timeout_s.",
            retry_after_s=retry_after(error),
        )
    broken = isinstance(error, openai.APIResponseValidationError | ValueError | AttributeError | TypeError | KeyError)
    if broken and begun:
        return EndpointError(f"{name} sent something in its stream that is not part of an OpenAI reply.")
    if broken:
        return EndpointError(
            f"{name} answered with something that is not an OpenAI reply; check that base_url ({endpoint.base_url}) "
            "ends where the server's documentation says, usually in /v1."
        )
    if isinstance(error, openai.APIConnectionError | httpx2.TransportError | OSError):
        return EndpointError(_connection(error, name, endpoint))
    if isinstance(error, ReplyTooLarge):
        return EndpointError(f"{name} was cut off: {error}.")
    if isinstance(error, openai.APIError):  # an error object in the middle of a stream
        return EndpointError(f"{name} reported an error" + (quote or "."))
    return EndpointError(f"{name} failed ({type(error).__name__})" + (quote or "."))


def retry_after(error: Exception, most: float = MAX_RETRY_AFTER_S) -> float | None:
    """Seconds to wait before trying again; `None` when trying again makes no sense, or only after more than `most`.

    0 means: the server did not say, choose yourself.
    """
    import openai

    if isinstance(error, openai.APITimeoutError):
        return 0.0
    if not isinstance(error, openai.APIStatusError) or error.status_code not in RETRY_STATUS:
        return None
    if error.code == "insufficient_quota":
        return None
    wait = _seconds(error.response.headers.get("retry-after", ""))
    return wait if wait <= most else None


def _seconds(header: str) -> float:
    """A `Retry-After` header in seconds: a number, or a date (RFC 9110, 10.2.3)."""
    import time

    try:
        return max(float(header), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(header).timestamp() - time.time(), 0.0)
    except (ValueError, OverflowError):
        return 0.0


def _status(error: Any, name: str, endpoint: Endpoint, model: str) -> str:
    status = int(error.status_code)
    where = f"environment variable {endpoint.key_env}" if endpoint.key_env else "endpoint's key_env in settings"
    if status == 401:
        return f"{name} did not accept the key (401); check the {where}."
    if status == 403:
        return f"{name} does not allow this key to use {model or 'this'} (403)."
    if status == 404 and "model" in str(error.message).lower():
        return f"{name} has no model {model or 'of this name'} (404); the Models page lists what it has."
    if status == 404:
        return f"{name} has nothing at this address (404): check that base_url ({endpoint.base_url}) ends in /v1" + (
            f" and that it has a model {model}." if model else "."
        )
    if status == 407:
        return f"The proxy between here and {endpoint.name} wants a password (407); put it into HTTPS_PROXY."
    if status == 413:
        return f"{name} refused the request as too large (413); shorten the prompt."
    if status == 429:
        wait = error.response.headers.get("retry-after", "")
        return f"{name} is limiting requests (429); try again " + (f"in {wait[:40]} s." if wait.isdigit() else "later.")
    if 300 <= status < 400:
        return f"{name} redirects elsewhere ({status}), which is not followed; set base_url to the final address."
    if status >= 500:
        return f"{name} failed ({status}); try again later, or look into the server's log."
    return f"{name} refused the request ({status})."


def _connection(error: BaseException, name: str, endpoint: Endpoint) -> str:
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    text = " ".join(str(cause) for cause in causes)
    address = endpoint.base_url
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return f"{name} cannot be found: no machine is known as the one in {address}; check base_url and the network."
    if any(isinstance(cause, ssl.SSLError) for cause in causes) or "CERTIFICATE" in text or "SSL" in text:
        return (
            f"{name} has no certificate that this machine trusts; use a valid one, or name your own authority's file "
            "in SSL_CERT_FILE."
        )
    if "407" in text:
        return f"The proxy between here and {endpoint.name} wants a password (407); put it into HTTPS_PROXY."
    if any(type(cause).__name__ == "ProxyError" for cause in causes):
        return f"The proxy between here and {endpoint.name} failed; check HTTPS_PROXY and NO_PROXY."
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return f"{name} is not running: nothing listens at {address}."
    return f"{name} closed the connection or cannot be reached at {address}; check that the server is up."


def _quote(error: Exception, key: str | None) -> str:
    """The provider's own words, shortened and without the key, as ` It says: "…"`; "" when there are none."""
    body = getattr(error, "body", None)
    message: Any = body.get("message") if isinstance(body, dict) else None
    if not isinstance(message, str) or not message.strip():
        return ""
    message = redact(" ".join(message.split()), key)
    message = "".join(char if char.isprintable() else " " for char in message)
    short = message if len(message) <= MAX_QUOTE else message[: MAX_QUOTE - 1] + "…"
    return f" It says: {json.dumps(short, ensure_ascii=False)}"
