"""Measurements are started here: by the page Compress, by `loupe measure`, by tests."""

from __future__ import annotations

from core.compression.calibration import check_text, whole_path
from core.compression.measuring.request import MeasureRequest
from core.models.device import may_have_gpu
from core.models.reference import parse_ref

KIND = "measure-models"


def check(request: MeasureRequest) -> None:
    """Look whether every model, the text and the eval file are there.

    Raises:
        InvalidInput, NotFound, Unsupported, UnsafeModel: one is not; one sentence.
    """
    from core.compression.measuring.job import sight_of

    check_text(request.text)
    sight_of(request)
    if request.eval_file:
        from core.compression.measuring.accuracy import eval_of

        eval_of(request)


def start(request: MeasureRequest) -> str:
    """Have it done by a job; its id.

    Raises:
        As `check`; StoreError: the store cannot be written.
    """
    from core import jobs  # which brings the store: the command line only asks this module what there is

    check(request)
    request = request.model_copy(  # a worker stands in another folder
        update={
            "models": tuple(str(parse_ref(each)) for each in request.models),
            "text": whole_path(request.text),
            "eval_file": whole_path(request.eval_file),
        }
    )
    title = f"Measure {request.models[0][:60]}" + (f" and {len(request.models) - 1} more" if request.models[1:] else "")
    return jobs.start(KIND, title, request.model_dump(mode="json"), accelerator=may_have_gpu())
