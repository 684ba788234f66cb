"""From chunk ids to passages: texts, places, and what is read around them. Knows nothing of how they were found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.documents.hit import Hit
from core.documents.retrieval.ranking import Candidate
from core.store import documents
from core.store.documents import ChunkRow, DocumentRow


class Rows:
    """Chunks and their documents, read once for all stages of a search."""

    def __init__(self, ids: Iterable[int], collection: str) -> None:
        found = documents.chunks(ids)
        self.chunks = {each: row for each, row in found.items() if row.collection == collection}
        self.documents = documents.documents({row.document for row in self.chunks.values()})
        self.chunks = {each: row for each, row in self.chunks.items() if row.document in self.documents}

    def source(self, chunk: int) -> str:
        """The path of a chunk's document, "" when it is gone."""
        row = self.chunks.get(chunk)
        return "" if row is None else self.documents[row.document].path

    def page(self, chunk: int) -> int | None:
        """The page a chunk begins on."""
        row = self.chunks.get(chunk)
        return None if row is None else row.page

    def parent(self, chunk: int) -> tuple[int, int, int] | None:
        """Document, start and end of what is read around a chunk; `None` where that is the chunk alone."""
        row = self.chunks[chunk]
        if row.parent_start is None or row.parent_end is None:
            return None
        return row.document, row.parent_start, row.parent_end


def hits(rows: Rows, candidates: Sequence[Candidate]) -> list[Hit]:
    """The passages; a candidate whose document was replaced a moment ago is left out."""
    here = [each for each in candidates if each.id in rows.chunks]
    parents = documents.excerpts(found for each in here if (found := rows.parent(each.id)) is not None)
    return [_hit(each, rows.chunks[each.id], rows.documents[rows.chunks[each.id].document], parents) for each in here]


def _hit(candidate: Candidate, chunk: ChunkRow, document: DocumentRow, parents: dict[tuple[int, int, int], str]) -> Hit:
    start, end, context = chunk.start, chunk.end, chunk.text
    if chunk.parent_start is not None and chunk.parent_end is not None:
        text = parents.get((document.id, chunk.parent_start, chunk.parent_end))
        if text is not None:
            start, end, context = chunk.parent_start, chunk.parent_end, text
    label = next((label for number, _, _, label in document.pages if number == chunk.page), "")
    return Hit(
        id=chunk.id,
        document=document.id,
        score=candidate.score,
        text=chunk.text,
        source=document.path,
        title=document.title,
        page=chunk.page,
        page_label=label,
        start=chunk.start,
        end=chunk.end,
        context=context,
        context_start=start,
        context_end=end,
        stages=candidate.stages,
        metadata=dict(document.metadata),
    )
