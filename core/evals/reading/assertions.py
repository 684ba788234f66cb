"""Assertions as they stand in YAML and JSON: mappings with a type, a value and what else promptfoo knows of them.

A type that Loupe cannot check is an error that names it and its place, or a note where that may be left out. Loupe's
own keys are `extract`, a rule that finds the part of the output to judge, and `options`. Source: promptfoo, “Assertions
and metrics”.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.errors import InvalidInput, NotFound
from core.evals.assertion import Assertion, AssertionSet
from core.evals.assertions import Kind, check_known, kind_of, unsupported
from core.evals.reading import code
from core.evals.reading.context import Reading, mapping, number, text
from core.evals.reading.folder import SCHEME
from core.evals.reading.models import model_of
from core.evals.reading.templates import plain
from core.generation.params import invalid
from core.prompts import strict_yaml
from core.prompts.names import short

SET = "assert-set"
MOST = 1000
"""Assertions of one test."""
_KEYS = {
    *("type", "value", "threshold", "weight", "metric", "provider", "rubricPrompt", "config", "transform"),
    *("contextTransform", "extract", "options"),
}
_SET_KEYS = {"type", "assert", "threshold", "weight", "metric", "config"}
_OUTPUT = re.compile(r"\{\{-?\s*output\s*-?\}\}")
_SHOWN = "(see the answer)"
"""What stands for the output in a rubric: a judge is shown it apart, so that nothing in it can pass for the rubric."""
_CODE = ("python", "javascript", "ruby")
JUDGE = ("provider", "rubricPrompt")
"""What a test may say of all its judges."""
Judge = Mapping[str, Any]


def read_assertions(
    value: Any, reading: Reading, place: str, judge: Judge | None = None
) -> tuple[Assertion | AssertionSet, ...]:
    """The assertions of a test.

    Args:
        value: the list under `assert`; nothing is an empty one.
        reading: the file.
        place: the test, for messages.
        judge: what assertions get that name no judge of their own.

    Raises:
        InvalidInput: one is malformed, or of a type that Loupe cannot check and may not be left out.
    """
    value = reading.resolved(value, place)
    found = [] if value is None else value if isinstance(value, list) else [value]
    if len(found) > MOST:
        raise InvalidInput(f"{reading.name}: {place} has {len(found):,} assertions; at most {MOST:,} are allowed.")
    read = []
    for order, each in enumerate(found, 1):
        where = f"{place}, assertion {order}" if len(found) > 1 else f"{place}, its assertion"
        part = reading.resolved(each, where)
        if not isinstance(part, Mapping):
            raise InvalidInput(f"{reading.name}: {where} must be a mapping with a type.")
        if part.get("type") == SET:
            one: Assertion | AssertionSet | None = _read_set(part, reading, where, judge or {})
        else:
            one = read_assertion(part, reading, where, judge)
        read += [one] if one is not None else []
    return tuple(read)


def read_assertion(
    found: Mapping[str, Any], reading: Reading, place: str, judge: Judge | None = None
) -> Assertion | None:
    """One assertion; `None` for one that is left out.

    Raises:
        InvalidInput: it is malformed, or of a type that Loupe cannot check and may not be left out.
    """
    name = text(found.get("type"), place, "type").strip()
    if not name:
        raise InvalidInput(f"{reading.name}: {place} has no type, such as contains.")
    negated, name = name.startswith("not-"), name.removeprefix("not-")
    rule, options = found.get("extract"), mapping(found.get("options"), place, "options")
    if name.startswith("extract:"):
        name, rule, options = _extract(name, options, reading, place)
    kind = kind_of(name)
    if kind is None:
        reading.unsupported(place, _why_not(name))
        return None
    reading.unknown_keys(found, _KEYS, place)
    for key in ("transform", "contextTransform"):
        if found.get(key):
            what = f"has {key}, which is code that Loupe does not run"
            reading.unsupported(place, what, "the output is judged as it is")
    options |= _judge(found, judge or {}, reading, place, kind)
    if config := mapping(found.get("config"), place, "config"):
        if "config" in kind.options:
            options["config"] = config
        else:
            options |= {key: each for key, each in config.items() if key in kind.options}
            reading.unknown_keys(config, set(kind.options), f"{place}, config")
    with reading.at(place):
        value, called = _value(kind.name, found.get("value"), reading, place)
        if kind.asks_model and isinstance(value, str):
            value = _OUTPUT.sub(_SHOWN, value)
        if called and "function" in kind.options:
            options["function"] = called
        one = _built(
            type=kind.name,
            negated=negated,
            value=value,
            threshold=number(found.get("threshold"), place, "threshold"),
            weight=_weight(found, place),
            metric=text(found.get("metric"), place, "metric"),
            extract=text(rule, place, "extract") or None,
            options=options,
        )
        _check(one)
    return one


def _check(one: Assertion) -> None:
    try:
        check_known([one])
    except InvalidInput as error:
        raise InvalidInput(str(error).removeprefix("Assertion 1: ")) from None


def _read_set(found: Mapping[str, Any], reading: Reading, place: str, judge: Judge) -> AssertionSet | None:
    reading.unknown_keys(found, _SET_KEYS, place)
    reading.unknown_keys(mapping(found.get("config"), place, "config"), set(), f"{place}, config")
    inside = read_assertions(found.get("assert"), reading, place, judge)
    flat = tuple(each for each in inside if isinstance(each, Assertion))
    if len(flat) < len(inside):
        raise InvalidInput(f"{reading.name}: {place} is an assert-set inside of an assert-set, which is not allowed.")
    if not flat:
        reading.note(f"{place} is an assert-set without assertions: left out.")
        return None
    with reading.at(place):
        try:
            return AssertionSet(
                assertions=flat,
                threshold=number(found.get("threshold"), place, "threshold"),
                weight=_weight(found, place),
                metric=text(found.get("metric"), place, "metric"),
            )
        except ValidationError as error:
            raise invalid(error, "fields of an assert-set") from None


def _built(**values: Any) -> Assertion:
    try:
        return Assertion(**values)
    except ValidationError as error:
        raise invalid(error, "fields of an assertion") from None


def _weight(found: Mapping[str, Any], place: str) -> float:
    weight = number(found.get("weight"), place, "weight")
    return 1.0 if weight is None else weight


def _extract(name: str, options: dict[str, Any], reading: Reading, place: str) -> tuple[str, str, dict[str, Any]]:
    rule, slash, metric = name.removeprefix("extract:").rpartition("/")
    if not slash:
        raise InvalidInput(f"{reading.name}: {place} is {short(name)}; write extract:RULE/METRIC.")
    return "extract", rule, options | {"compare": metric}


def _why_not(name: str) -> str:
    why = unsupported(name)
    if why is not None:
        return f"is of the type {short(name)}, which Loupe cannot check ({why})"
    return f"is of the type {short(name)}, which Loupe does not know"


def _judge(found: Mapping[str, Any], judge: Judge, reading: Reading, place: str, kind: Kind) -> dict[str, Any]:
    """The judge's model and wording, for types that take them."""
    said: dict[str, Any] = {}
    sources = (found, judge, reading.judge) if kind.asks_model else (found,)  # an embedding model is no judge
    for key in JUDGE:
        if key in kind.options:
            said[key] = next((each[key] for each in sources if each.get(key)), None)
        elif found.get(key):
            reading.note(f"{place}: {key} means nothing to {kind.name}.")
    return judge_of(said, reading, place)


