"""One test of promptfoo, or one plain row of data, as what Loupe asks for and demands.

A test is a mapping with `vars` and `assert`; any other mapping is a row whose keys are variables, those that begin with
`__` apart, as in promptfoo's CSV. Knows nothing of files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import InvalidInput
from core.evals.assertion import Assertion, AssertionSet
from core.evals.reading.assertions import read_assertion, read_assertions
from core.evals.reading.context import Reading, mapping, number, text
from core.evals.reading.short_forms import from_text
from core.evals.reading.variables import read_variables
from core.evals.variant import PREFIX, SUFFIX
from core.prompts.inputs import as_text

Demands = tuple[Assertion | AssertionSet, ...]
_MARKS = {"vars", "assert"}
_KEYS = {*_MARKS, "description", "threshold", "metadata", "options"}
_FOR_SOME = ("provider", "providers", "prompts")
CHANGES = {
    **{key: f"has {key} and so is only for some, and here every variant is asked" for key in _FOR_SOME},
    "providerOutput": "has a providerOutput, and here the models are asked",
    "assertScoringFunction": "has an assertScoringFunction, which is code that Loupe does not run",
}
"""Keys of a test without which its result is another one, as the rest of a sentence."""
LITERAL = "literal"
"""Loupe's own option: values are taken as they stand, no file is opened and nothing in them is a variable."""
_OPTIONS = {
    *("prefix", "suffix", "provider", "rubricPrompt", "disableVarExpansion", "disableDefaultAsserts"),
    *("storeOutputAs", LITERAL),
}
CODE = ("transform", "transformVars", "postprocess")
"""Options that are programs, without which outputs or values are other ones."""
FRAMES = {PREFIX: "prefix", SUFFIX: "suffix"}
"""Variables of a row for texts around its prompt, and what an option calls them."""
_EXPECTED = re.compile(r"__expected(\d*)")
_CONFIG = re.compile(r"__config:(__expected\d*):(\w+)")
_COLUMNS = ("__description", "__metric", "__threshold", PREFIX, SUFFIX)


@dataclass(frozen=True, slots=True)
class Case:
    """What a test or a row says, before defaults and combinations."""

    vars: dict[str, Any]
    assertions: Demands = ()
    description: str = ""
    threshold: float | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    written: bool = False
    """Whether it is a test: then lists of texts stand for several tests, and values may refer to each other."""
    expands: bool | None = None
    """Whether lists of texts stand for several tests, those of the file's defaults too; `None`: as these say."""
    refers: bool = True
    """Whether its own values may mean more than they say: several tests, or by `{{name}}` another variable's value."""
    with_defaults: bool = True
    """Whether the file's default assertions are demanded of it."""

    def listed(self, defaults: Mapping[str, Any], expands: bool) -> set[str]:
        """Names of the variables whose lists of texts stand for several tests.

        Args:
            defaults: variables of the file, for what it does not say itself.
            expands: whether the file's defaults let lists stand for several tests.
        """
        if not (expands if self.expands is None else self.expands):
            return set()
        return {*(self.vars if self.written and self.refers else ()), *(defaults.keys() - self.vars.keys())}


def is_test(found: Mapping[str, Any]) -> bool:
    """Whether a mapping is a test, and not a row whose keys are variables."""
    return bool(_MARKS & found.keys()) and all(
        not isinstance(found.get(key), str) or str(found[key]).startswith("file://") for key in _MARKS
    )


def read_case(found: Any, reading: Reading, place: str) -> Case:
    """A test or a row.

    Raises:
        InvalidInput: it is neither; one sentence that names it.
    """
    found = reading.resolved(found, place)
    if not isinstance(found, Mapping):
        raise InvalidInput(f"{reading.name}: {place} must be a mapping with vars and assert.")
    return read_test(found, reading, place) if is_test(found) else read_row(found, reading, place)


