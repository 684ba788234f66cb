"""Fetching: which addresses are allowed, on every hop; how much and how long; and what comes of it."""

from __future__ import annotations

import datetime
import gzip
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents.loading import FetchLimits, fetch
from core.documents.loading.addresses import is_public
from core.errors import LoadError
from core.settings import get_settings

NOT_ALLOWED = "address not allowed"


class Site:
    """A server on this machine; `pages` maps a path to what answers it, `asked` is what was asked for."""

    def __init__(self, certificate: Path | None = None, address: str = "127.0.0.1") -> None:
        self.pages: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                site.headers.append({name.lower(): value for name, value in self.headers.items()})
                try:
                    site.pages[self.path.split("?")[0]](self)
                except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer((address, 0), Handler)
        self.server.daemon_threads = True
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self.pages[path] = answer

    def moved(self, path: str, to: str, status: int = 302) -> None:
        self.page(path, b"", status, Location=to)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def allow(*hosts: str) -> None:
        import json

        monkeypatch.setenv("LOUPE_ALLOWED_FETCH_HOSTS", json.dumps(hosts))
        get_settings.cache_clear()

    return allow


def to_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "localhost",
            "localhost.",
            "LOCALHOST",
            "0",
            "0x7f000001",
            "2130706433",
            "017700000001",
            "127.1",
        ),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]"),
        *("[2002:7f00:1::]", "[fe80::1]", "[fc00::1]", "[fec0::1]", "169.254.169.254", "[fd00:ec2::254]"),
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.100.100.200", "168.63.129.16", "224.0.0.1", "255.255.255.255"),
        *(
            "metadata.google.internal",
            "metadata",
            "kubernetes.default.svc.cluster.local",
            "printer.local",
            "a.localhost",
        ),
    ],
)
def test_addresses_inside_are_refused_before_anything_is_sent(site: Site, tmp_path: Path, host: str) -> None:
    site.page("/", b"secret")
    with pytest.raises(LoadError, match=NOT_ALLOWED):
        fetch(f"http://{host}:{site.port}/", tmp_path)
    assert site.asked == []


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "gopher://example.org/", "ftp://example.org/x", "data:text/plain,x", "//example.org/x"),
        *("javascript:alert(1)", "http://user:secret@example.org/", "unix:/var/run/docker.sock"),
    ],
)
def test_other_schemes_and_passwords_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(LoadError, match=NOT_ALLOWED) as caught:
        fetch(url, tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://", "https:///x", "http://[::1", "http://a:99999/", "http://①②⑦.⓪.⓪.①/", "http://a\0b/"]
)
def test_what_is_no_address(tmp_path: Path, url: str) -> None:
    with pytest.raises(LoadError, match=r"is not a valid address|not found|not allowed"):
        fetch(url, tmp_path)


def test_a_name_that_points_inside_is_refused(site: Site, tmp_path: Path) -> None:
    site.page("/", b"secret")
    for answer in (["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::1"]):
        with pytest.raises(LoadError, match=NOT_ALLOWED):
            fetch(f"http://evil.example:{site.port}/", tmp_path, resolve=lambda host, port, answer=answer: answer)
    assert site.asked == []


def test_a_name_that_nobody_knows(tmp_path: Path) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(LoadError, match=r"^nowhere\.example was not found \(name or service not known\)"):
        fetch("http://nowhere.example/", tmp_path, resolve=unknown)


def test_the_connection_goes_where_the_check_looked(tmp_path: Path, allow: Callable[..., None]) -> None:
    """DNS rebinding: a second look-up would give another address."""
    inside, outside = Site(address="127.0.0.2"), Site(address="127.0.0.1")
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])
    try:
        outside.page("/a.txt", b"good")
        inside.page("/a.txt", b"secret")
        allow("rebind.example")
        fetched = fetch(
            f"http://rebind.example:{outside.port}/a.txt", tmp_path, resolve=lambda host, port: next(answers)
        )
        assert fetched.path.read_bytes() == b"good"
        assert inside.asked == []
        assert next(answers) == ["127.0.0.2"]  # looked up once only
    finally:
        inside.close()
        outside.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_redirect_is_checked(site: Site, tmp_path: Path, allow: Callable[..., None], status: int) -> None:
    hidden = Site(address="127.0.0.2")
    try:
        hidden.page("/", b"secret")
        allow(f"127.0.0.1:{site.port}")
        for target in (f"http://127.0.0.2:{hidden.port}/", "http://169.254.169.254/latest", "file:///etc/passwd"):
            site.moved("/start", target, status)
            with pytest.raises(LoadError, match=NOT_ALLOWED):
                fetch(f"http://127.0.0.1:{site.port}/start", tmp_path)
        assert hidden.asked == []
        assert list(tmp_path.glob("*.*")) == []
    finally:
        hidden.close()


