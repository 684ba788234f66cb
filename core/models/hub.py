"""Models from the Hugging Face hub: where they are on this machine, and downloading them.

A download runs in a child process (`core.models.hub_worker`): cancelling kills it, whatever it waits for, and the hub
token stays out of this process. What has arrived stays in a partial folder, so that the next attempt resumes; a
finished download appears by one rename. Knows nothing of loading: a finished download is a folder like any other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core import errors
from core.errors import Conflict, InvalidInput, LoupeError, NotFound
from core.models.child import PROJECT, child_environment
from core.models.reference import ModelRef, parse_ref
from core.settings import ensure_home, get_settings

State = Literal["running", "finished", "cancelled", "failed"]

POLL_S = 0.1
RATE_WINDOW_S = 10.0
"""The rate is that of the last seconds, so that it follows the line and not the average."""
PASSED_ON = ("HF_TOKEN", "HF_ENDPOINT", "HF_HOME", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "no_proxy")


def hub_dir() -> Path:
    """Where downloads live."""
    return get_settings().models_dir / "hub"


def download_folder(ref: ModelRef) -> Path:
    """Where the download of an `hf:` reference lives or would live."""
    revision = f"@{ref.revision.replace('/', '--')}" if ref.revision else ""
    return hub_dir() / (ref.name.replace("/", "--") + revision)


def partial_folder(ref: ModelRef) -> Path:
    """Where what has arrived so far is kept; hidden from the registry."""
    return hub_dir() / ".partial" / download_folder(ref).name


def local_folder(ref: ModelRef) -> Path:
    """The folder of a downloaded model: Loupe's own download, else the hub library's cache.

    Raises:
        NotFound: it is in neither; the sentence says how to get it.
    """
    folder = download_folder(ref)
    if folder.is_dir():
        return folder
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(ref.name, "config.json", revision=ref.revision)
    if isinstance(cached, str):
        return Path(cached).parent
    raise NotFound(
        f"{ref.base} is not downloaded; download it on the Models page or with loupe models --download {ref.base}."
    )


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How far a download has come, at one moment."""

    ref: str
    state: State
    done_bytes: int
    total_bytes: int | None
    """`None` until the hub has listed the files."""
    rate: float | None
    """Bytes per second over the last seconds."""
    eta_s: float | None
    file: str
    """What is being downloaded now."""
    error: str | None
    """Why it failed, one sentence."""


