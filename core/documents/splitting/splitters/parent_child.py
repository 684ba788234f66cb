"""Parent–child: small chunks are searched, the larger passage around the one that is found is read.

For questions whose answer is one line and needs its surroundings. Parents and children are cut as the recursive
splitter cuts; parents do not overlap, children overlap within their parent. Costs two tokenisations; what is embedded
are the children. Source: the “small-to-big” retrieval of LlamaIndex and LangChain's ParentDocumentRetriever (2023).
"""

from __future__ import annotations

from dataclasses import replace

from core.documents.settings import SplitSettings
from core.documents.spans import Span
from core.documents.splitting.packing import fit, pack, recursive_levels, recursive_overlap
from core.documents.splitting.part import Part


def split(part: Part, settings: SplitSettings) -> list[Span]:
    """Children of at most `settings.chunk_size` tokens in parents of at most `settings.parent_size`."""
    levels, overlap = recursive_levels(part), recursive_overlap(part, settings.chunk_overlap)
    parents = fit(part, pack(part, levels, settings.parent_size), settings.parent_size)
    children: list[Span] = []
    for parent in parents:
        found = pack(part, levels, settings.chunk_size, overlap=overlap, within=(parent.start, parent.end))
        children += [replace(span, parent_start=parent.start, parent_end=parent.end) for span in found]
    return fit(part, children, settings.chunk_size)
