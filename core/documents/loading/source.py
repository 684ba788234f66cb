"""What a loader of one type works with: an open file, its name, its limits. Knows nothing of any format."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from core.documents.extracted import Extracted, Page, Scalar
from core.documents.loading.text import clean
from core.errors import LoadError

MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may use; a breach is a `LoadError`, never a shortened text."""

    file_bytes: int = 500_000_000
    memory_bytes: int = 1536 * MIB
    """Address space of the child process."""
    cpu_s: int = 600
    """Processor time for one file."""
    silence_s: float = 300
    """Longest time without a sign of progress (a page, some rows)."""
    page_s: int = 10
    """Longest time for one page of a PDF; the page is then passed over."""
    text_chars: int = 50_000_000
    """Most characters of one document that is read as a whole (PDF, office files, JSON)."""
    part_chars: int = 5_000_000
    """Text, code, CSV and JSONL beyond it are read in parts of about this many characters, in flat memory."""
    entries: int = 10_000
    """Most members of a zip, office file or EPUB."""
    unpacked_bytes: int = 2048 * MIB
    """Most bytes of all members of a zip together, as their sizes are declared."""
    document_unpacked_bytes: int = 512 * MIB
    """The same for one office file or EPUB."""
    ratio: int = 200
    """Most times its packed size that a zip of more than `ratio_from_bytes` may unpack to."""
    ratio_from_bytes: int = 32 * MIB


def shown(name: str) -> str:
    """A file's name as it may stand in a sentence: one line, printable, at most 100 characters."""
    plain = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)
    return plain if len(plain) <= 100 else f"{plain[:60]}…{plain[-39:]}"


def too_much_memory(limits: Limits) -> str:
    """The rest of a sentence that begins with a file's name."""
    return f"needs more than {limits.memory_bytes / 1e9:.1f} GB of memory to read; split it into smaller files."


@dataclass(slots=True)
class Budget:
    """What an archive and the archives in it have used together."""

    unpacked_bytes: int = 0
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """How a reader tells whoever waits for it that work goes on."""

    beat: Callable[[], None] = lambda: None
    """Call it at least once a page or a few thousand rows."""
    member: Callable[[int, str], None] = lambda number, key: None
    """Called before a member of the outermost archive is read: its number from 1, and its key."""
    skip: int = 0
    """So many members were dealt with before: the process that read them broke down after the last one."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file, or one member of an archive."""

    file: BinaryIO
    """Seekable; at any position."""
    name: str
    size: int
    digest: str
    """SHA-256 in hex."""
    is_utf8: bool
    """All of it decodes as UTF-8; found while the digest was computed."""
    limits: Limits
    watch: Watch = field(default_factory=Watch)
    key: str = ""
    """Of the member within its archive; "" for a whole file."""
    depth: int = 0
    """How many archives it lies in."""
    budget: Budget = field(default_factory=Budget)

    def beat(self) -> None:
        """Say that work goes on; a page, or a few thousand rows, were done."""
        self.watch.beat()

    @property
    def shown(self) -> str:
        """Its name for a sentence."""
        return shown(self.key or self.name)

    @property
    def suffix(self) -> str:
        """Of its name, in lower case, such as ".md"."""
        return self._path.suffix.lower()

    @property
    def stem(self) -> str:
        """Its name without folder and suffix, for a title."""
        return clean(self._path.stem) or "untitled"

    @property
    def is_address(self) -> bool:
        """Whether its name is the address it was fetched from."""
        return self.name.startswith(("http://", "https://"))

    @property
    def _path(self) -> PurePosixPath:
        name = re.split(r"[?#]", self.name)[0] if self.is_address else self.name
        return PurePosixPath(name.replace("\\", "/"))

    def part_key(self, part: str) -> str:
        """The key of a part of this source."""
        return f"{self.key}: {part}" if self.key else part

    def problem(self, sentence: str) -> LoadError:
        """A `LoadError` whose sentence begins with the name: `problem("is empty.")`."""
        return LoadError(f"{self.shown} {sentence}")


