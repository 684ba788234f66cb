"""Files into a collection, chunks a second, against `SentenceTransformer.encode` + `collection.add` on the same chunks.

Loupe's side is the whole job: files read in a child process, split, tokens counted, embedded, stored in transactions.
The plain side gets the chunks ready made, in batches of 256. Both models are warm.
"""

import json
import random
import statistics
import tempfile
import time
from pathlib import Path

from bench.common import Figure, Setup
from bench.filled import own_home

NAME = "ingest, chunks/s against encode + collection.add on the same chunks"
TARGET = "≥ 0.9"
ROWS, FILES, PARAGRAPHS, BATCH = 400, 10, 30, 256


def measure(setup: Setup) -> Figure:
    import chromadb
    from sentence_transformers import SentenceTransformer

    from core.documents import index
    from core.documents.ingest import job
    from core.documents.settings import SplitSettings
    from core.jobs import JobContext
    from core.models.embedders import get_embedder
    from core.models.embedding import folder
    from core.store import collections, documents, vectors

    ratios, rates, indexed = [], [], []
    plain = SentenceTransformer(str(folder()), device="cpu", local_files_only=True)
    plain.encode(["warm"])
    get_embedder("minilm").encode_documents(["warm"])
    with tempfile.TemporaryDirectory() as sources:
        _write(Path(sources))
        for number in range(max(1, setup.repeats // 2)):
            with own_home() as home:
                row = collections.create(
                    f"bench {number}", embedding="minilm", splitter=SplitSettings().model_dump_json()
                )
                request = {"collection": row.id, "sources": [{"path": sources, "name": "in"}]}
                began = time.perf_counter()
                job.run(request, JobContext("bench"))
                ours = time.perf_counter() - began
                began = time.perf_counter()
                index.sync(row.name)
                indexed.append(time.perf_counter() - began)
                ids = documents.chunk_ids(row.id)
                found = documents.chunks(ids)
                texts = [found[each].text for each in ids]
                distinct = len(set(texts))
                handle = chromadb.PersistentClient(str(home / "plain")).create_collection(
                    "plain", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
                )
                began = time.perf_counter()
                for start in range(0, len(texts), BATCH):
                    some = texts[start : start + BATCH]
                    made = plain.encode(some, normalize_embeddings=True, show_progress_bar=False)
                    handle.add(ids=[str(each) for each in ids[start : start + BATCH]], embeddings=made, documents=some)
                theirs = time.perf_counter() - began
                if vectors.count_missing(row.id, "minilm"):
                    raise SystemExit("vectors are missing: the figure would be wrong")
                ratios.append(theirs / ours)
                rates.append((len(texts) / ours, len(texts) / theirs))
    one, other = (statistics.median(each) for each in zip(*rates, strict=True))
    detail = (
        f"{one:.0f} against {other:.0f} chunks/s, {len(texts):,} chunks, {distinct:,} of them different; "
        f"the index of them in {statistics.median(indexed):.1f} s more"
    )
    return Figure(statistics.median(ratios), detail)


def _write(folder: Path) -> None:
    """A corpus of rows of 10 to 150 words, and files of paragraphs."""
    dice = random.Random(0)
    words = ["".join(dice.choice("etaoinshrdlcumwf") for _ in range(dice.randint(2, 9))) for _ in range(5000)]

    def text(count: int) -> str:
        return " ".join(dice.choices(words, k=count)).capitalize() + "."

    rows = [{"_id": f"d{number}", "title": text(4), "text": text(dice.randint(6, 60))} for number in range(ROWS)]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for number in range(FILES):
        paragraphs = [text(dice.randint(20, 80)) for _ in range(PARAGRAPHS)]
        (folder / f"{number}.txt").write_text("\n\n".join(paragraphs), encoding="utf-8")
