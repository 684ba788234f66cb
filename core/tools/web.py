"""Asks one server for JSON within bounds: time, size, and never another host.

Every failure is one reason in words, for whoever asked goes on without an answer. Knows nothing of what is asked.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core import __version__

if TYPE_CHECKING:
    import httpx

SILENCE_S = 5.0
"""Longest wait for a connection and between two pieces of an answer."""
TOTAL_S = 10.0
MAX_BYTES = 4 * 2**20
MAX_REDIRECTS = 3
USER_AGENT = f"Loupe/{__version__} (a lab for language models, run by the person who asks) python-httpx"
"""Wikimedia asks every program to say who it is."""


class Unavailable(Exception):
    """There is no answer; the text says why, as the end of a sentence."""


def get_json(address: str, asked: Mapping[str, str], cancel: threading.Event) -> dict[str, Any]:
    """The JSON object that `address` gives for the parameters `asked`.

    Raises:
        Unavailable: there is none.
    """
    import httpx

    until = time.monotonic() + TOTAL_S
    headers = {"user-agent": USER_AGENT, "accept": "application/json", "accept-encoding": "identity"}
    try:
        with httpx.Client(timeout=httpx.Timeout(SILENCE_S), headers=headers, follow_redirects=False) as client:
            request = client.build_request("GET", httpx.URL(address).copy_merge_params(dict(asked)))
            for _ in range(MAX_REDIRECTS + 1):
                response = client.send(request, stream=True)
                try:
                    if (following := response.next_request) is None:
                        _require_success(response)
                        return _object(_body(response, until, cancel))
                finally:
                    response.close()
                if _origin(following.url) != _origin(request.url):
                    raise Unavailable(f"it sends us on to another server, {following.url.host or 'which has no name'}")
                request = following
            raise Unavailable("it sends us in a circle")
    except httpx.TimeoutException:
        raise Unavailable(f"it did not answer within {SILENCE_S:g} seconds") from None
    except httpx.ConnectError:
        raise Unavailable("it cannot be reached; this machine may be offline") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"the connection failed ({type(error).__name__})") from None


def _require_success(response: httpx.Response) -> None:
    status = response.status_code
    if status == 429:
        wait = response.headers.get("retry-after", "")
        again = f"; it asks to wait {wait} seconds" if wait.isascii() and wait.isdecimal() and len(wait) < 7 else ""
        raise Unavailable(f"it had too many requests (429){again}")
    if status != 200:
        raise Unavailable(f"it answered with status {status}")


def _body(response: httpx.Response, until: float, cancel: threading.Event) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":  # a few kilobytes may unpack to gigabytes
        raise Unavailable("it sends a packed answer, which was not asked for")
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > MAX_BYTES:
            raise Unavailable(f"its answer is larger than {MAX_BYTES // 2**20} MB")
        if cancel.is_set():
            raise Unavailable("the run was stopped")
        if time.monotonic() > until:
            raise Unavailable(f"its answer took more than {TOTAL_S:g} seconds")
    return bytes(body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):  # also bytes that are no text
        answer = None
    if not isinstance(answer, dict):
        raise Unavailable("its answer is not the JSON it should be")
    return answer


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