class Builder:
    """Collects the text of one document and where its pages are."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._pieces: list[str] = []
        self._pages: list[Page] = []
        self._length = 0
        self.notes: list[str] = []

    def add(self, text: str, *, number: int | None = None, label: str = "", joint: str = "\n\n") -> bool:
        """Append a piece after `joint`; with a `number` it is a page. False when it has no text, and nothing is added.

        Raises:
            LoadError: the document has more characters than one may have.
        """
        piece = clean(text).rstrip().lstrip("\n")  # blanks at its start may say how deep an item of a list is
        if not piece:
            return False
        if self._length:
            self._pieces.append(joint)
            self._length += len(joint)
        start = self._length
        self._pieces.append(piece)
        self._length += len(piece)
        if self._length > self._source.limits.text_chars:
            raise self._source.problem(
                f"holds more than {self._source.limits.text_chars:,} characters of text; split it into smaller files."
            )
        if number is not None:
            self._pages.append(Page(number, start, self._length, clean_line(label)))
        return True

    def note(self, sentence: str) -> None:
        """Add a sentence that a person should read."""
        self.notes.append(clean(sentence))

    def finish(
        self, kind: str, *, title: str = "", metadata: dict[str, object] | None = None, nothing: str = "holds no text."
    ) -> Extracted:
        """The document.

        Raises:
            LoadError: no piece had any text; `nothing` says so.
        """
        if not self._length:
            raise self._source.problem(nothing)
        return extracted(
            self._source,
            kind,
            title=title,
            text="".join(self._pieces),
            pages=tuple(self._pages),
            metadata=metadata,
            notes=self.notes,
        )


def extracted(
    source: Source,
    kind: str,
    *,
    text: str,
    title: str = "",
    key: str | None = None,
    pages: tuple[Page, ...] = (),
    metadata: dict[str, object] | None = None,
    notes: list[str] | None = None,
    is_part: bool = False,
) -> Extracted:
    """One document of `source`; `text` is clean already, everything else is cleaned here.

    A part has the digest of its own text, so that a change in one part leaves the others as they were.
    """
    raw = text.encode("utf-8") if is_part else b""
    return Extracted(
        key=clean_line(source.key if key is None else key, 2000),
        kind=kind,
        title=clean_line(title, 300) or source.stem,
        text=text,
        pages=pages,
        metadata=small(metadata or {}),
        notes=tuple(notes or ()),
        digest=hashlib.sha256(raw).hexdigest() if is_part else source.digest,
        size=len(raw) if is_part else source.size,
    )


def clean_line(text: str, length: int = 300) -> str:
    """Clean text on one line, at most `length` characters."""
    return re.sub(r"\s+", " ", clean(text[: 4 * length])).strip()[:length]


def small(values: dict[str, object], most: int = 40) -> dict[str, Scalar]:
    """What of `values` may be metadata: scalars with short names, dates as text, the rest left out."""
    kept: dict[str, Scalar] = {}
    for name, value in values.items():
        if len(kept) == most:
            break
        name = clean_line(str(name), 100)
        if _is_stored_number(value):
            kept[name] = cast(float, value)
        elif isinstance(value, str) and (line := clean_line(value, 1000)):
            kept[name] = line
        elif hasattr(value, "isoformat"):
            kept[name] = str(value.isoformat())
    return {name: value for name, value in kept.items() if name}


def _is_stored_number(value: object) -> bool:
    """Whether a database column and an index hold it: no endless integer, neither infinite nor NaN."""
    if isinstance(value, float):
        return value - value == 0
    return isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63)


ENDS = ("\n\n", "\n", " ")
"""Where a long text is cut, the best first."""


def pieces(chunks: Iterator[str], size: int) -> Iterator[str]:
    """Chunks of text put together to parts of about `size` characters, cut at the end of a paragraph or line."""
    held = ""
    for chunk in chunks:
        held = held + chunk if held else chunk
        while len(held) > size:
            cut = next((at + len(end) for end in ENDS if (at := held.rfind(end, size // 2, size)) >= 0), size)
            yield held[:cut]
            held = held[cut:]
    if held:
        yield held
