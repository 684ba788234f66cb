"""The job "measure-models": the same text and the same window for every model, one after the other in one process.

Called again, it measures everything anew: figures of two runs are not compared. Knows nothing of how one is measured.
"""

from __future__ import annotations

from typing import Any

from core.compression.calibration import read_text
from core.compression.measuring.request import STRIDE, WINDOW, MeasureRequest
from core.compression.measuring.speed import PROMPT, WRITTEN
from core.compression.measuring.subjects import Sight, Task, context_of, measure_one
from core.compression.workspace import versions
from core.errors import InvalidInput
from core.jobs import JobContext


def run(request: dict[str, Any], job: JobContext) -> dict[str, Any]:
    """Do what `request`, a `MeasureRequest` as a document, asks for.

    Returns:
        `{"rows": [as core.compression.measuring.row.Row, and "against_first"], "text", "window", "stride",
        "prompt_tokens", "versions"}`, and the same as a partial result after each model. With an eval file each row
        has "accuracy" too, and "eval" is as `accuracy.accuracy_of` returns it, less the scores.

    Raises:
        LoupeError: a model cannot be loaded or measured; its reference is named.
    """
    asked = MeasureRequest.parse(**request)
    text = read_text(asked.text)
    sight = sight_of(asked)
    total = len(asked.models) + bool(asked.eval_file)
    unit = "parts" if asked.eval_file else "models"
    rows: list[Any] = []
    result: dict[str, Any] = {}
    job.progress(0, total, unit)
    for number, ref in enumerate(asked.models):

        def tell(what: str, share: float, number: int = number, ref: str = ref) -> None:
            job.check()
            job.progress(number + share, total, unit, f"{what}: {ref}")

        rows.append(measure_one(ref, Task(text, sight, asked.tokens, asked.speed, tell)))
        result = {
            "rows": [row.as_json(rows[0]) for row in rows],
            "text": asked.text or "Loupe's documentation",
            "window": sight.window,
            "stride": sight.stride,
            "prompt_tokens": sight.prompt,
            "versions": versions(),
        }
        job.partial(result)
        job.progress(number + 1, total, unit)
    if asked.eval_file:
        result = _with_accuracy(result, asked, job)
    return result


def _with_accuracy(result: dict[str, Any], asked: MeasureRequest, job: JobContext) -> dict[str, Any]:
    from core.compression.measuring.accuracy import accuracy_of

    models = len(asked.models)
    job.previous |= result  # what is shown while the eval runs

    def tell(share: float) -> None:
        job.progress(models + share, models + 1, "parts", "the eval")

    found = accuracy_of(asked, job, tell)
    scores = found.pop("scores")
    rows = [{**row, "accuracy": score} for row, score in zip(result["rows"], scores, strict=True)]
    return {**result, "rows": rows, "eval": found}


def sight_of(asked: MeasureRequest) -> Sight:
    """Window, stride and prompt, the same for all models.

    Raises:
        InvalidInput: the window is longer than a model's context; it is named.
    """
    contexts = {}
    for ref in asked.models:
        context = context_of(ref)
        if context is not None:
            contexts[ref] = context
    smallest = min(contexts, key=lambda ref: contexts[ref], default="")
    context = contexts.get(smallest, WINDOW + WRITTEN)
    if asked.window is not None and asked.window > context and smallest:
        raise InvalidInput(
            f"window is {asked.window:,}, more than the context of {context:,} tokens of {smallest}; lower it.",
            "window",
        )
    window = asked.window or min(WINDOW, context)
    default = STRIDE if window == WINDOW else max(1, window // 2)
    return Sight(window, min(asked.stride or default, window), max(1, min(PROMPT, context - WRITTEN)))