def test_redirects_are_followed_and_counted(site: Site, tmp_path: Path, allow: Callable[..., None]) -> None:
    allow("127.0.0.1")
    for number in range(5):
        site.moved(f"/{number}", f"/{number + 1}" if number % 2 else f"http://127.0.0.1:{site.port}/{number + 1}")
    site.page("/5", b"<p>end</p>", Content_Type="text/html")
    fetched = fetch(f"http://127.0.0.1:{site.port}/0", tmp_path)
    assert (fetched.name, fetched.url) == ("5.html", f"http://127.0.0.1:{site.port}/5")
    site.moved("/5", "/0")
    with pytest.raises(LoadError, match="redirects more than 5 times"):
        fetch(f"http://127.0.0.1:{site.port}/0", tmp_path)


def test_an_allowed_host_is_allowed_at_its_port_only(site: Site, tmp_path: Path, allow: Callable[..., None]) -> None:
    site.page("/a.md", b"# Title")
    allow(f"wiki.intranet:{site.port}")
    fetched = fetch(f"http://wiki.intranet:{site.port}/a.md", tmp_path, resolve=to_loopback)
    assert fetched.path.read_bytes() == b"# Title"
    for url in (f"http://wiki.intranet:{site.port + 1}/a.md", f"http://evil.intranet:{site.port}/a.md"):
        with pytest.raises(LoadError, match=NOT_ALLOWED):
            fetch(url, tmp_path, resolve=to_loopback)


