"""The job "eval": every missing cell of an eval, model after model, each stored as soon as it is there.

Called again after whatever ended it, it makes only the calls that are missing, and refuses to go on where the data set,
a wording or a model is not the same any more. Knows nothing of pages or reports.
"""

from __future__ import annotations

import time
from typing import Any

from core.errors import Conflict
from core.evals.assertions import Judging
from core.evals.datasets import BrokenRow, check, rows_of
from core.evals.running import crew
from core.evals.running.calls import Calls
from core.evals.running.fingerprints import Fingerprints
from core.evals.running.judged import Done, Judge
from core.evals.running.matrix import Matrix
from core.evals.running.plan import Plan, depends_of, differences, plan_of
from core.evals.running.together import Together
from core.jobs import JobContext
from core.store import eval_figures
from core.store import evals as store
from core.store.evals import EvalRecord, RowRecord

ROWS_A_PAGE = 500
METRICS_EVERY_S = 1.0


def run(request: dict[str, Any], job: JobContext) -> dict[str, Any]:
    """Make the calls that are missing, judge, store.

    Args:
        request: `{"eval": id}`.
        job: told after every group of cells.

    Returns:
        `{"eval", "cells", "errors", "unjudged", "passed", "calls", "cached", "attempt": {"calls", "cached", "kept"}}`:
        cells of all attempts; of all attempts and of this one how many calls were made, how many cells needed none, and
        how many were there before.

    Raises:
        NotFound: the eval was deleted, or its data set is gone.
        Conflict: the data set or what answers depend on has changed since it began; the sentence says what.
    """
    record = store.get(request["eval"])
    plan = plan_of(record)
    _same(record, plan)
    _write_rows(record, plan, job)
    work = _Work(record, plan, job)
    work.run()
    return work.result()


class _Work:
    """One attempt."""

    def __init__(self, record: EvalRecord, plan: Plan, job: JobContext) -> None:
        self._record, self._plan, self._job = record, plan, job
        self._fingerprints = Fingerprints()
        salt = "" if plan.use_cache else record.id
        self._calls = Calls(plan.file.concurrency, job.cancelled, self._fingerprints, salt)
        judging = Judging(
            cancel=job.cancelled, ask=lambda asked, cancel: self._calls.ask_once(asked), forget=self._calls.forget
        )
        self._judge = Judge(record.id, plan.file.variants, self._calls, judging)
        self._together = Together(record.id, plan.file, judging)
        self._matrix = Matrix(record.id, plan.file, self._fingerprints, salt, self._judge.prepare)
        self._total = (record.rows - plan.broken) * len(plan.file.variants) * plan.file.repeat
        self._kept = self._done = store.count_done(record.id, errors=False)
        self._judged = self._kept
        self._passed = sum(each.passed for each in eval_figures.counts(record.id)) if self._kept else 0
        self._cached = self._tokens = 0
        self._before: dict[str, int] = job.previous.get("so_far", {"calls": 0, "cached": 0})
        self._began = self._told = time.monotonic()

    def run(self) -> None:
        """All models, then the judgements that need the outputs of all of them."""
        hands = self._plan.file.concurrency
        self._job.progress(self._done, self._total, "cells")
        for model, variants in self._matrix.groups():
            self._job.check()
            busy: set[str] = set()
            tasks = _noted(self._matrix.tasks(variants, busy), busy)
            for group in crew.work(tasks, self._judge, hands, self._job.cancelled):
                self._store(group)
                busy -= {each.key for each in group}
                self._tell(model)
        self._job.check()
        rows = self._together.rows() if self._matrix.compares else iter(())
        for judged in crew.work(rows, self._together, hands, self._job.cancelled):
            store.save_cells(self._record.id, [cell for cells in judged for cell in cells])
            self._job.progress(self._done, self._total, "cells", "comparing outputs")
        self._job.check()

    def result(self) -> dict[str, Any]:
        """See `run`."""
        counts = eval_figures.counts(self._record.id)
        return {
            "eval": self._record.id,
            "cells": sum(each.cells for each in counts),
            "errors": sum(each.errors for each in counts),
            "unjudged": sum(each.unjudged for each in counts),
            "passed": sum(each.passed for each in counts),
            **self._so_far(),
            "attempt": {"calls": self._calls.made, "cached": self._cached, "kept": self._kept},
        }

    def _store(self, group: list[Done]) -> None:
        cells = [cell for done in group for cell in done.cells]
        store.save_cells(self._record.id, cells, [done.output for done in group if done.output is not None])
        self._done += len(cells)
        self._judged += sum(cell.error is None for cell in cells)
        self._passed += sum(cell.passed for cell in cells)
        self._cached += sum(cell.cached for cell in cells)
        self._tokens += sum(cell.completion_tokens for cell in cells if not cell.cached)

    def _tell(self, model: str) -> None:
        self._job.progress(self._done, self._total, "cells", model)
        self._job.partial({"eval": self._record.id, "so_far": self._so_far()})
        now = time.monotonic()
        if now - self._told >= METRICS_EVERY_S:
            self._told = now
            self._job.metric("pass rate", self._done, self._passed / max(self._judged, 1))
            self._job.metric("tokens/s", self._done, self._tokens / (now - self._began))

    def _so_far(self) -> dict[str, int]:
        calls, cached = self._before["calls"] + self._calls.made, self._before["cached"] + self._cached
        return {"calls": calls, "cached": cached}


def _noted(tasks: Any, busy: set[str]) -> Any:
    """The tasks, their keys noted as under way."""
    for task in tasks:
        if task is not None and task.key:
            busy.add(task.key)
        yield task


def _same(record: EvalRecord, plan: Plan) -> None:
    """Check that what is missing belongs to what is there."""
    checked = check(plan.file)
    found = differences(
        plan.file,
        plan.file,
        same_data=checked.digest == record.data_digest,
        depended=plan.depends,
        depends=depends_of(plan.file, checked.judges),
    )
    if found:
        raise Conflict(f"The eval cannot go on: {'; '.join(found)} since it began. Start a new one instead.")


def _write_rows(record: EvalRecord, plan: Plan, job: JobContext) -> None:
    """Write the rows that are not there yet, page by page."""
    there = store.count_rows(record.id)
    if there >= record.rows:
        return
    page: list[RowRecord] = []
    for row in rows_of(plan.file):
        if row.number <= there:
            continue
        if isinstance(row, BrokenRow):
            page.append(RowRecord(number=row.number, description=row.where, broken=row.reason))
        else:
            page.append(RowRecord(number=row.number, description=row.description, vars=row.vars, metadata=row.metadata))
        if len(page) == ROWS_A_PAGE:
            job.check()
            store.save_rows(record.id, page)
            job.progress(row.number, record.rows, "rows")
            page = []
    store.save_rows(record.id, page)
