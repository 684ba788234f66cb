"""Fixed size: as many tokens as were asked for, whatever they say, with overlap.

The baseline to compare others with; even sizes, for texts without structure (transcripts, logs). Ends at a word where
one begins within the last tenth. Source: the fixed-size baseline of Lewis et al. 2020, “Retrieval-Augmented
Generation”, who cut Wikipedia every 100 words.
"""

from __future__ import annotations

from core.documents.settings import SplitSettings
from core.documents.spans import Span
from core.documents.splitting.packing import Level, Overlap, fit, pack
from core.documents.splitting.part import Part

LEAST = 0.9


def split(part: Part, settings: SplitSettings) -> list[Span]:
    """Chunks of `settings.chunk_size` tokens, each repeating `settings.chunk_overlap` of the one before."""
    size = settings.chunk_size
    levels = [Level(part.words, LEAST)]
    overlap = Overlap(settings.chunk_overlap, [part.words])
    return fit(part, pack(part, levels, size, overlap=overlap), size)
