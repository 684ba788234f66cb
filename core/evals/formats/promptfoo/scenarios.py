"""Scenarios: every set of variables under `config` with every test under `tests`.

Source: promptfoo, “Scenarios”.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from core.errors import InvalidInput
from core.evals.formats.promptfoo.defaults import Defaults
from core.evals.formats.promptfoo.tests import Tests
from core.evals.reading.case import Case, read_test
from core.evals.reading.context import Reading, mapping
from core.evals.reading.folder import SCHEME
from core.prompts import strict_yaml

_KEYS = {"description", "config", "tests"}
_VALUES = ("$values", "$expand")
_DEEP = 5


def read_scenarios(value: Any, reading: Reading, defaults: Defaults, tests: Tests) -> None:
    """Add what stands under `scenarios`.

    Raises:
        InvalidInput: a scenario is malformed, or a file is not there.
    """
    for number, entry in enumerate(_items(value, reading, "scenarios"), 1):
        place = f"Scenario {number}"
        scenario = mapping(entry, f"{reading.name}: {place}", "a scenario")
        reading.unknown_keys(scenario, _KEYS, place)
        sets = list(_cases(scenario.get("config"), reading, f"{place}, config")) or [Case({})]
        asked = list(_cases(scenario.get("tests"), reading, f"{place}, test")) or [Case({})]
        for order, case in enumerate(sets, 1):
            for test_order, test in enumerate(asked, 1):
                where = f"{place}, config {order}, test {test_order}"
                with reading.at(where):
                    tests.add(_joined(case, test), where, defaults)


def _joined(case: Case, test: Case) -> Case:
    """A test with a set's variables: what the test says goes before what the set says."""
    return replace(
        test,
        vars={**case.vars, **test.vars},
        assertions=(*case.assertions, *test.assertions),
        description=test.description or case.description,
        threshold=case.threshold if test.threshold is None else test.threshold,
        metadata={**case.metadata, **test.metadata},
        expands=case.expands if test.expands is None else test.expands,
        with_defaults=case.with_defaults and test.with_defaults,
    )


def _cases(value: Any, reading: Reading, place: str) -> Iterator[Case]:
    for number, entry in enumerate(_items(value, reading, place), 1):
        where = f"{place} {number}"
        yield read_test(mapping(entry, f"{reading.name}: {where}", "a test"), reading, where)


def _items(value: Any, reading: Reading, place: str, depth: int = 0) -> Iterator[Any]:
    """The entries of a list, with those of every file that an entry names in its place."""
    value = reading.resolved(value, place)
    for entry in value if isinstance(value, list) else [] if value is None else [value]:
        entry = reading.resolved(entry, place)
        if isinstance(entry, dict) and len(entry) == 1 and next(iter(entry)) in _VALUES:
            entry = next(iter(entry.values()))
        if not isinstance(entry, str):
            yield entry
            continue
        if depth >= _DEEP or not entry.startswith(SCHEME):
            raise InvalidInput(f"{reading.name}: {place} must be mappings, or files named by file://.")
        for path in reading.folder.files(entry, f"{reading.name}: {place}"):
            content = reading.folder.text(path, f"{reading.name}: {place}")
            yield from _items(strict_yaml.load(content, path.name, aliases=True), reading, place, depth + 1)
