"""Evals are started, found again and resumed here: by the page Evals, by `loupe eval run`, by tests.

Everything that can be wrong with a file is said before a model is asked. Knows nothing of how cells are made.
"""

from __future__ import annotations

from pathlib import Path

from core import jobs
from core.errors import Conflict, InvalidInput, LoupeError, NotFound
from core.evals.datasets import Checked, check
from core.evals.eval_file import EvalFile
from core.evals.formats import write_eval
from core.evals.running import kept_files
from core.evals.running.at_once import is_there, judge_here
from core.evals.running.overrides import AS_WRITTEN, Overrides
from core.evals.running.plan import Plan, begins, depends_of, differences, plan_of
from core.models.device import may_have_gpu
from core.models.reference import ModelRef, parse_ref
from core.prompts.names import short
from core.store import evals as store
from core.store.evals import EvalRecord

KIND = "eval"


def start(
    file: EvalFile,
    *,
    said: Overrides = AS_WRITTEN,
    name: str | None = None,
    path: str = "",
    checked: Checked | None = None,
    at_once: bool = False,
) -> EvalRecord:
    """Check everything, then have it done by a job; the eval, whose `job` says how far it is.

    Args:
        file: what is compared.
        said: what was said instead of the file that was read, and is applied in `file` already, kept so that it can be
            repeated; without `use_cache` every call is made anew, once in this eval.
        name: for a list; by default the file's description or name.
        path: of the file it was read from, absolute; by it a resume finds this eval.
        checked: what a look at its rows found, so that they need not be read again here.
        at_once: where no call is missing and judging takes a moment, do it here and now; the eval then has no job.

    Raises:
        InvalidInput: the file, its data set or a reference of a model is wrong; one sentence.
        NotFound: a data set is gone, or none of the models is here.
        StoreError: the store cannot be written.
    """
    record = prepare(file, said=said, name=name, path=path, checked=checked)
    if at_once and said.use_cache and is_there(file, record.rows):
        judge_here(record)
    else:
        _start_job(record)
    return store.get(record.id)


def prepare(
    file: EvalFile,
    *,
    said: Overrides = AS_WRITTEN,
    name: str | None = None,
    path: str = "",
    checked: Checked | None = None,
) -> EvalRecord:
    """Check everything and keep the eval for whoever has it done: `start`, or a job of which it is a part.

    Args and errors are those of `start`.
    """
    missing = check_models(file)
    checked = checked or check(file)
    plan = Plan(
        path=path,
        said=said,
        file=file,
        depends=depends_of(file, checked.judges),
        broken=checked.broken,
        missing=missing,
        notes=(*file.notes, *checked.notes),
    )
    return store.create(
        name=name or file.description or path.rpartition("/")[2] or " · ".join(each.name for each in file.variants),
        rows=checked.rows,
        data_digest=checked.digest,
        plan=plan.document(),
        file=text_of(file),
    )


def resume(file: EvalFile, path: str) -> EvalRecord:
    """Do what is missing of the last eval of this file; calls that failed are made again.

    Nothing is started where nothing is missing: see whether its job is active.

    Raises:
        NotFound: the file was never run.
        Conflict: it runs at this moment, or data set, prompt, setting or model changed; the sentence says what.
        InvalidInput: as `start`.
    """
    record = latest(path)
    if record is None:
        raise NotFound(f"{short(path)} was not run before, so there is nothing to resume; leave out --resume.")
    checked, before = check(file), plan_of(record)
    found = differences(
        before.file,
        file,
        same_data=checked.digest == record.data_digest,
        depended=before.depends,
        depends=depends_of(file, checked.judges),
    )
    if found:
        raise Conflict(
            f"The last run of this file cannot be resumed: {'; '.join(found)}. Leave out --resume to start a new one."
        )
    resume_eval(record.id)
    return store.get(record.id)


def resume_eval(eval_id: str) -> bool:
    """Do what is missing of an eval; whether anything was.

    Raises:
        NotFound: there is no such eval.
        Conflict: it runs at this moment.
    """
    record = store.get(eval_id)
    job = job_of(record)
    if job is not None and job.active:
        raise Conflict(f"The eval “{record.name}” is {job.status} already.")
    if job is not None and job.resumable:
        jobs.resume(job.id)
        return True
    plan = plan_of(record)
    if store.count_done(record.id, errors=False) >= cells_of(record, plan):
        return False
    _start_job(record)
    return True


def latest(path: str) -> EvalRecord | None:
    """The last eval of a file; `None` where it was never run."""
    return store.latest(begins(path)) if path else None


def job_of(record: EvalRecord) -> jobs.JobView | None:
    """The eval's job at this moment; `None` where it was deleted."""
    try:
        return None if record.job is None else jobs.get(record.job)
    except NotFound:
        return None


def cells_of(record: EvalRecord, plan: Plan) -> int:
    """How many cells it has when it is done."""
    return (record.rows - plan.broken) * len(plan.file.variants) * plan.file.repeat


def delete(eval_id: str) -> None:
    """Delete an eval with its cells, its job, and the outputs that no other eval shows.

    Raises:
        NotFound: there is no such eval.
        Conflict: it runs at this moment.
    """
    record = store.get(eval_id)
    job = job_of(record)
    if job is not None and job.active:
        raise Conflict(f"The eval “{record.name}” is {job.status}; cancel it before deleting it.")
    folder = plan_of(record).file.folder
    store.delete(record.id)
    if job is not None:
        jobs.delete(job.id)
    if folder:
        kept_files.forget(Path(folder))


def text_of(file: EvalFile) -> str:
    """The file that repeats this eval: as it was written, or as promptfoo's YAML."""
    try:
        return file.source or write_eval(file)
    except InvalidInput as error:  # the eval can be run all the same
        return f"# This eval cannot be written as a file: {error}\n"


def check_models(file: EvalFile) -> dict[str, str]:
    """Why the model of a variant is not here, by the variant's name; such a variant's cells will say so.

    Raises:
        InvalidInput: a reference is malformed; the sentence names the variant.
        NotFound: none of the models is here.
    """
    missing: dict[str, str] = {}
    for variant in file.variants:
        try:
            _find(parse_ref(variant.model))
        except InvalidInput as error:
            raise InvalidInput(f"The variant {short(variant.name)}: {error}", "model") from None
        except LoupeError as error:
            missing[variant.name] = str(error)
    if len(missing) == len(file.variants):
        raise NotFound(next(iter(missing.values()), "The eval has no variants."))
    return missing


def _find(ref: ModelRef) -> None:
    """Look whether a model is here, loading and asking nothing."""
    match ref.kind:
        case "api":
            from core.models.endpoints import find_endpoint

            find_endpoint(ref.endpoint)
        case "hf":
            from core.models.hub import local_folder

            local_folder(ref)
        case "bundled":
            from core.models.bundled import gguf_file

            gguf_file()
        case _:
            return  # that its path exists is part of the reference


def _start_job(record: EvalRecord) -> None:
    refs = [variant.model for variant in plan_of(record).file.variants]
    local = may_have_gpu() and not all(ref.startswith(("api:", "gguf:")) for ref in refs)
    store.set_job(record.id, jobs.start(KIND, f"Eval {record.name}", {"eval": record.id}, accelerator=local))
