"""The rows of an eval, one after another: those of the file, then those of its data sets, with all defaults applied.

Memory stays flat: no more than one row is held, however many there are (YAML and JSON lists are read whole). A broken
row ends it with its place, or is named and left out. Knows nothing of running rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from core.errors import InvalidInput, NotFound
from core.evals.datasets import csv, hub, jsonl, lists, parquet
from core.evals.datasets.found import BrokenRow, Found
from core.evals.eval_file import DataSource, EvalFile
from core.evals.reading.case import Case
from core.evals.reading.context import Reading
from core.evals.reading.folder import Folder
from core.evals.reading.needs import Needs, reached
from core.evals.reading.templates import interpolated
from core.evals.reading.variables import combinations
from core.evals.row import Row
from core.prompts.names import short

Reader: TypeAlias = Callable[[Path, Reading], Iterator[Found]]
READERS: dict[str, Reader] = {
    **dict.fromkeys(csv.SUFFIXES, csv.read),
    **dict.fromkeys(jsonl.SUFFIXES, jsonl.read),
    **dict.fromkeys(lists.SUFFIXES, lists.read),
    **dict.fromkeys(parquet.SUFFIXES, parquet.read),
}
"""By the ending of a file's name."""


def rows_of(file: EvalFile, notes: list[str] | None = None) -> Iterator[Row | BrokenRow]:
    """Every row, numbered from 1, with default variables, assertions, threshold and metadata in it.

    Args:
        file: the eval.
        notes: gets a sentence for everything in the data sets that Loupe does not act on.

    Raises:
        InvalidInput: a row is broken and the data source says to stop there, a file cannot be read, or there is no row
            at all; one sentence.
        NotFound: a file of the data set is gone.
    """
    number = 0
    for row in _rows(file, [] if notes is None else notes):
        number += 1
        if file.data.limit is not None and number > file.data.limit:
            return
        if isinstance(row, dict):
            yield Row(number=number, **row)
        elif file.data.on_broken == "skip":
            yield BrokenRow(number, row.where, row.reason)
        else:
            raise InvalidInput(f"{row.where}: {row.reason.rstrip('.')}; correct it, or leave broken rows out.")
    if number == 0:
        named = ", ".join(Path(each).name for each in _paths(file.data)[:5])
        raise InvalidInput(f"{named or 'The eval'} holds no rows; an eval needs at least one test.", "tests")


def _rows(file: EvalFile, notes: list[str]) -> Iterator[dict[str, Any] | Found]:
    needs = Needs(file)
    for row in file.data.rows:
        case = Case(
            vars=row.vars,
            assertions=row.assertions,
            description=row.description,
            threshold=row.threshold,
            metadata=row.metadata,
            with_defaults=row.with_defaults,
        )
        yield from _finished(Found(row.where or f"Test {row.number}", case), case, file, needs)
    for path in _paths(file.data):
        for found in _read(path, file, notes):
            yield from [found] if found.case is None else _finished(found, found.case, file, needs)


def _paths(data: DataSource) -> list[str]:
    return [each for each in (data.path, *data.more) if each]


def _read(path: str, file: EvalFile, notes: list[str]) -> Iterator[Found]:
    reading = Reading(
        name=path if path.startswith(hub.SCHEME) else Path(path).name,
        folder=Folder(file.folder),
        usual_judge=file.data.usual_judge,
        judge=file.data.judge,
        skip_unsupported=file.data.unsupported == "skip",
        notes=notes,
    )
    if path.startswith(hub.SCHEME):
        yield from hub.read(path, reading)
        return
    known = READERS.get(Path(path).suffix.lower())
    if known is None:
        raise InvalidInput(
            f"{short(reading.name)} is no data set; its name must end with {', '.join(READERS)}.", "tests"
        )
    try:
        yield from known(Path(path), reading)
    except FileNotFoundError:
        raise NotFound(f"The data set {short(reading.name)} is not there any more.") from None
    except OSError as error:
        raise InvalidInput(f"The data set {short(reading.name)} cannot be read: {error.strerror or error}.") from None


def _finished(found: Found, case: Case, file: EvalFile, needs: Needs) -> Iterator[dict[str, Any] | Found]:
    """The fields of the rows that a case stands for, or that it is broken."""
    try:
        merged = {**file.default_vars, **case.vars}
        listed = case.listed(file.default_vars, file.default_expands)
        rows = [_row(values, found, case, file, needs) for values in combinations(merged, listed, found.where)]
    except InvalidInput as error:
        reason = str(error).removeprefix(f"{found.where}: ")
        yield Found(found.where, None, reason[:1].upper() + reason[1:])
    else:
        yield from rows


def _row(values: dict[str, Any], found: Found, case: Case, file: EvalFile, needs: Needs) -> dict[str, Any]:
    written = values if case.written and case.refers else file.default_vars.keys() - case.vars.keys()
    if refer := {name: values[name] for name in written if isinstance(values[name], str) and "{{" in values[name]}:
        values |= interpolated(refer, values)
    if paths := needs.paths(case.assertions):
        values |= reached(paths, values)
    if lacking := needs.missing(values, case.assertions, with_defaults=case.with_defaults):
        raise InvalidInput(lacking)
    return {
        "where": found.where,
        "description": case.description,
        "vars": values,
        "assertions": (*file.default_assertions, *case.assertions) if case.with_defaults else case.assertions,
        "with_defaults": case.with_defaults,
        "threshold": file.default_threshold if case.threshold is None else case.threshold,
        "metadata": {**file.default_metadata, **case.metadata},
    }
