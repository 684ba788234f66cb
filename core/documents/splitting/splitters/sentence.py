"""By sentence: as many whole sentences as fit; the overlap is made of whole sentences too.

For texts in which a sentence must be read whole, such as laws and answers to be quoted. A sentence that is longer than
a chunk is cut at a clause or word. Costs a tokenisation. Sentences are found by rules:
`core.documents.splitting.sentences`.
"""

from __future__ import annotations

from core.documents.settings import SplitSettings
from core.documents.spans import Span
from core.documents.splitting.packing import Level, Overlap, fit, pack
from core.documents.splitting.part import Part


def split(part: Part, settings: SplitSettings) -> list[Span]:
    """Chunks of at most `settings.chunk_size` tokens, each repeating whole sentences of at most `chunk_overlap`."""
    size = settings.chunk_size
    levels = [Level(part.sentences), Level(part.clauses, 0.5), Level(part.words)]
    overlap = Overlap(settings.chunk_overlap, [part.sentences], anywhere=False)
    return fit(part, pack(part, levels, size, overlap=overlap), size)
