"""Plain text and source code: the text as it is. Beyond the size of a part, several documents in flat memory."""

from __future__ import annotations

from collections.abc import Iterator

from core.documents.extracted import Extracted, Refused
from core.documents.loading.detect import CODE
from core.documents.loading.source import Source, extracted, pieces
from core.documents.loading.text import open_text

TITLE = "a text file"


def read(source: Source) -> Iterator[Extracted | Refused]:
    """One document, or one a part."""
    stream = open_text(source.file, is_utf8=source.is_utf8)
    kind = "code" if source.suffix in CODE else "text"
    metadata: dict[str, object] = {} if stream.encoding == "utf-8" else {"encoding": stream.encoding}
    found = False
    for document in in_parts(source, kind, stream.chunks(), stream.notes, metadata=metadata):
        found = True
        yield document
    if not found:
        raise source.problem("holds no text.")


def in_parts(
    source: Source,
    kind: str,
    chunks: Iterator[str],
    notes: list[str],
    *,
    title: str = "",
    metadata: dict[str, object] | None = None,
) -> Iterator[Extracted]:
    """Chunks of clean text as one document, or as documents "part 1", "part 2"… where it is long.

    Args:
        source: where the text comes from.
        kind: of every document.
        chunks: the text.
        notes: grows while the chunks are read; the last document carries what came last.
        title: of the whole; the file's name where it is "".
        metadata: of every document.
    """
    parts = (part for part in pieces(chunks, source.limits.part_chars) if part.strip())
    first = next(parts, None)
    if first is None:
        return
    following = next(parts, None)
    if following is None:
        yield extracted(source, kind, title=title, text=first, metadata=metadata, notes=notes)
        return
    number = 1
    part: str | None = first
    while part is not None:
        source.beat()
        told = [f"This is part {number} of a long file."]
        yield extracted(
            source,
            kind,
            key=source.part_key(f"part {number}"),
            title=f"{title or source.stem} (part {number})",
            text=part,
            metadata=metadata,
            notes=told + (notes if following is None or number == 1 else []),
            is_part=True,
        )
        number, part, following = number + 1, following, next(parts, None) if following is not None else None
