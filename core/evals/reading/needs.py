"""Variables that prompts and assertions of an eval need, and those that a row lacks.

What a program holds in braces is its own business. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from core.evals.assertion import Assertion, AssertionSet
from core.evals.assertions import kind_of
from core.evals.eval_file import EvalFile
from core.evals.reading.templates import looked_up
from core.prompts.names import short
from core.prompts.template import quoted, variables

EXPECTED = "expected"


class Needs:
    """What the rows of one eval must have."""

    def __init__(self, file: EvalFile) -> None:
        self._prompts = [(each.name, each.variables) for each in file.variants]
        self._of_file = list(_of_assertions(file.default_assertions))
        names = [name for _, names in self._prompts for name in names] + [name for _, name in self._of_file]
        self._paths = {name for name in names if "." in name}

    def paths(self, assertions: Iterable[Assertion | AssertionSet]) -> set[str]:
        """Names with a dot, which may reach into a value: `user.name`."""
        return self._paths | {name for _, name in _of_assertions(assertions) if "." in name}

    def missing(
        self, values: Mapping[str, Any], assertions: Iterable[Assertion | AssertionSet], *, with_defaults: bool
    ) -> str | None:
        """What a row lacks, as a sentence; `None` when it lacks nothing."""
        for variant, names in self._prompts:
            if lacking := [name for name in names if values.get(name) is None]:
                return f"It has no value for {quoted(lacking)}, which the prompt of {short(variant)} needs."
        for label, name in [*(self._of_file if with_defaults else ()), *_of_assertions(assertions)]:
            if values.get(name) is None:
                return f"It has no value for {quoted([name])}, which its assertion {label} needs."
        return None


def reached(names: Iterable[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """Of these names those that lead into a value, with what is there."""
    found = {name: looked_up(name, values) for name in names if name not in values}
    return {name: value for name, value in found.items() if value is not None}


def _of_assertions(assertions: Iterable[Assertion | AssertionSet]) -> Iterator[tuple[str, str]]:
    """The label of an assertion and a variable it needs, one pair each."""
    for each in assertions:
        if isinstance(each, AssertionSet):
            yield from _of_assertions(each.assertions)
            continue
        kind = kind_of(each.type)
        if kind is None or kind.needs == "program":
            continue
        if each.value is None and kind.expects:
            yield each.label, EXPECTED
        yield from ((each.label, name) for text in _texts(each.value) for name in variables(text))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if "{{" in value:
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
