"""Fetches one document from an http(s) address into a folder, and nothing from inside the own network.

Each hop of a redirect is checked anew, and the connection goes to the very address that was checked, whatever a name
server answers next. No cookies, no proxies from the environment, no credentials. Knows nothing of what it fetched.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from core.documents.loading.addresses import Resolver, allowed_addresses, system_resolver
from core.documents.loading.detect import BINARY_SUFFIXES, BY_SUFFIX, CODE
from core.documents.loading.source import clean_line, shown
from core.errors import LoadError

if TYPE_CHECKING:
    import ssl

    import httpcore
    import httpx

MOST_REDIRECTS = 5
BLOCK = 64 * 1024
_SUFFIX_OF = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "application/epub+zip": ".epub",
    "application/zip": ".zip",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}
_HEADERS = [
    ("User-Agent", "Loupe (fetches a document that a person asked for)"),
    ("Accept", "text/html,application/pdf,text/*;q=0.9,*/*;q=0.5"),
    ("Accept-Encoding", "gzip"),
    ("Connection", "close"),
]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document that was fetched."""

    path: Path
    """In the folder that was given, under a name of our own."""
    name: str
    """What a person calls it: the end of the address, or what the server says."""
    url: str
    """Where it came from in the end, after redirects."""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much and how long."""

    bytes: int = 50_000_000
    """As sent, and again as unpacked."""
    total_s: float = 60
    """For everything, redirects included; also a server that sends a byte a second is cut off then."""
    silence_s: float = 15
    """Longest wait for a connection or for the next byte."""


def fetch(
    url: str,
    into: Path,
    *,
    cancel: threading.Event | None = None,
    limits: FetchLimits | None = None,
    resolve: Resolver = system_resolver,
) -> Fetched:
    """Fetch a document.

    Args:
        url: http or https.
        into: the folder to write to; made if it is missing.
        cancel: once it is set, the fetch ends with a LoadError.
        limits: by default with the size that the settings say.
        resolve: looks host names up.

    Raises:
        LoadError: the address is not allowed, or does not answer as it should; one sentence.
    """
    from core.settings import get_settings

    settings = get_settings()
    fetching = _Fetch(
        limits or FetchLimits(bytes=settings.max_fetch_mb * 1_000_000), settings.allowed_fetch_hosts, resolve, cancel
    )
    into.mkdir(parents=True, exist_ok=True)
    return fetching.run(url, into)


class _Fetch:
    def __init__(
        self, limits: FetchLimits, allowed: tuple[str, ...], resolve: Resolver, cancel: threading.Event | None
    ) -> None:
        self._limits, self._allowed, self._resolve, self._cancel = limits, allowed, resolve, cancel
        self._deadline = time.monotonic() + limits.total_s
        self._host = ""

    def run(self, url: str, into: Path) -> Fetched:
        import httpcore

        address = _parsed(url)
        try:
            for _ in range(MOST_REDIRECTS + 1):
                self._host = address.host
                found = self._hop(address, into)
                if isinstance(found, Fetched):
                    return found
                address = found
        except httpcore.TimeoutException:
            raise self._too_slow() from None
        except httpcore.ConnectError as error:
            raise LoadError(f"{shown(self._host)} cannot be reached: {clean_line(str(error), 200)}.") from None
        except (httpcore.NetworkError, httpcore.ProtocolError):
            raise LoadError(f"{shown(self._host)} broke off or answered with something that is not HTTP.") from None
        raise LoadError(f"{shown(url.split('?')[0])} redirects more than {MOST_REDIRECTS} times.")

    def _hop(self, address: httpx.URL, into: Path) -> Fetched | httpx.URL:
        """One request: the document, or where it says to go."""
        import httpcore

        port = address.port or (443 if address.scheme == "https" else 80)
        pinned = allowed_addresses(
            address.raw_host.decode("ascii"),
            port,
            resolve=self._resolve,
            allowed_hosts=self._allowed,
            timeout_s=self.patience(),
        )
        target = address.copy_with(fragment=None)
        certificates = _certificates() if address.scheme == "https" else None
        with (
            httpcore.ConnectionPool(ssl_context=certificates, network_backend=_backend(pinned, self)) as pool,
            pool.stream("GET", str(target), headers=_HEADERS) as response,
        ):
            headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in reversed(response.headers)
            }
            if response.status in (301, 302, 303, 307, 308) and headers.get("location"):
                return _parsed(headers["location"], address)
            if response.status != 200:
                raise LoadError(
                    f"{shown(self._host)} answered with HTTP status {response.status} instead of a document."
                )
            name = _name(address, headers)
            path = into / f"{secrets.token_hex(16)}{re.sub(r'[^.a-z0-9]', '', PurePosixPath(name).suffix.lower())[:10]}"
            try:
                with path.open("xb") as file:
                    for block in self._body(response, headers):
                        file.write(block)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        return Fetched(path, name, str(target))

    def _body(self, response: httpcore.Response, headers: dict[str, str]) -> Iterator[bytes]:
        """The body as it was before it was packed, never more than the limit."""
        declared = headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._limits.bytes:
            raise self._too_large()
        packing = headers.get("content-encoding", "").strip().lower()
        if packing not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise LoadError(
                f"{shown(self._host)} sends its answer packed as {shown(packing)}, which was not asked for."
            )
        unpack = zlib.decompressobj(47) if packing not in ("", "identity") else None  # 47: gzip or zlib, by its header
        sent = whole = 0
        for block in response.iter_stream():
            self.patience()
            sent += len(block)
            while block:
                if unpack is None:
                    out, block = block, b""
                else:
                    try:
                        out = unpack.decompress(block, BLOCK)
                    except zlib.error:
                        raise LoadError(f"{shown(self._host)} sends a damaged gzip stream.") from None
                    block = unpack.unconsumed_tail
                whole += len(out)
                if sent > self._limits.bytes or whole > self._limits.bytes:
                    raise self._too_large()
                yield out
        if unpack is not None and not unpack.eof:
            raise LoadError(f"{shown(self._host)} broke off in the middle of the document.")

    def patience(self) -> float:
        """Seconds that the next step may take.

        Raises:
            LoadError: the time is up, or it was cancelled.
        """
        if self._cancel is not None and self._cancel.is_set():
            raise LoadError(f"Fetching from {shown(self._host)} was cancelled.")
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._too_slow()
        return min(left, self._limits.silence_s)

    def _too_slow(self) -> LoadError:
        return LoadError(
            f"{shown(self._host)} is too slow: no answer within {self._limits.silence_s:g} s, or not all of it within "
            f"{self._limits.total_s:g} s."
        )

    def _too_large(self) -> LoadError:
        return LoadError(
            f"The document from {shown(self._host)} is larger than the limit of {self._limits.bytes / 1e6:g} MB; "
            f"raise max_fetch_mb in the settings, or download it and add the file."
        )


def _parsed(url: str, base: httpx.URL | None = None) -> httpx.URL:
    """The address, checked for what it must not hold; relative to `base` where it is the target of a redirect.

    Raises:
        LoadError: it is no http(s) address.
    """
    import httpx

    try:
        address = httpx.URL(url.strip()) if base is None else base.join(url)
        usable = bool(address.host) and (address.port is None or 0 < address.port < 65536)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise LoadError(f"{shown(url)} is not a valid address; write it as https://HOST/PATH.") from None
    if address.scheme not in ("http", "https"):
        raise LoadError(f"{shown(url)}: address not allowed; only http and https addresses are fetched.")
    if not usable:
        raise LoadError(f"{shown(url)} is not a valid address; write it as https://HOST/PATH.")
    if address.userinfo:
        raise LoadError("The address holds a user name or password: address not allowed; leave them out.")
    return address


def _name(address: httpx.URL, headers: dict[str, str]) -> str:
    """A file name for a person: from the server or the address, with a suffix that fits what was sent."""
    said = headers.get("content-disposition", "")
    found = re.search(r"filename\*\s*=\s*(?:utf-8|iso-8859-1)''([^;]+)", said, re.IGNORECASE)
    plain = re.search(r'filename\s*=\s*(?:"([^"]*)"|([^;]+))', said, re.IGNORECASE)
    name = unquote(found[1]) if found else (plain[1] or plain[2] or "") if plain else ""
    name = name or unquote(address.path.rstrip("/").rsplit("/", 1)[-1])
    name = clean_line(re.split(r"[/\\]", name)[-1], 120).lstrip(".") or address.host
    media = headers.get("content-type", "").split(";")[0].strip().lower()
    wanted = _SUFFIX_OF.get(media, "")
    suffix = PurePosixPath(name).suffix.lower()
    known = suffix in BY_SUFFIX or suffix in BINARY_SUFFIXES or suffix in CODE or suffix == ".txt"
    page_of_text = wanted == ".html" and known and BY_SUFFIX.get(suffix) != "html" and suffix not in BINARY_SUFFIXES
    return name if known and not page_of_text else name + wanted


def _certificates() -> ssl.SSLContext:
    """The system's certificates (or SSL_CERT_FILE) and certifi's; host names are checked."""
    import ssl

    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _backend(pinned: list[str], fetching: _Fetch) -> httpcore.NetworkBackend:
    """Connections to the pinned addresses only, whatever host they are for, each step within the time that is left."""
    import httpcore

    class Stream(httpcore.NetworkStream):
        def __init__(self, inner: httpcore.NetworkStream) -> None:
            self._inner = inner

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            return self._inner.read(max_bytes, fetching.patience())

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            self._inner.write(buffer, fetching.patience())

        def close(self) -> None:
            self._inner.close()

        def start_tls(
            self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
        ) -> httpcore.NetworkStream:
            return Stream(self._inner.start_tls(ssl_context, server_hostname, fetching.patience()))

        def get_extra_info(self, info: str) -> Any:
            return self._inner.get_extra_info(info)

    class Backend(httpcore.NetworkBackend):
        def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Any = None,
        ) -> httpcore.NetworkStream:
            problem: Exception | None = None
            for address in pinned:
                try:
                    return Stream(httpcore.SyncBackend().connect_tcp(address, port, fetching.patience()))
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    problem = error
            raise problem or httpcore.ConnectError("it has no address")

    return Backend()
