"""`kill -9` of an ingest at random moments: nothing that was committed is lost or doubled, and a resume ends it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.documents.ingest import job as job_module
from core.documents.settings import SplitSettings
from core.jobs import JobContext
from core.store import collections, documents, vectors
from tests.core.documents.ingest.stub import Stub
from tests.core.store.document_rows import everything

CHILD = """
import json, sys
import core.models.embedders
from tests.core.documents.ingest.stub import Stub
stub = Stub(seconds=0.03)
core.models.embedders.get_embedder = lambda ref="minilm": stub
from core.documents.ingest import embedding, job
from core.jobs import JobContext
job.GROUP_CHUNKS = embedding.BATCH = 20
print("ready", flush=True)
job.run(json.loads(sys.argv[1]), JobContext("child"))
print("done", flush=True)
"""
PROJECT = Path(__file__).parents[4]


def sources(folder: Path, rows: int) -> list[dict[str, str]]:
    folder.mkdir()
    made = random.Random(5)

    def words(count: int) -> str:
        return " ".join(f"w{made.randrange(10_000)}" for _ in range(count))

    corpus = [{"_id": f"d{number}", "text": words(9)} for number in range(rows)]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in corpus))
    for number in range(6):
        (folder / f"{number}.txt").write_text("\n\n".join(words(9) for _ in range(12)))
    (folder / "long.txt").write_text("\n\n".join(words(10) for _ in range(150)))
    return [{"path": str(folder), "name": "in"}]


@pytest.mark.parametrize("lives", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_many_lives_end_as_one(lives: int, tmp_path: Path, stub: Stub) -> None:
    settings = SplitSettings.parse(splitter="recursive", chunk_size=12, chunk_overlap=0).model_dump_json()
    row = collections.create("killed", embedding="minilm", splitter=settings)
    whole = collections.create("whole", embedding="minilm", splitter=settings)
    wanted = sources(tmp_path / "in", rows=100 + 40 * lives)
    request = json.dumps({"collection": row.id, "sources": wanted})
    dice = random.Random(20)
    chunks: dict[int, str] = {}
    killed = 0
    for _ in range(lives):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, request], stdout=subprocess.PIPE, text=True, cwd=PROJECT, env=os.environ
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        target = len(chunks) + dice.randrange(40)
        deadline = time.monotonic() + 60
        while len(documents.chunk_ids(row.id)) <= target and child.poll() is None and time.monotonic() < deadline:
            time.sleep(dice.random() * 0.02)
        child.send_signal(signal.SIGKILL)
        killed += child.wait() == -signal.SIGKILL
        child.communicate()
        now = {each.id: each.text for each in documents.chunks(documents.chunk_ids(row.id)).values()}
        assert now.items() >= chunks.items()  # what was committed before is there, under the same ids
        found = everything(row)
        assert sum(map(len, found.values())) == len(now)  # no document is half there, no chunk is an orphan
        assert vectors.count_missing(row.id, "minilm") == 0
        chunks = now
    assert killed >= lives * 3 // 4
    context = JobContext("last")
    result = job_module.run(json.loads(request), context)
    uninterrupted = job_module.run({"collection": whole.id, "sources": wanted}, context)
    assert result["chunks"] == uninterrupted["chunks"]
    assert everything(row) == everything(whole)
    assert {each["status"] for each in job_module.run(json.loads(request), context)["files"]} == {"unchanged"}
