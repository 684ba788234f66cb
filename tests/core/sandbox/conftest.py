"""What a program must not reach, put on this machine for a test: a secret, a target, listeners; and the check.

Assertions look at the machine, not at what an exception says.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from core.sandbox import Execution
from core.sandbox.engine import forget


@dataclass
class Host:
    """This machine as a program could attack it."""

    folder: Path
    secret: str
    port: int
    hits: list[str] = field(default_factory=list)

    @property
    def secret_file(self) -> Path:
        return self.folder / "secret.txt"

    @property
    def target(self) -> Path:
        return self.folder / "target.txt"

    @property
    def unix_socket(self) -> Path:
        return self.folder / "listener"

    def aim(self, code: str) -> str:
        """The program with this machine's addresses in it."""
        names = {
            "SECRET_FILE": repr(str(self.secret_file)),
            "TARGET": repr(str(self.target)),
            "FOLDER": repr(str(self.folder)),
            "LISTENER_PATH": repr(str(self.unix_socket)),
            "PORT": str(self.port),
            "HOST_PID": str(os.getpid()),
        }
        for name, value in names.items():
            code = code.replace(name, value)
        return code

    def unharmed(self, ran: Execution | None = None) -> None:
        """Nothing got out, nothing got in."""
        if ran is not None:
            said = f"{ran.stdout} {ran.result} {ran.value} {ran.error}"
            assert self.secret not in said, "the secret is in what came back"
        assert not self.target.exists(), "a file was written on this machine"
        assert self.secret_file.read_text() == self.secret, "a file of this machine was changed"
        assert self.hits == [], "a listener on this machine was reached"
        assert sorted(path.name for path in self.folder.iterdir()) == ["listener", "secret.txt"]


def descendants() -> list[psutil.Process]:
    """Living processes that come from this one and belong to the sandbox."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.name() in ("bwrap", "python3", "monty", "python"):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


_before: set[psutil.Process] = set()


@pytest.fixture(autouse=True)
def _others() -> None:
    """Note which processes other tests have left, such as that of a chat template."""
    _before.clear()
    _before.update(descendants())


def none_left() -> None:
    """After the engines have been closed, no process of theirs is alive."""
    forget()
    deadline = time.monotonic() + 10
    while (left := set(descendants()) - _before) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A secret in a file and in the environment, a place to write, TCP, UDP, path and abstract listeners."""
    folder = tmp_path / "host"
    folder.mkdir()
    secret = f"CANARY{secrets.token_hex(12)}"
    monkeypatch.setenv("LOUPE_TEST_API_KEY", secret)
    listeners = [socket.socket(socket.AF_INET, socket.SOCK_STREAM), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)]
    listeners[0].bind(("127.0.0.1", 0))
    port = listeners[0].getsockname()[1]
    made = Host(folder, secret, port)
    listeners[1].bind(str(made.unix_socket))
    abstract = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    abstract.bind(f"\0loupe-{port}")
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", port))
    made.secret_file.write_text(secret)
    stop = threading.Event()

    def watch(listener: socket.socket, name: str) -> None:
        listener.settimeout(0.05)
        if listener is not udp:
            listener.listen()
        while not stop.is_set():
            try:
                if listener is udp:
                    listener.recv(100)
                else:
                    listener.accept()
                made.hits.append(name)
            except TimeoutError:
                continue

    every = [(listeners[0], "tcp"), (listeners[1], "unix"), (abstract, "abstract"), (udp, "udp")]
    threads = [threading.Thread(target=watch, args=pair) for pair in every]
    for thread in threads:
        thread.start()
    yield made
    stop.set()
    for thread in threads:
        thread.join()
    for listener, _ in every:
        listener.close()


@pytest.fixture
def fresh() -> Iterator[None]:
    """Engines that are tested anew in this test, and again after it."""
    forget()
    yield
    forget()
