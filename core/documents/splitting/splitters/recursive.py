"""Recursive: as much as fits, up to the strongest border there is: paragraph, line, sentence, clause, word.

A good default for prose and for code. Costs a tokenisation. The same hierarchy of separators as LangChain's
RecursiveCharacterTextSplitter, with the ends of sentences added, which did better in Smith and Troynikov 2024,
“Evaluating Chunking Strategies for Retrieval”; found by looking ahead in tokens instead of merging pieces, so that
overlap does not depend on how large the pieces are.
"""

from __future__ import annotations

from core.documents.settings import SplitSettings
from core.documents.spans import Span
from core.documents.splitting.packing import fit, pack, recursive_levels, recursive_overlap
from core.documents.splitting.part import Part


def split(part: Part, settings: SplitSettings) -> list[Span]:
    """Chunks of at most `settings.chunk_size` tokens, each repeating at most `settings.chunk_overlap`."""
    size = settings.chunk_size
    overlap = recursive_overlap(part, settings.chunk_overlap)
    return fit(part, pack(part, recursive_levels(part), size, overlap=overlap), size)
