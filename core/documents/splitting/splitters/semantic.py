"""By meaning: sentences are embedded, and a chunk ends where what follows stops resembling what came before.

For texts that change their subject without saying so (interviews, minutes). What is compared are the mean vectors of
the three sentences on either side of each border; it breaks where their distance is above a percentile of all of them.
A section that is too long is cut as the recursive splitter cuts. No overlap. Costs an embedding of every sentence, so
about as much as the ingest itself once more. Sources: Hearst 1997, “TextTiling” (blocks on either side); Kamradt 2023,
“5 Levels of Text Splitting” (embeddings, the percentile).
"""

from __future__ import annotations

from core.documents.settings import SplitSettings
from core.documents.spans import Span
from core.documents.splitting.packing import fit, pack, recursive_levels
from core.documents.splitting.part import Part

BLOCK = 3
"""Sentences compared on either side of a border."""
SCRAP = 10
"""No section is smaller than this part of a chunk: it would say too little to be found by."""
LEAST_SENTENCES = 4
"""A shorter text is one section: percentiles of two distances mean nothing."""


def split(part: Part, settings: SplitSettings) -> list[Span]:
    """Sections of like meaning, those of more than `settings.chunk_size` tokens in pieces.

    Raises:
        ModelFailed, OutOfMemory, EndpointError: the sentences could not be embedded.
    """
    size, levels = settings.chunk_size, recursive_levels(part)
    borders = _apart(part, breaks(part, settings.breakpoint_percentile), size // SCRAP)
    spans: list[Span] = []
    for start, end in zip([0, *borders], [*borders, len(part.text)], strict=True):
        spans += pack(part, levels, size, even=True, within=(start, end))
    return fit(part, spans, size)


def _apart(part: Part, borders: list[int], least: int) -> list[int]:
    """The borders without those that would leave a section of fewer than `least` tokens."""
    kept = [0]
    for border in borders:
        if part.count(kept[-1], border) >= least and part.count(border, len(part.text)) >= least:
            kept.append(border)
    return kept[1:]


def breaks(part: Part, percentile: float) -> list[int]:
    """Where the subject changes, in order."""
    import numpy as np

    first = part.visible(0)
    starts = [first, *(at for at in part.sentences if at > first)]
    ends = [*starts[1:], len(part.text)]
    pieces = [part.text[start:end].strip() for start, end in zip(starts, ends, strict=True)]
    if len(pieces) < LEAST_SENTENCES:
        return []
    vectors = part.embedder.encode_documents(pieces)
    sums = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(vectors, axis=0, dtype=np.float64)])
    at = np.arange(1, len(pieces))
    before = sums[at] - sums[np.maximum(at - BLOCK, 0)]
    after = sums[np.minimum(at + BLOCK, len(pieces))] - sums[at]
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    distances = 1 - (before * after).sum(axis=1) / np.maximum(lengths, 1e-12)
    return [starts[place] for place in at[distances > np.percentile(distances, percentile)]]