class Download:
    """One download under way or done; made by `start_download`."""

    def __init__(self, ref: ModelRef) -> None:
        self.ref = ref.base
        self._ref = ref
        self._lock = threading.Lock()
        self._state: State = "running"
        self._error: LoupeError | None = None
        self._reported: LoupeError | None = None  # by the worker, before it has ended
        self._total: int | None = None
        self._sizes: dict[str, int] = {}
        self._marks: deque[tuple[float, int]] = deque()
        self._cancelled = threading.Event()
        self._ended = threading.Event()
        threading.Thread(target=self._run, name=f"download {ref.name}", daemon=True).start()

    def progress(self) -> DownloadProgress:
        """How far it has come."""
        with self._lock:
            done, file = self._arrived()
            rate = self._rate(done)
            left = None if self._total is None else max(self._total - done, 0)
            eta = left / rate if left is not None and rate and self._state == "running" else None
            error = str(self._error) if self._error else None
            return DownloadProgress(self.ref, self._state, done, self._total, rate, eta, file, error)

    def cancel(self) -> None:
        """Stop within a second; what has arrived is kept for a later attempt."""
        self._cancelled.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; whether it came within `timeout_s` seconds.

        Raises:
            LoupeError: the download failed; one sentence.
        """
        ended = self._ended.wait(timeout_s)
        if self._error is not None:
            raise self._error
        return ended

    def _run(self) -> None:
        try:
            state: State = "finished" if self._download() else "cancelled"
            error: LoupeError | None = None
        except LoupeError as failure:
            state, error = "failed", failure
        except OSError as failure:
            state = "failed"
            error = errors.ModelLoadError(f"{self.ref} could not be downloaded: {failure.strerror or failure}.")
        with self._lock:
            self._state, self._error = state, error
        self._ended.set()

    def _download(self) -> bool:
        from filelock import FileLock, Timeout

        partial = partial_folder(self._ref)
        partial.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(f"{partial}.lock", timeout=0):
                worker = _start_worker(self._ref, partial)
                reader = threading.Thread(target=self._read, args=(worker,), daemon=True)
                reader.start()
                while worker.poll() is None and not self._cancelled.wait(POLL_S):
                    pass
                finished = worker.poll() == 0 and not self._cancelled.is_set()
                worker.kill()
                worker.wait()
                reader.join()
                for pipe in (worker.stdin, worker.stdout):
                    if pipe is not None:
                        pipe.close()
                if self._reported is not None:
                    raise self._reported
                if self._cancelled.is_set():
                    return False
                if not finished:
                    raise errors.ModelLoadError(f"The download of {self.ref} ended early; start it again to resume.")
                return self._publish(partial)
        except Timeout:
            raise Conflict(f"{self.ref} is being downloaded by another process.") from None

    def _publish(self, partial: Path) -> bool:
        from core.models.safety import inspect_folder

        inspect_folder(partial)
        target = download_folder(self._ref)
        if target.exists():
            raise Conflict(f"{self.ref} has been downloaded by another process meanwhile.")
        partial.rename(target)
        return True

    def _read(self, worker: subprocess.Popen[bytes]) -> None:
        """The worker's messages: the plan (`files`: name to bytes), then at most one error."""
        if worker.stdout is None:
            return
        for line in worker.stdout:
            message = json.loads(line)
            with self._lock:
                if "files" in message:
                    self._sizes = message["files"]
                    self._total = sum(self._sizes.values())
                if "error" in message:
                    kind = getattr(errors, message["kind"])
                    self._reported = kind(message["error"])

    def _arrived(self) -> tuple[int, str]:
        """Bytes on disk, and the file that is growing."""
        if self._state == "finished":
            return self._total or 0, ""
        partial, done, current = partial_folder(self._ref), 0, ""
        for name, size in self._sizes.items():
            if (partial / name).is_file():
                done += size
            elif (part := partial / f"{name}.part").is_file():
                done += min(part.stat().st_size, size)
                current = name
        return done, current

    def _rate(self, done: int) -> float | None:
        now = time.monotonic()
        if self._total is not None and self._state == "running":
            self._marks.append((now, done))
        while self._marks and now - self._marks[0][0] > RATE_WINDOW_S:
            self._marks.popleft()
        if len(self._marks) < 2 or self._marks[-1][0] == self._marks[0][0]:
            return None
        (t0, b0), (t1, b1) = self._marks[0], self._marks[-1]
        return (b1 - b0) / (t1 - t0)


_DOWNLOADS: dict[str, Download] = {}
_LOCK = threading.Lock()


def start_download(ref: str) -> Download:
    """Download `hf:ORG/NAME[@REVISION]` (or without `hf:`) in the background; one that is running already is returned.

    Raises:
        InvalidInput: `ref` is not a hub model.
        Conflict: it is downloaded already.
    """
    parsed = parse_ref(ref if ":" in ref or "/" not in ref else f"hf:{ref}")
    if parsed.kind != "hf":
        raise InvalidInput(f"{parsed.base} does not come from the hub; write hf:ORG/NAME[@REVISION].", "model")
    ensure_home()
    with _LOCK:
        running = _DOWNLOADS.get(parsed.base)
        if running is not None and running.progress().state == "running":
            return running
        if download_folder(parsed).is_dir():
            raise Conflict(f"{parsed.base} is downloaded already; delete it first to download it again.")
        started = _DOWNLOADS[parsed.base] = Download(parsed)
        return started


def downloads() -> list[Download]:
    """Downloads of this process, the newest last; a finished one stays until the next of the same model."""
    with _LOCK:
        return list(_DOWNLOADS.values())


def dismiss(ref: str) -> None:
    """Forget a download that has ended; what has arrived stays."""
    with _LOCK:
        if ref in _DOWNLOADS and _DOWNLOADS[ref].progress().state != "running":
            del _DOWNLOADS[ref]


def refuse_running(ref: ModelRef) -> None:
    """Raise Conflict while `ref` is being downloaded by this process."""
    with _LOCK:
        running = _DOWNLOADS.get(ref.base)
    if running is not None and running.progress().state == "running":
        raise Conflict(f"{ref.base} is being downloaded; cancel that before deleting it.")


def _start_worker(ref: ModelRef, partial: Path) -> subprocess.Popen[bytes]:
    environment = child_environment()
    offline = os.environ.get("HF_HUB_OFFLINE")  # the person's own wish, which child_environment would always set
    environment["HF_HUB_OFFLINE"] = offline or "0"
    environment |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_UPDATE_CHECK": "1"}
    environment |= {name: os.environ[name] for name in PASSED_ON + CERTIFICATES if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "core.models.hub_worker", ref.name, ref.revision or "main", str(partial)],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,  # closes when this process ends, and the worker with it
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
