"""A hybrid search in 50,000 chunks, everything included: encoding the question, both lists, fusion, reading.

The chunks are made up: English words drawn by Zipf's law, about 100 a chunk, and vectors in clusters. The bundled model
encodes the question, eight of those words. Model and indexes are warm, as they are from the second question on.
"""

import json
import os
import statistics
import tempfile
import time

from bench.common import Figure, Setup
from bench.filled import vectors_like_text

NAME = "hybrid query at 50,000 chunks, milliseconds p50"
TARGET = "≤ 60"
CHUNKS, DOCUMENTS, WORDS = 50_000, 500, 100
QUESTIONS = 40


def measure(setup: Setup) -> Figure:
    from core.settings import get_settings

    before = os.environ.get("LOUPE_HOME")
    with tempfile.TemporaryDirectory() as home:
        os.environ["LOUPE_HOME"] = home
        get_settings.cache_clear()
        try:
            return _measured(setup)
        finally:
            if before is None:
                del os.environ["LOUPE_HOME"]
            else:
                os.environ["LOUPE_HOME"] = before
            get_settings.cache_clear()


def _measured(setup: Setup) -> Figure:
    from core.documents.retrieval import search
    from core.documents.retrieval.keywords import cache
    from core.documents.settings import RetrievalSettings

    questions = _fill("bench")
    settings = RetrievalSettings(mode="hybrid")
    began = time.perf_counter()
    search("bench", questions[0], settings)
    first = time.perf_counter() - began
    cache.forget()
    began = time.perf_counter()
    search("bench", questions[0], RetrievalSettings(mode="keyword"))
    from_file = time.perf_counter() - began
    for question in questions[:3]:
        search("bench", question, settings)
    times: list[float] = []
    stages: dict[str, list[float]] = {}
    for _ in range(max(1, setup.repeats // 5)):
        for question in questions:
            began = time.perf_counter()
            found = search("bench", question, settings)
            times.append(1000 * (time.perf_counter() - began))
            for name, value in found.timing.items():
                stages.setdefault(name.removesuffix("_ms"), []).append(value)
    parts = ", ".join(f"{name} {statistics.median(values):.1f}" for name, values in stages.items() if name != "total")
    detail = f"{parts}; first question {first:.1f} s, keyword index from its file {from_file:.2f} s"
    return Figure(statistics.median(times), detail)


def _fill(name: str) -> list[str]:
    """Store the collection; questions of eight of its words each."""
    import numpy as np

    from core.documents.settings import SplitSettings
    from core.models.embedding import folder
    from core.store import collections, documents
    from core.store.vectors import text_hash

    generator = np.random.default_rng(0)
    tokenizer = json.loads((folder() / "tokenizer.json").read_text(encoding="utf-8"))
    words = [word for word in tokenizer["model"]["vocab"] if word.isascii() and word.isalpha() and len(word) > 1]
    chances = 1 / np.arange(1, len(words) + 1)
    chances /= chances.sum()
    row = collections.create(name, embedding="minilm", splitter=SplitSettings().model_dump_json())
    each = CHUNKS // DOCUMENTS
    for first in range(0, DOCUMENTS, 20):
        some, vectors = [], {}
        for number in range(first, first + 20):
            drawn = generator.choice(len(words), (each, WORDS), p=chances)
            texts = [" ".join(words[place] for place in line) + "\n" for line in drawn]
            rows = vectors_like_text(generator, each)
            chunks, start = [], 0
            for text, vector in zip(texts, rows, strict=True):
                key, end = text_hash(text), start + len(text)
                vectors[key] = vector
                chunks.append(documents.NewChunk(start=start, end=end, page=None, tokens=WORDS, text_hash=key))
                start = end
            some.append(
                documents.NewDocument(
                    path=f"{number}.txt",
                    digest=f"{number:064d}",
                    kind="text",
                    title=str(number),
                    size=start,
                    text="".join(texts),
                    chunks=chunks,
                )
            )
        documents.replace_documents(row.id, some, embedding="minilm", dimension=384, vectors=vectors)
    drawn = generator.choice(len(words), (QUESTIONS, 8), p=chances)
    return [" ".join(words[place] for place in line) for line in drawn]