def judge_of(options: Judge, reading: Reading, place: str) -> dict[str, Any]:
    """Model and wording of a judge, ready to be used for assertions that name none.

    Raises:
        InvalidInput: the model is none that Loupe can call, and no other may take its place.
    """
    found: dict[str, Any] = {}
    if options.get("provider") and (model := _model(options["provider"], reading, place)):
        found["provider"] = model
    if rubric := _wording(options.get("rubricPrompt"), reading, place):
        found["rubricPrompt"] = rubric
    return found


def _wording(rubric: Any, reading: Reading, place: str) -> Any:
    rubric = reading.resolved(rubric, place)
    if isinstance(rubric, str) and rubric.startswith(SCHEME):
        return reading.folder.text(reading.folder.file(rubric, place), place)
    return rubric


def _model(provider: Any, reading: Reading, place: str) -> str | None:
    """The judge's model reference; `None` where the file's is unknown and its models are replaced anyway."""
    if isinstance(provider, Mapping) and "id" not in provider:  # `{text: …, embedding: …}`
        provider = provider.get("text") or provider.get("embedding") or next(iter(provider), "")
    if isinstance(provider, Mapping):  # a judge answers greedily, whatever settings it would have elsewhere
        reading.unknown_keys(provider, {"id", "label", "config"}, f"{place}, provider")
        config = mapping(provider.get("config"), f"{reading.name}: {place}", "config of the provider")
        reading.unknown_keys(config, set(), f"{place}, provider, config")
    name = text(provider.get("id") if isinstance(provider, Mapping) else provider, place, "provider")
    try:
        return model_of(name)
    except (InvalidInput, NotFound) as error:
        if not reading.usual_judge:
            raise InvalidInput(f"{reading.name}: {place}: {error}") from None
        reading.note(f"The judge {short(name)} is none that Loupe can call: the usual one judges instead.")
        return None


def _value(name: str, value: Any, reading: Reading, place: str) -> tuple[Any, str]:
    """The value, and the function that a program's file names."""
    value = reading.resolved(value, place)
    if isinstance(value, str) and value.startswith(SCHEME):
        if name in _CODE:
            return code.load(value, reading, place)
        content = reading.folder.text(reading.folder.file(value, place), place)
        if value.endswith((".json", ".yaml", ".yml")):
            return strict_yaml.load(content, f"The file {short(value)}", aliases=True), ""
        return plain(content, reading, place), ""
    if name in (*_CODE, "regex"):  # braces of their own
        return value, ""
    if isinstance(value, list):
        return [plain(each, reading, place) if isinstance(each, str) else each for each in value], ""
    return plain(value, reading, place) if isinstance(value, str) else value, ""
