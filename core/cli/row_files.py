"""Files of rows as the command line takes them: plain or gzipped JSON Lines, or stdin.

Knows nothing of what a row holds. Reads line by line, and says how far it has come.
"""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from typing import Any, cast

from core.errors import InvalidInput, NotFound

MAX_LINE_BYTES = 64 * 1024 * 1024
"""The longest line, in bytes: a longer one is no row, but a file of another kind."""


class Lines:
    """The lines of an open file, as bytes."""

    def __init__(self, raw: BufferedReader, name: str) -> None:
        self.name = name
        """What the file is called in messages."""
        self._raw = raw
        gzipped = raw.peek(2)[:2] == b"\x1f\x8b"
        self._stream = gzip.GzipFile(fileobj=raw) if gzipped else raw
        self._size = self._size_of(raw)
        self._read = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            number = self._read + 1
            try:
                line = self._stream.readline(MAX_LINE_BYTES + 1)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                raise InvalidInput(f"{self.name} is a damaged gzip file: it breaks off at line {number}.") from None
            except OSError as error:
                raise InvalidInput(f"{self.name} cannot be read: {error.strerror or error}.") from None
            if not line:
                return
            if len(line) > MAX_LINE_BYTES:
                raise InvalidInput(
                    f"{self.name}, line {number} is longer than {MAX_LINE_BYTES >> 20} MiB, too long for a row."
                )
            self._read = number
            yield line

    def fraction(self, done: int) -> float | None:
        """The part of the file that `done` lines are, from 0 to 1; `None` where its size is unknown.

        Lines may have been read ahead: the rest is taken to be as long as they are.
        """
        if not self._size or not self._read:
            return None
        return min(1.0, self._raw.tell() / self._size * done / self._read)

    @staticmethod
    def _size_of(raw: BufferedReader) -> int | None:
        try:
            return os.fstat(raw.fileno()).st_size if raw.seekable() else None
        except OSError:  # not a file of the system
            return None


@contextmanager
def open_rows(file: str) -> Iterator[Lines]:
    """The lines of `file`; `-` is stdin. Gzip is known by its first bytes, whatever the name.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it is a folder, may not be read, or turns out to be damaged.
    """
    if file == "-":
        stream = sys.stdin.buffer
        yield Lines(stream if isinstance(stream, BufferedReader) else BufferedReader(cast(Any, stream)), "stdin")
        return
    try:
        raw = open(file, "rb")  # noqa: SIM115 – closed below; only opening it has these errors
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}.") from None
    except IsADirectoryError:
        raise InvalidInput(f"{file} is a folder; give a file of rows.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput(f"{file} cannot be read: {reason}.") from None
    with raw:
        yield Lines(raw, file)
