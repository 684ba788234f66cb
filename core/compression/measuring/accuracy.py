"""How often models are right on an eval of one's own: one eval with a variant a model, run inside the measuring job.

It is kept like any other eval, so that Results shows every answer behind a figure. Knows nothing of perplexity.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.compression.measuring.request import MeasureRequest
from core.errors import InvalidInput, NotFound
from core.evals import running
from core.jobs import JobContext

if TYPE_CHECKING:
    from core.evals.eval_file import EvalFile


def eval_of(asked: MeasureRequest) -> EvalFile:
    """The eval file with the models in place of its own.

    Raises:
        NotFound, InvalidInput: it cannot be read, or has several prompts, so that a model has no single figure.
    """
    from core.evals.formats import read_eval
    from core.evals.running.overrides import Overrides

    said = Overrides(limit=asked.eval_rows, models=asked.models)
    file = said.applied(read_eval(asked.eval_file, models=asked.models))
    if [each.model for each in file.variants] != list(asked.models):
        raise InvalidInput(
            f"eval_file asks each model in {len(file.variants) / len(asked.models):g} ways, so there is no single "
            f"figure for a model; keep one prompt in it.",
            "eval_file",
        )
    return file


def accuracy_of(asked: MeasureRequest, job: JobContext, tell: Callable[[float], None]) -> dict[str, Any]:
    """Run the eval, or what is missing of it.

    Args:
        asked: names eval file and models.
        job: this attempt; an earlier one may have left its eval in `job.previous["eval"]`.
        tell: called with the share that is done.

    Returns:
        `{"id", "name", "rows", "scores": [{"share", "ci95", "n", "errors"}, …]}`, a score a model, in their order.
        The interval is Wilson's; an answer that did not come is an error and not counted as wrong.

    Raises:
        LoupeError: the eval cannot be run; one sentence.
    """
    from core.evals.results import summary
    from core.evals.running import job as work

    name = f"Accuracy of {len(asked.models)} measured models"
    eval_id = _earlier(job) or running.prepare(eval_of(asked), name=name).id
    job.partial({**job.previous, "eval": {"id": eval_id}})
    work.run({"eval": eval_id}, _Inside(job, tell))
    found = summary(eval_id)
    scores = [
        {"share": each.score, "ci95": list(each.ci95), "n": each.n, "errors": each.errors + each.unjudged}
        for each in found.variants
    ]
    return {"id": eval_id, "name": found.name, "rows": found.rows - found.broken, "scores": scores}


def _earlier(job: JobContext) -> str | None:
    from core.store import evals as store

    try:
        return str(store.get(job.previous["eval"]["id"]).id)
    except (KeyError, NotFound):
        return None


class _Inside(JobContext):
    """The eval's view of the job that it is a part of: it hears of a cancellation, and its progress is a share."""

    def __init__(self, outer: JobContext, tell: Callable[[float], None]) -> None:
        super().__init__(outer.id)
        self.cancelled = outer.cancelled
        self._tell = tell

    def progress(self, done: float, total: float | None = None, unit: str = "", note: str = "") -> None:
        """Only the share is passed on."""
        self._tell(done / total if total else 0.0)
