"""Memory while 200 MB of text go into a collection: highest in the last half of the way over highest in the first.

Half of the text lies in one file, half in twenty. It repeats 1,000 different paragraphs, each of which is one chunk, so
that the cache of vectors answers for nearly all of them: with 25 chunks a second to embed it would take hours, and
what embedding holds is a batch in either case. Loading the model falls before the first look.
"""

import json
import random
import tempfile
import threading
import time
from pathlib import Path

from bench.common import Figure, Setup
from bench.filled import own_home

NAME = "memory while ingesting 200 MB of text, last half against first half"
TARGET = "≤ 1.1"
MEGABYTES, DIFFERENT, WORDS = 200, 1000, 190


def measure(setup: Setup) -> Figure:
    import psutil

    from core.documents.ingest import job
    from core.documents.settings import SplitSettings
    from core.jobs import JobContext
    from core.models.embedders import get_embedder
    from core.store import collections, documents

    get_embedder("minilm").encode_documents(["warm"])
    me, held, done = psutil.Process(), [], threading.Event()

    def look() -> None:
        while not done.wait(0.5):
            held.append(me.memory_info().rss / 2**20)

    with tempfile.TemporaryDirectory() as sources, own_home():
        _write(Path(sources))
        row = collections.create("bench", embedding="minilm", splitter=SplitSettings(chunk_overlap=0).model_dump_json())
        request = {"collection": row.id, "sources": [{"path": sources, "name": "in"}]}
        watch = threading.Thread(target=look)
        began = time.perf_counter()
        watch.start()
        job.run(request, JobContext("bench"))
        took = time.perf_counter() - began
        done.set()
        watch.join()
        chunks = len(documents.chunk_ids(row.id))
    first, last = max(held[: len(held) // 2]), max(held[len(held) // 2 :])
    detail = (
        f"{first:.0f} MiB, then {last:.0f} MiB, {held[0]:.0f} MiB at the start; {chunks:,} chunks of {DIFFERENT:,} "
        f"different texts, {took:.0f} s"
    )
    return Figure(last / first, detail)


def _write(folder: Path) -> None:
    from core.models import embedding

    dice = random.Random(0)
    vocabulary = json.loads((embedding.folder() / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    words = [word for word in vocabulary if word.isascii() and word.isalpha() and len(word) > 1]
    pool = [" ".join(dice.choices(words, k=WORDS)).capitalize() + "." for _ in range(DIFFERENT)]
    sizes = [MEGABYTES // 2] + [MEGABYTES // 40] * 20
    for number, size in enumerate(sizes):
        with (folder / f"{number:02}.txt").open("w", encoding="utf-8") as file:
            written = 0
            while written < size * 10**6:
                written += file.write(dice.choice(pool) + "\n\n")
