"""The one process that may open the embedded Chroma: a lock on `chroma/.lock`, a probe before it is opened.

Two processes on one Chroma directory damage it without an error, and a kill in the middle of a write can. So: whoever
holds the lock owns the directory, a child process opens it first, and one that does not stand that is moved away.
Knows nothing of collections.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from core.log import get_log
from core.models.child import PROJECT, child_environment

SILENCE_S = 180.0
"""Longest time in which the probe may say nothing: a damaged directory can hang its reader for ever."""


class Folder:
    """`LOUPE_HOME/chroma`: the lock, the index itself and what was moved away."""

    def __init__(self, home: Path) -> None:
        self.root = home / "chroma"
        self.index = self.root / "index"
        self.rebuild = self.root / "rebuild"
        """A file for each collection whose index somebody wants anew, named by its id."""
        self._lock: int | None = None

    def own(self) -> bool:
        """Take the lock if nobody has it, and say whether this process has it now."""
        path = self.root / ".lock"
        if self._lock is not None:
            if _same(path, self._lock):
                return True
            self.release()  # somebody removed the folder: another process may own the new one
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds titles and paths
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # another process has it, or the file system knows no locks
            os.close(descriptor)
            return False
        if not _same(path, descriptor):
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._lock = descriptor
        return True

    @property
    def is_owned(self) -> bool:
        """This process has the lock."""
        return self._lock is not None

    def owner(self) -> int | None:
        """The process that has the lock; `None` where none has."""
        if self._lock is not None:
            return os.getpid()
        try:
            descriptor = os.open(self.root / ".lock", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
        except OSError:
            said = os.read(descriptor, 32).strip()
            return int(said) if said.isdigit() else None
        finally:
            os.close(descriptor)  # which also gives the lock back

    def release(self) -> None:
        """Give the lock back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def is_there(self) -> bool:
        """There is an index."""
        return (self.index / "chroma.sqlite3").exists()

    def is_sound(self) -> bool:
        """Whether a child process can open the index and search in it."""
        child = subprocess.Popen(
            [sys.executable, "-m", "core.documents.index.probe", str(self.index)],
            cwd=PROJECT,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            bufsize=0,
        )
        deadline = time.monotonic() + SILENCE_S
        try:
            while child.stdout is not None:
                if not select.select([child.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                    return False
                if not os.read(child.stdout.fileno(), 65536):
                    return child.wait(timeout=10) == 0
                deadline = time.monotonic() + SILENCE_S
        except subprocess.TimeoutExpired:
            return False
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
        return False

    def move_away(self) -> None:
        """Put a damaged index aside, where it can be looked at; the one before it goes."""
        for old in self.root.glob("damaged-*"):
            shutil.rmtree(old, ignore_errors=True)
        if self.index.exists():
            aside = self.root / f"damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}"
            try:
                self.index.rename(aside)
            except OSError:
                shutil.rmtree(self.index, ignore_errors=True)
            get_log().warning("the index in %s was damaged; it is made again from the store", self.index)


def _same(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError:
        return False
