"""Tests of a promptfoo file: those written in it, and files of them.

Tests in the file become rows here, with all combinations of their lists; files stay files, and are read when their rows
are needed. Source: promptfoo, “Test cases”.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from core.errors import InvalidInput
from core.evals.datasets import READERS, hub
from core.evals.formats.promptfoo.defaults import Defaults
from core.evals.reading.case import Case, read_test
from core.evals.reading.context import Reading, mapping
from core.evals.reading.folder import SCHEME
from core.evals.reading.templates import interpolated
from core.evals.reading.variables import combinations, several
from core.evals.row import Row
from core.prompts.names import short

MOST_ROWS = 100_000
"""Rows in the file itself; more belong into a data set."""
HUGGING_FACE = "huggingface://datasets/"
_PROGRAM = re.compile(r"\.(py|js|ts|mjs|cjs)(:[\w.]+)?$")


@dataclass(slots=True)
class Tests:
    """What is asked of the variants."""

    rows: list[Row] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def add(self, case: Case, where: str, defaults: Defaults) -> None:
        """The rows that a test in the file stands for.

        Raises:
            InvalidInput: there are too many of them.
        """
        for values in _values(case, where, defaults):
            if len(self.rows) >= MOST_ROWS:
                raise InvalidInput(f"The eval has more than {MOST_ROWS:,} tests; put them into a CSV or JSONL file.")
            self.rows.append(
                Row(
                    number=len(self.rows) + 1,
                    where=where,
                    description=case.description,
                    vars=values,
                    assertions=case.assertions,
                    with_defaults=case.with_defaults,
                    threshold=case.threshold,
                    metadata=case.metadata,
                )
            )


def read_tests(value: Any, reading: Reading, defaults: Defaults, tests: Tests) -> None:
    """Add what stands under `tests`.

    Raises:
        InvalidInput: a test is malformed, or a file is not there or not of a kind that Loupe reads.
    """
    value = reading.resolved(value, "tests")
    if value is None:
        return
    entries = value if isinstance(value, list) else [value]
    for number, entry in enumerate(entries, 1):
        where = f"Test {number}"
        entry = reading.resolved(entry, where)
        if isinstance(entry, str):
            tests.paths += _paths(entry, reading, where)
        elif isinstance(entry, dict) and isinstance(entry.get("path"), str) and not {"vars", "assert"} & entry.keys():
            tests.paths += _paths(entry["path"], reading, where)
            if entry.get("config"):
                reading.note(f"{where}: its config is for a program that makes tests, which Loupe does not run.")
        else:
            if tests.paths:
                reading.note("Tests that stand in the file come before those of its data sets, whatever their order.")
            case = read_test(mapping(entry, f"{reading.name}: {where}", "a test"), reading, where)
            with reading.at(where):
                tests.add(case, where, defaults)


def _paths(entry: str, reading: Reading, where: str) -> list[str]:
    what = f"{reading.name}: {where}"
    if entry.startswith(HUGGING_FACE):
        return [_hugging_face(entry, reading, where)]
    if entry.startswith(hub.SCHEME):
        return [str(hub.parse(entry))]
    name = entry.removeprefix(SCHEME)
    if re.match(r"[a-z]+://", name):
        raise InvalidInput(f"{what} lies at {short(name)}; download it and name the file.", "tests")
    if _PROGRAM.search(name):
        reading.unsupported(where, f"is {short(name)}, a program that makes tests, which Loupe does not run")
        return []
    found = []
    for path in reading.folder.files(entry, what):
        if path.suffix.lower() not in READERS:
            advice = "save it as CSV" if path.suffix.lower() in (".xlsx", ".xls") else "save it as one of these"
            kinds = ", ".join(READERS)
            raise InvalidInput(f"{what} is {short(path.name)}; rows are read from {kinds}: {advice}.", "tests")
        found.append(str(path))
    return found


def _hugging_face(entry: str, reading: Reading, where: str) -> str:
    """`huggingface://datasets/ORG/NAME?split=test&config=main&limit=10` as Loupe writes it."""
    parts = urlsplit(entry)
    asked = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    repo = (parts.netloc + parts.path).removeprefix("datasets/")
    config, split = asked.pop("config", "") or asked.pop("subset", ""), asked.pop("split", "test")
    limit = asked.pop("limit", "")
    if limit and not (limit.isdecimal() and 1 <= int(limit) < 10**hub.LIMIT_DIGITS):
        raise InvalidInput(f"{reading.name}: {where} has the limit {short(limit)}; it is a whole number from 1.")
    reading.unknown_keys(asked, set(), where)
    wanted = hub.parse(f"{repo}{':' + config if config else ''}/{split}")
    return str(replace(wanted, limit=int(limit) if limit else None))


def _values(case: Case, where: str, defaults: Defaults) -> Iterator[dict[str, Any]]:
    """The variables of every row that a test stands for; those that are merely the file's stay in the file.

    A list of the file's that this test takes as one value would stand for several tests there, so it becomes its own.
    """
    merged = {**defaults.vars, **case.vars}
    listed = case.listed(defaults.vars, defaults.expands)
    kept = {name for name, each in defaults.vars.items() if defaults.expands and several(each) and name not in listed}
    for values in combinations(merged, listed, where):
        own = {
            name: each
            for name, each in values.items()
            if name in case.vars or name in kept or each is not defaults.vars[name]
        }
        refer = {name: each for name, each in own.items() if isinstance(each, str) and "{{" in each}
        yield own | (interpolated(refer, values) if case.refers and refer else {})
