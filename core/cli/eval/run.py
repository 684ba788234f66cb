"""`loupe eval run`: an eval file from beginning to end, for a terminal and for CI.

Exit codes: 0 every cell passed, 100 one did not (a failed assertion, no answer; an override counts), 1 the file or its
data is wrong, 130 interrupted. Knows nothing of how cells are made or counted.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.eval.figures import print_figures
from core.cli.output import complain, print_json
from core.errors import InvalidInput

if TYPE_CHECKING:
    from core.jobs import JobView
    from core.store.evals import EvalRecord

FAILED = 100
"""The exit code of an eval of which something failed; promptfoo's."""
SHOWN = 3


def command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="promptfoo's YAML or JSON, or a .prompt.yml.")],
    out: Annotated[
        str | None, typer.Option(metavar="DIR", help="Write HTML, CSV, JSON and JUnit reports there.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Do what is missing of the last run of this file; failed calls again.")
    ] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Make every call anew.")] = False,
    repeat: Annotated[str | None, typer.Option(metavar="N", help="Ask every row so often.", show_default="1")] = None,
    concurrency: Annotated[
        str | None, typer.Option(metavar="N", help="Calls at once to each model.", show_default="12")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(metavar="REF", help="Instead of the file's models; repeatable.")
    ] = None,
    limit: Annotated[str | None, typer.Option(metavar="N", help="Only the first rows.")] = None,
    skip_broken: Annotated[
        bool, typer.Option("--skip-broken", help="Leave out rows that cannot be read, and name them.")
    ] = False,
    skip_unsupported: Annotated[
        bool, typer.Option("--skip-unsupported", help="Leave out assertions that Loupe cannot check, and name them.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="What it is called in lists.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Run an eval: every variant on every row, judged, with an interval on every figure."""
    from core.cli.following import ended_well, follow_job
    from core.evals import running
    from core.evals.formats import read_eval
    from core.evals.running.overrides import Overrides

    said = Overrides(
        repeat=_whole("repeat", repeat, 100),
        concurrency=_whole("concurrency", concurrency, 64),
        limit=_whole("limit", limit, None),
        skip_broken=skip_broken,
        skip_unsupported=skip_unsupported,
        models=tuple(model or ()),
        use_cache=not no_cache,
    )
    asked = said.applied(read_eval(file, models=said.models, skip_unsupported=skip_unsupported))
    path = str(Path(file).expanduser().resolve())
    if out is not None:
        _check_folder(Path(out).expanduser())
    before = None
    if resume:
        before = _attempt(running.latest(path))
        record = running.resume(asked, path)
    else:
        record = running.start(asked, said=said, name=name, path=path, at_once=True)
    _tell(record)
    job = None
    if record.job is not None and _attempt(record) != before:  # else nothing was missing, so nothing was started
        threading.Thread(target=_import_figures, daemon=True).start()
        job = ended_well(follow_job(record.job, quiet))
    return _report(record, job, Path(out).expanduser() if out is not None else None, as_json, resumed=resume)


def _import_figures() -> None:
    """While the worker is at work: what the figures need takes most of a second to import."""
    import scipy.special  # noqa: F401

    import core.evals.report  # noqa: F401


def _attempt(record: EvalRecord | None) -> tuple[str, int] | None:
    """Which work on an eval is its last."""
    from core.evals.running import job_of

    job = None if record is None else job_of(record)
    return None if job is None else (job.id, job.attempt)


def _whole(name: str, text: str | None, most: int | None) -> int | None:
    if text is None:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
    if number < 1 or (most is not None and number > most):
        bounds = f"from 1 to {most}" if most is not None else "of at least 1"
        raise InvalidInput(f"--{name} is {text[:40]!r}: write a whole number {bounds}.", name)
    return number


def _check_folder(folder: Path) -> None:
    """Before an hour of work, not after it."""
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"--out is {str(folder)[:200]!r}, which is a file; name a folder.", "out")


def _tell(record: EvalRecord) -> None:
    """What the file asks for and Loupe does not do, and what is not there."""
    from core.evals.running import plan_of
    from core.store import evals as store

    plan = plan_of(record)
    for note in plan.notes:
        complain(note)
    for variant, why in plan.missing.items():
        complain(f"{variant}: {why} Its cells get this as their error.")
    if plan.broken:
        complain(f"{plan.broken:,} of {record.rows:,} rows cannot be read and are left out.")
        for row in [each for each in store.rows(record.id, count=1000) if each.broken][:SHOWN]:
            complain(f"{row.description}: {row.broken}")


def _report(record: EvalRecord, job: JobView | None, out: Path | None, as_json: bool, *, resumed: bool) -> int:
    """Print what it came to; the exit code."""
    from core.evals.report import write_reports
    from core.evals.results import summary
    from core.store import eval_figures

    found = summary(record.id)
    cells = eval_figures.counts(record.id)
    failed = sum(each.cells - each.passed for each in cells)
    paths = write_reports(record.id, out) if out is not None else []
    made = job.result["attempt"] if job is not None else {"calls": 0, "cached": 0, "kept": 0}
    if job is None:  # nothing was missing: all of it was there before, or every answer was
        made["kept" if resumed else "cached"] = found.done
    if as_json:
        more = {"cells": found.done, "failed": failed, "job": record.job, "reports": [str(each) for each in paths]}
        print_json({**found.as_json(), **made, **more})
    else:
        print_figures(found, failed)
        complain(_calls(made))
        for path in paths:
            complain(f"wrote {path}")
        if failed:
            complain(f"{failed:,} of {found.done:,} cells failed: loupe eval show {record.id} --failures")
    return FAILED if failed else 0


def _calls(made: dict[str, int]) -> str:
    parts = [f"{made['calls']:,} calls made"]
    parts += [f"{made['cached']:,} cells needed none"] if made["cached"] else []
    parts += [f"{made['kept']:,} were there already"] if made["kept"] else []
    return ", ".join(parts)
