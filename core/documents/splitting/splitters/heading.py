"""By heading: a section is a chunk, its heading included.

For Markdown, and for HTML, Word and EPUB, of which the loaders make Markdown. A section that is too long is cut as the
recursive splitter cuts; a heading with nothing under it goes with the next. No overlap. A text without headings is cut
as the recursive splitter would, without overlap. Costs a tokenisation.
"""

from __future__ import annotations

from core.documents.settings import SplitSettings
from core.documents.spans import Span
from core.documents.splitting.headings import Heading
from core.documents.splitting.packing import fit, pack, recursive_levels
from core.documents.splitting.part import Part


def split(part: Part, settings: SplitSettings) -> list[Span]:
    """The sections of `part`, those of more than `settings.chunk_size` tokens in pieces."""
    size, levels = settings.chunk_size, recursive_levels(part)
    spans: list[Span] = []
    for start, end in sections(part):
        spans += pack(part, levels, size, even=True, within=(start, end))
    return fit(part, spans, size)


def sections(part: Part) -> list[tuple[int, int]]:
    """From each heading to the next, and what is before the first; a bare heading belongs to the next section."""
    starts = [0]
    above: Heading | None = None
    for heading in part.headings:
        bare = above is not None and not part.text[above.end : heading.start].strip()
        if not bare and heading.start > 0:
            starts.append(heading.start)
        above = heading
    return list(zip(starts, [*starts[1:], len(part.text)], strict=True))
