"""HTML: the text of the page's main part; `core.documents.loading.markup` says what is kept."""

from __future__ import annotations

from collections.abc import Iterator

from core.documents.extracted import Extracted, Refused
from core.documents.loading.markup import declared_encoding, read_html
from core.documents.loading.source import Builder, Source
from core.documents.loading.text import open_text

TITLE = "an HTML page"


def read(source: Source) -> Iterator[Extracted | Refused]:
    """One document."""
    source.file.seek(0)
    declared = declared_encoding(source.file.read(4096))
    stream = open_text(source.file, is_utf8=source.is_utf8, declared=declared)
    page = read_html("".join(stream.chunks()), source.beat)
    builder = Builder(source)
    builder.notes += stream.notes
    builder.add(page.text)
    for note in page.notes:
        builder.note(note)
    yield builder.finish(
        "html", title=page.title, metadata=page.metadata, nothing="holds no text: it may be drawn by scripts."
    )
