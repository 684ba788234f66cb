"""`defaultTest`: variables, assertions, threshold and metadata for every test, and who judges where no test says so.

Source: promptfoo, “Default test cases”.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.evals.reading.assertions import judge_of, read_assertions
from core.evals.reading.case import CHANGES, FRAMES, Demands, read_options, refuse_changes
from core.evals.reading.context import Reading, mapping, number, text
from core.evals.reading.variables import read_variables
from core.prompts import strict_yaml

PLACE = "defaultTest"
_KEYS = {"vars", "assert", "threshold", "metadata", "options", "description"}


@dataclass(slots=True)
class Defaults:
    """What all tests share."""

    vars: dict[str, Any] = field(default_factory=dict)
    assertions: Demands = ()
    threshold: float | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    expands: bool = True
    """Whether lists of texts stand for several tests."""


def read_defaults(value: Any, reading: Reading) -> Defaults:
    """What `defaultTest` says; a file in its place is read. Its judge becomes that of `reading`.

    Raises:
        InvalidInput: it is malformed, or something in it would change results and may not be left out.
    """
    value = reading.resolved(value, PLACE)
    if isinstance(value, str):
        path = reading.folder.file(value, f"{reading.name}: {PLACE}")
        value = strict_yaml.load(reading.folder.text(path, f"{reading.name}: {PLACE}"), path.name, aliases=True)
    found = mapping(value, reading.name, PLACE)
    reading.unknown_keys(found, _KEYS | CHANGES.keys(), PLACE)
    refuse_changes(found, reading, PLACE)
    options = read_options(found.get("options"), reading, PLACE)
    reading.judge = {**reading.judge, **judge_of(options, reading, PLACE)}
    values = read_variables(found.get("vars"), reading, PLACE)
    values |= {name: text(options[key], PLACE, key) for name, key in FRAMES.items() if options.get(key)}
    return Defaults(
        vars=values,
        assertions=read_assertions(found.get("assert"), reading, PLACE),
        threshold=number(found.get("threshold"), f"{reading.name}: {PLACE}", "threshold"),
        metadata=mapping(found.get("metadata"), f"{reading.name}: {PLACE}", "metadata"),
        expands=not options.get("disableVarExpansion"),
    )
