"""Variables of a test: values, files that stand for values, lists that stand for several tests.

A list of texts means one test for each of them, and several such lists all combinations, as in promptfoo. Knows nothing
of assertions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from core.evals.reading.context import Reading, mapping
from core.evals.reading.folder import SCHEME
from core.prompts import strict_yaml
from core.prompts.names import short

MOST_COMBINATIONS = 10_000
"""Tests that one test may stand for."""
MOST_VARIABLES = 1000
_DATA = (".yaml", ".yml", ".json")
_TEXT = (".txt", ".md", ".markdown", ".j2", ".html", ".xml", ".csv", ".jsonl", ".log", ".rst", ".tex", ".sql")
_PROGRAMS = (".py", ".js", ".ts", ".mjs", ".cjs", ".sh", ".rb")


def read_variables(value: Any, reading: Reading, place: str) -> dict[str, Any]:
    """What stands under `vars`: a mapping, or files that hold one each; values that name files are loaded.

    Raises:
        InvalidInput: it is neither, or a file cannot be read.
    """
    value = reading.resolved(value, place)
    if isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        found: dict[str, Any] = {}
        for reference in [value] if isinstance(value, str) else value:
            for path in reading.folder.files(reference, place):
                found |= mapping(_data(path, reading, place), f"{reading.name}: {place}", reading.folder.shown(path))
        value = found
    values = mapping(value, f"{reading.name}: {place}", "vars")
    if len(values) > MOST_VARIABLES:
        raise InvalidInput(f"{reading.name}: {place} has {len(values):,} variables; {MOST_VARIABLES:,} are allowed.")
    if "assert" in values:
        reading.note(f"{place} has a variable assert; if it was meant as assertions, it belongs beside vars.")
    return {name: loaded(each, reading, f"{place}, variable {short(name)}") for name, each in values.items()}


def loaded(value: Any, reading: Reading, place: str) -> Any:
    """The value itself, or what is in the file that it names: text, or the data of YAML and JSON.

    A pattern that matches several files is a list of their contents.

    Raises:
        InvalidInput: the file is not there, lies outside of the folder, or is neither text nor data.
    """
    if isinstance(value, list):
        return [loaded(each, reading, place) if isinstance(each, str) else each for each in value]
    if not isinstance(value, str) or not value.startswith(SCHEME):
        return value
    name = value.removeprefix(SCHEME)
    if name.partition(":")[0].endswith(_PROGRAMS):
        raise InvalidInput(f"{reading.name}: {place} is the program {short(name)}, which Loupe does not run.")
    contents = [_content(path, reading, place) for path in reading.folder.files(value, place)]
    return contents[0] if len(contents) == 1 else contents


def combinations(values: Mapping[str, Any], expands: Iterator[str] | set[str], place: str) -> Iterator[dict[str, Any]]:
    """Every combination of the values whose names are in `expands` and that are lists of texts.

    Raises:
        InvalidInput: there are too many.
    """
    wanted = set(expands)
    names = [name for name, value in values.items() if isinstance(value, list) and name in wanted and several(value)]
    count = 1
    for name in names:
        count *= len(values[name])
    if count > MOST_COMBINATIONS:
        raise InvalidInput(
            f"{place}: the lists of {', '.join(short(name) for name in names[:5])} stand for {count:,} combinations; "
            f"at most {MOST_COMBINATIONS:,} are allowed."
        )
    for chosen in itertools.product(*(values[name] for name in names)):
        yield {**values, **dict(zip(names, chosen, strict=True))}


def several(value: Any) -> bool:
    """Whether a value is a list of texts, which stands for several tests; a list of anything else is one value."""
    return isinstance(value, list | tuple) and bool(value) and isinstance(value[0], str)


def _content(path: Path, reading: Reading, place: str) -> Any:
    suffix = path.suffix.lower()
    if suffix in _DATA:
        return _data(path, reading, place)
    if suffix and suffix not in _TEXT:
        raise InvalidInput(
            f"{reading.name}: {place} is the file {short(path.name)}; only text, YAML and JSON are read into a prompt."
        )
    return reading.folder.text(path, f"{reading.name}: {place}")


def _data(path: Path, reading: Reading, place: str) -> Any:
    what = f"{reading.name}: {place}"
    return strict_yaml.load(reading.folder.text(path, what), f"The file {short(path.name)}", aliases=True)
