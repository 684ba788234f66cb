"""The job "measure": a collection against a question set, once for each of several settings.

Called again after an interruption it measures only the settings that were not done. Knows nothing of pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.documents.measuring import question_sets
from core.documents.measuring.measurement import measure
from core.documents.settings import RetrievalSettings
from core.jobs import JobContext
from core.store import collections

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_ITEMS = 2000
"""Questions up to which a result names each one and what it found; of a larger set the means are kept."""


def run(request: dict[str, Any], job: JobContext) -> dict[str, Any]:
    """Measure the collection whose id is `request["collection"]`.

    Args:
        request: `{"collection", "queries", "qrels", "k", "settings": [RetrievalSettings as JSON, …]}`; queries and
            qrels are files in BEIR's layout.
        job: told after every batch of questions.

    Returns:
        `{"collection", "runs": [Measured.as_json(items=True), …]}`, in the order of the settings.

    Raises:
        LoupeError: see `measure`.
    """
    row = collections.by_id(request["collection"])
    questions = question_sets.read(request["queries"], request["qrels"])
    wanted = [RetrievalSettings.parse(**each) for each in request["settings"]]
    number = len(questions.questions)
    # another revision holds other chunks: what was measured before would not belong beside what comes
    runs: list[dict[str, Any]] = (
        list(job.previous.get("runs", ())) if job.previous.get("revision") == row.revision else []
    )
    vectors: dict[str, NDArray[np.float32]] = {}
    job.progress(len(runs) * number, len(wanted) * number, "questions")
    for place in range(len(runs), len(wanted)):
        settings = wanted[place]

        def told(done: int, _: int, place: int = place, mode: str = settings.mode) -> None:
            job.progress(place * number + done, len(wanted) * number, "questions", mode)

        found = measure(
            row.name, questions, settings, request.get("k", 10), cancel=job.cancelled, progress=told, vectors=vectors
        )
        job.check()
        runs.append(found.as_json(items=number <= MOST_ITEMS))
        for name, value in found.means.items():
            job.metric(name, place, value)
        job.partial({"collection": row.name, "revision": row.revision, "runs": runs})
    return {"collection": row.name, "revision": row.revision, "runs": runs}