def read_test(found: Mapping[str, Any], reading: Reading, place: str) -> Case:
    """A test: `vars`, `assert`, `description`, `threshold`, `metadata`, `options`.

    Raises:
        InvalidInput: a part of it is malformed.
    """
    reading.unknown_keys(found, _KEYS | CHANGES.keys(), place)
    refuse_changes(found, reading, place)
    options = read_options(found.get("options"), reading, place)
    literal = bool(options.get(LITERAL))
    values = mapping(found.get("vars"), f"{reading.name}: {place}", "vars") if literal else None
    if values is None:
        values = read_variables(found.get("vars"), reading, place)
    values |= {name: text(options[key], place, key) for name, key in FRAMES.items() if options.get(key)}
    return Case(
        vars=values,
        assertions=read_assertions(found.get("assert"), reading, place, options),
        description=text(found.get("description"), place, "description"),
        threshold=number(found.get("threshold"), f"{reading.name}: {place}", "threshold"),
        metadata=mapping(found.get("metadata"), f"{reading.name}: {place}", "metadata"),
        written=True,
        expands=None if options.get("disableVarExpansion") is None else not options["disableVarExpansion"],
        refers=not literal,
        with_defaults=not options.get("disableDefaultAsserts"),
    )


def refuse_changes(found: Mapping[str, Any], reading: Reading, place: str) -> None:
    """Nothing, where a test has none of `CHANGES`.

    Raises:
        InvalidInput: it has one, and that may not be left out.
    """
    for key, what in CHANGES.items():
        if found.get(key) not in (None, "", []):
            reading.unsupported(place, what)


def read_options(value: Any, reading: Reading, place: str) -> dict[str, Any]:
    """What stands under `options`; what Loupe does not act on is noted.

    Raises:
        InvalidInput: it is no mapping, or holds a program that would change results and may not be left out.
    """
    options = mapping(reading.resolved(value, place), f"{reading.name}: {place}", "options")
    reading.unknown_keys(options, {*_OPTIONS, *CODE}, f"{place}, options")
    for key in CODE:
        if options.get(key):
            reading.unsupported(place, f"has {key}, which is code that Loupe does not run", "values stay as they are")
    if options.get("storeOutputAs"):
        reading.note(f"{place}: storeOutputAs is not acted on, since rows are asked in any order.")
    return options


def read_row(found: Mapping[str, Any], reading: Reading, place: str) -> Case:
    """A row: every key is a variable, but for `__expected` and the like.

    Raises:
        InvalidInput: an assertion or a number is malformed.
    """
    values = {str(key): each for key, each in found.items()}
    special = {key: each for key, each in values.items() if key.startswith("__")}
    if not special:
        return Case(values)
    values = {key: each for key, each in values.items() if key not in special or key in (PREFIX, SUFFIX)}
    metadata: dict[str, Any] = {}
    expected: dict[str, str] = {}
    for key, each in special.items():
        if _EXPECTED.fullmatch(key):
            expected |= {key: as_text(each)} if each is not None and as_text(each).strip() else {}
        elif key.startswith("__metadata:"):
            name, content = key.removeprefix("__metadata:"), as_text(each)
            metadata[name.removesuffix("[]")] = _listed(content) if name.endswith("[]") else content
        elif key not in _COLUMNS and not _CONFIG.fullmatch(key):
            reading.note(f"The column {key} is not acted on.")
    metric = text(special.get("__metric"), place, "__metric")
    judged = [_expected(key, each, special, metric, reading, place) for key, each in expected.items()]
    return Case(
        vars=values,
        assertions=tuple(each for each in judged if each is not None),
        description=text(special.get("__description"), place, "__description"),
        threshold=number(special.get("__threshold"), f"{reading.name}: {place}", "__threshold"),
        metadata=metadata,
    )


def _expected(
    key: str, content: str, special: Mapping[str, Any], metric: str, reading: Reading, place: str
) -> Assertion | None:
    """One `__expected` column, with what `__config:__expected:threshold` says of it."""
    found = from_text(content)
    for name in special:
        setting = _CONFIG.fullmatch(name)
        if setting and setting[1] in (key, "__expected") and special[name] not in (None, ""):
            if setting[2] in ("threshold", "weight", "metric"):
                found[setting[2]] = special[name]
            else:
                reading.note(f"The column {name} is not acted on.")
    if metric:
        found["metric"] = metric
    return read_assertion(found, reading, f"{place}, {key}")


def _listed(content: str) -> list[str]:
    parts = re.split(r"(?<!\\),", content)
    return [part.strip().replace("\\,", ",") for part in parts if part.strip()]
