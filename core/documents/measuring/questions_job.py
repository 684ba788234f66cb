"""The job "questions": a model writes a question for each of some chunks of a collection.

Called again after an interruption it goes on after the last one. Knows nothing of pages.
"""

from __future__ import annotations

from typing import Any

from core.documents.measuring.made import sample, write
from core.jobs import JobContext
from core.store import collections


def run(request: dict[str, Any], job: JobContext) -> dict[str, Any]:
    """Write questions.

    Args:
        request: `{"collection": id, "count": how many, "model": reference or None, "seed": of the sample}`.
        job: told after every question.

    Returns:
        `{"collection", "questions": [Draft.as_json(), …], "tried"}`; fewer than asked where the model wrote none.

    Raises:
        LoupeError: see `sample` and `write`; what was written stays.
    """
    row = collections.by_id(request["collection"])
    count = max(1, min(int(request.get("count", 20)), 5000))
    chunks = sample(row.name, count, seed=int(request.get("seed", 0)))
    found: list[dict[str, Any]] = list(job.previous.get("questions", ()))
    tried = min(int(job.previous.get("tried", 0)), len(chunks))
    job.progress(tried, len(chunks), "questions")
    for draft in write(chunks[tried:], request.get("model"), job.cancelled):
        tried += 1
        if draft is not None:
            found.append(draft.as_json())
        job.progress(tried, len(chunks), "questions")
        job.partial({"collection": row.name, "questions": found, "tried": tried})
        job.check()
    job.check()
    return {"collection": row.name, "questions": found, "tried": tried}
