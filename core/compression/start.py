"""Compressions are started here: by the page Compress, by `loupe compress`, by tests.

Everything that can be said without loading the weights is said before a job is made.
"""

from __future__ import annotations

from core.compression.calibration import check_text, whole_path
from core.compression.methods import module_of
from core.compression.request import CompressRequest
from core.compression.source import Source, open_source, refuse_existing
from core.errors import Conflict
from core.models import bundled
from core.models.device import may_have_gpu
from core.models.reference import parse_ref

KIND = "compress"


def check(request: CompressRequest) -> Source | None:
    """Look whether the request can be done, without loading weights.

    Returns:
        the model it is about; `None` for the bundled one before it has been unpacked, which takes a while and is left
        to the job.

    Raises:
        InvalidInput, NotFound, Conflict, Unsupported, UnsafeModel: it cannot; one sentence.
        StoreError: the store cannot be read.
    """
    method = module_of(request.method)
    refuse_existing(request.name, file=method.METHOD.file)
    if request.name in being_made():
        raise Conflict(f"A compression is making {request.name} already; choose another name.")
    if "calibration" in method.METHOD.options:
        check_text(request.calibration)
    if parse_ref(request.model).kind == "bundled" and bundled.converted() is None:
        bundled.gguf_file()
        return None
    source = open_source(request.model)
    method.check(request, source)
    return source


def being_made() -> set[str]:
    """Names of the results of compressions that wait or run.

    Raises:
        StoreError: the store cannot be read.
    """
    from core import jobs  # which brings the store: the command line only asks this module what there is

    return {str(job.request.get("name")) for job in jobs.list_jobs(KIND) if job.active}


def start(request: CompressRequest) -> str:
    """Have it done by a job; its id.

    Raises:
        As `check`; StoreError: the store cannot be written.
    """
    from core import jobs

    check(request)
    request = _with_whole_paths(request)
    title = f"{module_of(request.method).METHOD.title} of {request.model[:80]} as {request.name}"
    document = request.model_dump(mode="json", exclude_defaults=True) | {"method": request.method, "name": request.name}
    return jobs.start(KIND, title, document, accelerator=may_have_gpu())


def _with_whole_paths(request: CompressRequest) -> CompressRequest:
    """A worker stands in another folder."""
    given = {"calibration": whole_path, "model": _whole_ref, "student": _whole_ref}
    named = {name: whole(getattr(request, name)) for name, whole in given.items() if getattr(request, name)}
    changed = {name: value for name, value in named.items() if value != getattr(request, name)}
    return request.model_copy(update=changed) if changed else request


def _whole_ref(ref: str) -> str:
    return str(parse_ref(ref))