def test_nothing_of_ours_is_sent(
    site: Site, tmp_path: Path, allow: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens: it would fail
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login canary password canary")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    allow("127.0.0.1")
    site.page("/", b"text", Set_Cookie="a=canary")
    site.moved("/to", "/", 302)
    fetch(f"http://127.0.0.1:{site.port}/", tmp_path)
    fetch(f"http://127.0.0.1:{site.port}/to", tmp_path)
    assert len(site.headers) == 3
    assert all(set(sent) <= {"host", "user-agent", "accept", "accept-encoding", "connection"} for sent in site.headers)


@pytest.mark.parametrize(
    ("path", "headers", "name"),
    [
        ("/report.pdf", {"Content_Type": "application/octet-stream"}, "report.pdf"),
        ("/wiki/Lens", {"Content_Type": "text/html; charset=utf-8"}, "Lens.html"),
        ("/blob/README.md", {"Content_Type": "text/html"}, "README.md.html"),
        ("/a%20b.txt", {"Content_Type": "text/plain"}, "a b.txt"),
        ("/", {"Content_Type": "application/pdf"}, "127.0.0.1.pdf"),
        ("/get", {"Content_Disposition": 'attachment; filename="../../etc/pass wd.csv"'}, "pass wd.csv"),
        ("/get", {"Content_Disposition": "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe.txt"}, "Größe.txt"),
        ("/..%2f..%2fevil.txt", {}, "evil.txt"),
    ],
)
def test_names(
    site: Site, tmp_path: Path, allow: Callable[..., None], path: str, headers: dict[str, str], name: str
) -> None:
    allow("127.0.0.1")
    site.page(path, b"x", **headers)
    fetched = fetch(f"http://127.0.0.1:{site.port}{path}?token=s", tmp_path / "into")
    assert fetched.name == name
    assert fetched.path.parent == tmp_path / "into"
    assert fetched.path.suffix == Path(name).suffix


def test_sizes(site: Site, tmp_path: Path, allow: Callable[..., None]) -> None:
    allow("127.0.0.1")
    limits = FetchLimits(bytes=100_000)

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x" * 10_000)

    site.page("/just", b"x" * 100_000)
    site.page("/declared", b"x" * 100_001)
    site.page("/bomb", gzip.compress(b"\0" * 50_000_000), Content_Encoding="gzip")
    site.page("/packed", gzip.compress(b"hello " * 1000), Content_Encoding="gzip")
    site.pages["/endless"] = endless
    url = f"http://127.0.0.1:{site.port}"
    assert fetch(f"{url}/just", tmp_path, limits=limits).path.stat().st_size == 100_000
    assert fetch(f"{url}/packed", tmp_path, limits=limits).path.read_bytes() == b"hello " * 1000
    for path in ("/declared", "/bomb", "/endless"):
        with pytest.raises(LoadError, match=r"is larger than the limit of 0\.1 MB"):
            fetch(url + path, tmp_path, limits=limits)
    assert len(list(tmp_path.glob("*.*")) + [file for file in tmp_path.iterdir() if file.is_file()]) <= 4


def test_slow_servers_are_cut_off(site: Site, tmp_path: Path, allow: Callable[..., None]) -> None:
    allow("127.0.0.1")

    def drip_body(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.1)

    def drip_headers(handler: BaseHTTPRequestHandler) -> None:
        while True:
            handler.wfile.write(b"H")
            handler.wfile.flush()
            time.sleep(0.1)

    def silent(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(20)

    site.pages |= {"/body": drip_body, "/headers": drip_headers, "/silent": silent}
    for path in site.pages:
        began = time.monotonic()
        with pytest.raises(LoadError, match="is too slow"):
            fetch(f"http://127.0.0.1:{site.port}{path}", tmp_path, limits=FetchLimits(total_s=1.5, silence_s=1))
        assert time.monotonic() - began < 15
    assert not [file for file in tmp_path.iterdir() if file.is_file()]


def test_a_slow_resolver_is_not_waited_for(tmp_path: Path) -> None:
    def slow(host: str, port: int) -> list[str]:
        time.sleep(20)
        return []

    with pytest.raises(LoadError, match="was not found within 1 s"):
        fetch("http://slow.example/", tmp_path, limits=FetchLimits(total_s=1), resolve=slow)


def test_cancel(site: Site, tmp_path: Path, allow: Callable[..., None]) -> None:
    allow("127.0.0.1")
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(LoadError, match="was cancelled"):
        fetch(f"http://127.0.0.1:{site.port}/", tmp_path, cancel=cancel)
    assert site.asked == []


def test_answers_that_are_no_document(site: Site, tmp_path: Path, allow: Callable[..., None]) -> None:
    allow("127.0.0.1")

    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"x" * 10)
        handler.close_connection = True

    def no_http(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"\0\1\2\3 nonsense\r\n\r\n")

    site.page("/404", b"", 404)
    site.page("/br", b"x", Content_Encoding="br")
    site.page("/damaged", b"no gzip", Content_Encoding="gzip")
    site.page("/half", gzip.compress(b"x" * 10_000)[:-10], Content_Encoding="gzip")
    site.pages |= {"/cut": cut, "/no": no_http}
    for path, sentence in {
        "/404": "answered with HTTP status 404",
        "/br": "packed as br, which was not asked for",
        "/damaged": "sends a damaged gzip stream",
        "/half": "broke off in the middle",
        "/cut": "broke off or answered with something that is not HTTP",
        "/no": "broke off or answered with something that is not HTTP",
    }.items():
        with pytest.raises(LoadError, match=sentence):
            fetch(f"http://127.0.0.1:{site.port}{path}", tmp_path)
    assert not [file for file in tmp_path.iterdir() if file.is_file()]
    site.close()
    with pytest.raises(LoadError, match=r"^127\.0\.0\.1 cannot be reached"):
        fetch(f"http://127.0.0.1:{site.port}/", tmp_path)


def certificate(folder: Path, host: str) -> Path:
    """Key and self-signed certificate of a host, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "certificate.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_https_checks_the_name_though_the_address_is_pinned(
    tmp_path: Path, allow: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = certificate(tmp_path, "docs.example")
    site = Site(path)
    into = tmp_path / "into"
    try:
        site.page("/a.txt", b"over TLS")
        allow("docs.example", "other.example")
        with pytest.raises(LoadError, match=r"cannot be reached: .*certificate"):  # nobody vouches for it
            fetch(f"https://docs.example:{site.port}/a.txt", into, resolve=to_loopback)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        fetched = fetch(f"https://docs.example:{site.port}/a.txt", into, resolve=to_loopback)
        assert fetched.path.read_bytes() == b"over TLS"
        with pytest.raises(LoadError, match=r"cannot be reached: .*certificate"):
            fetch(f"https://other.example:{site.port}/a.txt", into, resolve=to_loopback)
    finally:
        site.close()


@given(st.ip_addresses(v=4))
def test_no_private_ipv4_is_public_in_any_wrapping(address: Any) -> None:
    number = int(address)
    wrapped = [
        f"::ffff:{address}",
        str(ipaddress.IPv6Address(number)),
        str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80))),
        str(ipaddress.IPv6Address((0x64FF9B << 96) | number)),
    ]
    if not address.is_global:
        assert not is_public(str(address))
        assert not any(is_public(form) for form in wrapped)
    assert not any(is_public(form) for form in wrapped[1:])


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)
