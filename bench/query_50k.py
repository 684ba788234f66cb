"""A question in 50,000 chunks: Loupe's search, its hits read, against encoding and `collection.query` alone.

Both ask the same Chroma collection of random vectors, warm, for ten hits; in turn, so that both see the same noise.
"""

import statistics
import time
from collections.abc import Callable

from bench.common import Figure, Setup
from bench.filled import fill, own_home

NAME = "query at 50,000 chunks against encode + collection.query alone, p50"
TARGET = "≤ 1.25"
QUESTIONS = 40
HITS = 10


def measure(setup: Setup) -> Figure:
    from sentence_transformers import SentenceTransformer

    from core.documents import index
    from core.documents.index.clients import embedded
    from core.documents.index.syncing import name_of
    from core.documents.retrieval import search
    from core.documents.settings import RetrievalSettings
    from core.models.embedding import folder
    from core.store import collections

    with own_home() as home:
        fill("bench")
        index.sync("bench")
        plain = SentenceTransformer(str(folder()), device="cpu", local_files_only=True)
        handle = embedded(str(home / "chroma" / "index")).get_collection(
            name_of(collections.get("bench")), embedding_function=None
        )
        settings = RetrievalSettings(mode="similarity", k=HITS)

        def ours(question: str) -> None:
            search("bench", question, settings)

        def theirs(question: str) -> None:
            vector = plain.encode([question], normalize_embeddings=True, show_progress_bar=False)
            handle.query(query_embeddings=vector, n_results=HITS, include=["distances"])

        questions = [f"What happens to light at the edge of lens number {number}?" for number in range(QUESTIONS)]
        times: dict[Callable[[str], None], list[float]] = {ours: [], theirs: []}
        for question in questions[:5]:
            ours(question)
            theirs(question)
        for question in questions * max(1, setup.repeats // 5):
            for side, seconds in times.items():
                began = time.perf_counter()
                side(question)
                seconds.append(time.perf_counter() - began)
        exactly = _exactly(questions)
    one, other = (1000 * statistics.median(times[side]) for side in (ours, theirs))
    return Figure(one / other, f"{one:.1f} ms against {other:.1f} ms; exact search of the store {exactly:.1f} ms")


def _exactly(questions: list[str]) -> float:
    """Milliseconds p50 of the search that needs no index, without encoding."""
    from core.documents.index import exact
    from core.models.embedders import get_embedder
    from core.store import collections

    row, times = collections.get("bench"), []
    vectors = get_embedder("minilm").encode_queries(questions)
    for vector in vectors:
        began = time.perf_counter()
        exact.scan(row, vector[None], HITS)
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)
