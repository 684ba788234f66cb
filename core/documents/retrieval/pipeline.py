"""The stages of a search in their order: rewrite, encode, mode, threshold, rerank, one chunk a parent, the first k.

The same for page, chat, command line and measuring. Knows nothing of who asks.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.documents.retrieval.filters import normalised
from core.documents.retrieval.modes import MODES
from core.documents.retrieval.places import vectors_of
from core.documents.retrieval.ranking import Asked, Candidate, Desk, fused
from core.documents.retrieval.reading import Rows, hits
from core.documents.retrieval.rerank import reranked
from core.documents.retrieval.result import Dropped, SearchResult
from core.documents.retrieval.rewriting import REWRITES, Rewritten
from core.documents.settings import RetrievalSettings
from core.errors import InvalidInput
from core.store import collections

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.models.embedders import Embedder

MOST_BEYOND = 20
"""Candidates beyond the first k that are named as left out."""
LONGEST_QUERY = 20_000
"""Characters; an embedding model reads some hundred words of them."""


@dataclass(slots=True)
class _Work:
    """One question on its way through the stages."""

    query: str
    rewritten: Rewritten | None = None
    vector: NDArray[np.float32] | None = None
    asked: list[Asked] = field(default_factory=list)
    ranked: list[Candidate] = field(default_factory=list)
    left_out: list[tuple[Candidate, int, str, str]] = field(default_factory=list)
    """Candidate, its place before, stage, reason."""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ranking:
    """What a search comes to, before and after it is read."""

    desk: Desk
    results: list[SearchResult]
    """For each question; without hits where nobody reads them."""
    ranked: list[list[Candidate]]
    """For each question its candidates in order, more than the k that are read."""


def run(
    collection: str,
    queries: Sequence[str],
    settings: RetrievalSettings,
    cancel: threading.Event | None,
    *,
    read: bool,
    vectors: dict[str, NDArray[np.float32]] | None = None,
) -> Ranking:
    """Search for every question.

    Args:
        collection: its name.
        queries: the questions.
        settings: how.
        cancel: when set, the search ends before its next stage, with nothing found.
        read: `False` leaves out what only a reader needs: texts, and what was dropped.
        vectors: of texts, under the collection's model: those that are here are not encoded again, further ones added.

    Raises:
        LoupeError: one sentence.
    """
    desk = Desk(collections.get(collection), settings, normalised(settings.where), cancel or threading.Event())
    works = [_Work(_checked(query)) for query in queries]
    with desk.timed("total"):
        if works and not desk.cancel.is_set():
            _stages(desk, works, {} if vectors is None else vectors)
        results = [_result(desk, work, read=read) for work in works]
    for result in results:
        result.timing.update({f"{name}_ms": 1000 * seconds / len(works) for name, seconds in desk.seconds.items()})
    return Ranking(desk, results, [work.ranked for work in works])


def _stages(desk: Desk, works: list[_Work], known: dict[str, NDArray[np.float32]]) -> None:
    settings = desk.settings
    if settings.rewrite != "none":
        with desk.timed("rewrite"):
            for work in works:
                work.rewritten = REWRITES[settings.rewrite](work.query, settings, desk.cancel)
                work.notes += [work.rewritten.note] if work.rewritten.note else []
    if desk.cancel.is_set():
        return
    _encode(desk, works, known)
    found = iter(MODES[settings.mode].rank(desk, [each for work in works for each in work.asked]))
    for work in works:
        lists = [next(found) for _ in work.asked]
        with desk.timed("fusion"):
            work.ranked = (
                lists[0] if len(lists) == 1 else fused("multi-query", lists, [1.0] * len(lists), settings.rrf_k)
            )
    if settings.threshold is not None:
        with desk.timed("threshold"):
            _threshold(desk, works, settings.threshold)
    if settings.rerank:
        with desk.timed("rerank"):
            _rerank(desk, works, settings.rerank)


def _encode(desk: Desk, works: list[_Work], known: dict[str, NDArray[np.float32]]) -> None:
    """What each question asks for, as words and as vectors; all texts are encoded at once."""
    settings = desk.settings
    hyde = settings.rewrite == "hyde"
    texts = [[work.query, *(work.rewritten.texts if work.rewritten and not hyde else ())] for work in works]
    if not MODES[settings.mode].vectors and settings.threshold is None:
        for work, some in zip(works, texts, strict=True):
            work.asked = [Asked(text, None) for text in some]
        return
    from core.models.embedders import get_embedder

    with desk.timed("encode"):
        embedder = get_embedder(desk.collection.embedding)
        if new := [text for text in dict.fromkeys(text for some in texts for text in some) if text not in known]:
            known.update(zip(new, embedder.encode_queries(new), strict=True))
        for work, some in zip(works, texts, strict=True):
            work.vector = known[work.query]
            work.asked = [Asked(text, known[text]) for text in some]
            if hyde and work.rewritten and work.rewritten.texts:
                work.asked = [Asked(work.query, _mean(work.vector, embedder, work.rewritten.texts))]
            work.notes += _too_long(embedder, work.query)


def _too_long(embedder: Embedder, query: str) -> list[str]:
    """A note where the embedding model does not read all of the question."""
    if embedder.max_tokens is None or len(query) < (room := embedder.max_tokens - embedder.special_tokens):
        return []
    tokens = embedder.count([query])[0]
    if tokens <= room:
        return []
    return [f"The question has {tokens:,} tokens, of which the embedding model reads the first {room:,}."]


def _mean(vector: NDArray[np.float32], embedder: Embedder, texts: Sequence[str]) -> NDArray[np.float32]:
    """The direction between a question and made-up passages."""
    import numpy as np

    mean = np.concatenate([vector[None], embedder.encode_documents(list(texts))]).mean(axis=0)
    length = float(np.linalg.norm(mean))
    return (mean / length).astype(np.float32) if length > 0 else vector


def _threshold(desk: Desk, works: list[_Work], least: float) -> None:
    """Leave out what is less alike to the question than `least`, however it was found."""
    rewritten = desk.settings.rewrite != "none"
    unknown = {each.id for work in works for each in work.ranked if rewritten or "similarity" not in each.stages}
    vectors = vectors_of(desk.collection, unknown) if unknown else {}
    for work in works:
        kept = []
        for place, each in enumerate(work.ranked, 1):
            if each.id in unknown:
                if each.id not in vectors or work.vector is None:
                    continue  # removed meanwhile
                cosine = float(vectors[each.id] @ work.vector)
                each.stages = {**each.stages, "cosine": {"score": cosine}}
            else:
                cosine = each.stages["similarity"]["score"]
            if cosine >= least:
                kept.append(each)
            else:
                reason = f"Its cosine with the question, {cosine:.3f}, is below the threshold {least:g}."
                work.left_out.append((each, place, "threshold", reason))
        work.ranked = kept


def _rerank(desk: Desk, works: list[_Work], ref: str) -> None:
    settings = desk.settings
    # MMR has chosen: its first k may change places, but what it passed over must not come back
    reach = settings.k if settings.mode == "mmr" else desk.depth
    rows = Rows({each.id for work in works for each in work.ranked[:reach]}, desk.collection.id)
    texts = {each: row.text for each, row in rows.chunks.items()}
    for work in works:
        if desk.cancel.is_set():
            return
        for place, each in enumerate(work.ranked[reach:], reach + 1):
            work.left_out.append((each, place, "rerank", f"The reranker reads the first {reach} candidates only."))
        here = [each for each in work.ranked[:reach] if each.id in texts]
        work.ranked = reranked(ref, work.query, here, texts)


def _result(desk: Desk, work: _Work, *, read: bool) -> SearchResult:
    if desk.cancel.is_set():
        work.ranked, work.notes = [], [*work.notes, "The search was cancelled."]
    queries = [work.query, *(work.rewritten.texts if work.rewritten else ())]
    told = [work.rewritten.told] if work.rewritten else []
    if not read:
        return SearchResult(query=work.query, hits=[], queries=queries, notes=work.notes, rewritings=told)
    with desk.timed("read"):
        every = work.ranked
        # what comes far behind is neither read nor named, unless so many share a parent or are gone that it is needed
        work.ranked = every if desk.by_parent else every[: desk.settings.k + MOST_BEYOND]
        left_out = list(work.left_out)
        rows = _rows(desk, work)
        chosen = _first(desk, work, rows)
        if len(chosen) < desk.settings.k and len(work.ranked) < len(every):
            work.ranked, work.left_out = every, left_out
            rows = _rows(desk, work)
            chosen = _first(desk, work, rows)
        work.ranked = every
        found = hits(rows, chosen)
        dropped = [_dropped(rows, *left) for left in work.left_out]
        if not desk.cancel.is_set():
            work.notes += _words(desk, work.query)
            work.notes += [] if found else [_why_nothing(desk, dropped)]
    return SearchResult(
        query=work.query, hits=found, queries=queries, dropped=dropped, notes=work.notes, rewritings=told
    )


def _rows(desk: Desk, work: _Work) -> Rows:
    return Rows([each.id for each in [*work.ranked, *(left[0] for left in work.left_out)]], desk.collection.id)


def _first(desk: Desk, work: _Work, rows: Rows) -> list[Candidate]:
    """The k that are returned, one of each parent; the others are noted as left out."""
    k = desk.settings.k
    chosen: list[Candidate] = []
    best: dict[tuple[int, int, int], int] = {}
    for place, each in enumerate(work.ranked, 1):
        if each.id not in rows.chunks:
            work.left_out.append((each, place, "read", "Its document was removed or replaced a moment ago."))
        elif (parent := rows.parent(each.id)) is not None and parent in best:
            reason = f"It lies in the same parent as number {best[parent]}, which is read already."
            work.left_out.append((each, place, "parent", reason))
        elif len(chosen) == k:
            if sum(left[2] == "k" for left in work.left_out) == MOST_BEYOND:
                break
            work.left_out.append((each, place, "k", f"Only the first {k} passages are returned."))
        else:
            chosen.append(each)
            if parent is not None:
                best[parent] = len(chosen)
    return chosen


def _dropped(rows: Rows, candidate: Candidate, place: int, stage: str, reason: str) -> Dropped:
    return Dropped(
        id=candidate.id,
        source=rows.source(candidate.id),
        page=rows.page(candidate.id),
        stage=stage,
        reason=reason,
        rank=place,
        score=candidate.score,
    )


def _words(desk: Desk, query: str) -> list[str]:
    """Which words of the question cannot be found by keyword search."""
    if desk.settings.mode not in ("keyword", "hybrid"):
        return []
    from core.documents.retrieval.keywords.cache import index_of

    index = index_of(desk.collection)
    if not len(index):
        return []
    found, missing, common = index.known(query)
    if found:
        return [f"No passage has the word{'' if len(missing) == 1 else 's'} {_listed(missing)}."] if missing else []
    if missing:
        return ["No passage has any word of the question."]
    if common:
        return [f"The question has only words that are too common to look for: {_listed(common)}."]
    return ["The question has no words to look for."]


def _listed(words: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(f"“{word[:40]}”" for word in words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most} more"


def _why_nothing(desk: Desk, dropped: Sequence[Dropped]) -> str:
    """Why there is no hit."""
    from core.store.documents import chunk_texts

    name = desk.collection.name
    below = sum(each.stage == "threshold" for each in dropped)
    if below:
        some = "The one passage that was found is" if below == 1 else f"All {below} passages that were found are"
        return f"No matching passages. {some} below the threshold {desk.settings.threshold:g}."
    if not next(chunk_texts(desk.collection.id, size=1), []):
        return f"No matching passages: the collection “{name}” holds none yet."
    if desk.where is not None:
        return f"No matching passages in the part of “{name}” that meets the conditions."
    return f"No matching passages in “{name}”."


def _checked(query: str) -> str:
    if not query.strip():
        raise InvalidInput("The question is empty; write what to look for.", "query")
    if len(query) > LONGEST_QUERY:
        raise InvalidInput(
            f"The question has {len(query):,} characters; at most {LONGEST_QUERY:,} can be searched for.", "query"
        )
    if any("\ud800" <= char <= "\udfff" for char in query):
        raise InvalidInput("The question holds a lone surrogate, which is not valid text; remove it.", "query")
    return query.strip()
