"""The job "compress": one model made smaller by one method. Cancelled or failed, it leaves nothing behind.

Called again, it does everything anew: what a method has half done is of no use. Knows nothing of the methods.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from core.compression.loading import released
from core.compression.methods import Work, module_of
from core.compression.request import CompressRequest
from core.compression.source import open_source, refuse_existing
from core.compression.workspace import making, size_of, write_record
from core.jobs import JobContext
from core.models.reference import ModelRef


def run(request: dict[str, Any], job: JobContext) -> dict[str, Any]:
    """Do what `request`, a `CompressRequest` as a document, asks for.

    Returns:
        `{"ref", "path", "size_bytes", "seconds", "method", "source", …}`; the rest is the method's: see its file.

    Raises:
        LoupeError: one sentence; the source is untouched and nothing is left.
    """
    asked = CompressRequest.parse(**request)
    method = module_of(asked.method)
    final = refuse_existing(asked.name, file=method.METHOD.file)
    began = time.monotonic()
    job.progress(0, None, "", "opening the model")
    source = open_source(asked.model)
    method.check(asked, source)
    job.check()
    with making(final, job.id) as place, released():
        made = method.run(Work(asked, source, place, job))
        job.check()
        settings = {name: getattr(asked, name) for name in asked.in_use}
        record = {"kind": "compression", "method": asdict(method.METHOD), "source": source.ref, "settings": settings}
        if place.is_dir():
            write_record(place, record | {"result": made})
        job.check()
    ref = ModelRef("gguf" if final.suffix == ".gguf" else "path", path=final.resolve())
    return {
        **made,
        "ref": str(ref),
        "path": str(final),
        "size_bytes": size_of(final),
        "seconds": round(time.monotonic() - began, 3),
        "method": asked.method,
        "source": source.ref,
        "source_bytes": size_of(source.folder),
    }
