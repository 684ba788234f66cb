"""A document's text to chunks, with exact offsets; and a preview of it before anything is embedded.

Knows nothing of loading, of the store or of the index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.documents.extracted import Extracted
from core.documents.settings import SplitSettings
from core.documents.spans import Span
from core.documents.splitting.part import Part, parts
from core.documents.splitting.preview import Bin, Preview, PreviewChunk, preview
from core.documents.splitting.splitters import ENTRIES

if TYPE_CHECKING:
    from core.models.embedders import Embedder

__all__ = ["Bin", "Preview", "PreviewChunk", "preview", "split"]


def split(document: Extracted | str, settings: SplitSettings, embedder: Embedder, *, kind: str = "text") -> list[Span]:
    """The chunks of a document.

    Args:
        document: what a loader gave, or a text.
        settings: which splitter, and its sizes in tokens.
        embedder: counts the tokens; the semantic splitter also embeds with it.
        kind: of a text, such as "markdown"; what a loader gave knows its own.

    Returns:
        Spans in order of their beginning, in characters of the whole text. Every visible character is in one; none is
        empty or begins or ends with a blank. No chunk has more tokens than `settings.chunk_size` unless it is a single
        character, or the splitter is "none".

    Raises:
        ModelFailed, OutOfMemory, EndpointError: the semantic splitter could not embed the sentences.
    """
    text, kind = (document.text, document.kind) if isinstance(document, Extracted) else (document, kind)
    entry = ENTRIES[settings.splitter]
    pieces = [Part(text, 0, kind, embedder)] if entry.whole else parts(text, kind, embedder)
    return [_moved(span, part.base) for part in pieces for span in entry.split(part, settings)]


def _moved(span: Span, base: int) -> Span:
    if span.parent_start is None or span.parent_end is None:
        return Span(span.start + base, span.end + base)
    return Span(span.start + base, span.end + base, span.parent_start + base, span.parent_end + base)
