"""OpenAI-compatible servers on loopback for tests: llama.cpp's own with real weights, and one that fails on demand."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CANARY = "sk-CANARY-0123456789abcdef-wxyz"


@contextmanager
def llama_server(model: Path, *, key: str = CANARY, parallel: int = 2) -> Iterator[str]:
    """llama.cpp's OpenAI server with `model` on a free port; yields its base_url. `key` is required of callers."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = ["tiny"]
    params.n_ctx = 2048
    params.n_parallel = parallel
    params.kv_unified = True
    params.hostnames = ["127.0.0.1"]
    params.port = free_port()
    params.api_keys = [key]
    params.verbosity = -1
    params.warmup = False
    params.cache_ram_mib = 0
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass
class Stub:
    """A server whose answers a test writes: `answers` are used one a request, the last one again and again."""

    base_url: str
    answers: list[Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Of every request: method, path, headers (lower-case names), body."""
    closed: threading.Event = field(default_factory=threading.Event)
    """Set when a client went away while a `stall` was going on."""
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def stub_server() -> Iterator[Stub]:
    """A `Stub` listening on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            raw = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            stub.requests.append(
                {
                    "method": self.command,
                    "path": self.path,
                    "headers": headers,
                    "body": json.loads(raw) if raw else None,
                }
            )
            answer = stub.answers[min(len(stub.requests), len(stub.answers)) - 1]
            self.stub = stub
            try:
                answer(self)
            except (BrokenPipeError, ConnectionResetError):
                stub.closed.set()
            self.close_connection = True

        do_GET = do_POST = handle_one

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stub = Stub(f"http://127.0.0.1:{server.server_address[1]}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield stub
    stub.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


Answer = Callable[[BaseHTTPRequestHandler], None]


def status(code: int, body: Any = None, **headers: str) -> Answer:
    """A plain answer; `body` as JSON, or as it is if it is a string."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        text = body if isinstance(body, str) else json.dumps(body if body is not None else {})
        kind = "text/html" if isinstance(body, str) else "application/json"
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-type", kind)
        handler.send_header("content-length", str(len(text.encode())))
        handler.end_headers()
        handler.wfile.write(text.encode())

    return answer


def error(code: int, message: str, **headers: str) -> Answer:
    """An error as OpenAI writes it."""
    return status(code, {"error": {"message": message, "type": "error", "code": None}}, **headers)


def piece(text: str = "", *, finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    """One chunk of a streamed chat."""
    choice = {"index": index, "delta": {"content": text} if text else {}, "finish_reason": finish, **more}
    return {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}


def usage(prompt: int, completion: int) -> dict[str, Any]:
    """The last chunk of a stream with `include_usage`."""
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [], "usage": counts}


def sse(*chunks: dict[str, Any] | bytes, done: bool = True, stall: bool = False, split: int = 0) -> Answer:
    """A stream of `chunks` (raw bytes are sent as they are); with `stall` it then says nothing until the client leaves.

    With `split` the bytes go out in writes of that size.
    """

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.end_headers()
        frames = [
            chunk if isinstance(chunk, bytes) else b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"
            for chunk in chunks
        ]
        data = b"".join([*frames, b"data: [DONE]\n\n" if done else b""])
        step = split or len(data) or 1
        for start in range(0, len(data), step):
            handler.wfile.write(data[start : start + step])
            handler.wfile.flush()
        if stall:
            wait_until_gone(handler)

    return answer


def silence(handler: BaseHTTPRequestHandler) -> None:
    """Not even headers."""
    wait_until_gone(handler)


def wait_until_gone(handler: BaseHTTPRequestHandler) -> None:
    """Block until the client closes the connection, then set `Stub.closed`."""
    stub: Stub = handler.stub  # type: ignore[attr-defined]
    handler.connection.settimeout(0.05)
    while not stub.over.is_set():
        try:
            if handler.connection.recv(1) == b"":
                stub.closed.set()
                return
        except TimeoutError:
            continue
        except OSError:
            stub.closed.set()
            return


@contextmanager
def tls_server() -> Iterator[str]:
    """A server with a certificate that nobody signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("self_signed.pem"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] - the client hangs up, as it should
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()
