"""A promptfoo file as an eval: prompts by providers are its variants, tests its rows.

What Loupe does not act on becomes a note; what would change results is an error, see the parts. Loupe's own key is
`loupe`, with `on_broken`, `unsupported` and `judge`. Source: promptfoo, “Configuration reference”.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.errors import InvalidInput
from core.evals.eval_file import AT_ONCE, DataSource, EvalFile
from core.evals.formats.promptfoo.defaults import Defaults, read_defaults
from core.evals.formats.promptfoo.prompts import read_prompts
from core.evals.formats.promptfoo.providers import read_providers
from core.evals.formats.promptfoo.scenarios import read_scenarios
from core.evals.formats.promptfoo.tests import Tests, read_tests
from core.evals.formats.variants import variants_of
from core.evals.reading.assertions import JUDGE, judge_of
from core.evals.reading.case import Case
from core.evals.reading.context import Reading, mapping, number, text
from core.evals.variant import PREFIX, SUFFIX
from core.generation.params import invalid
from core.prompts.names import short

OWN = "loupe"
_OWN_KEYS = {"on_broken", "unsupported", "judge", "usual_judge"}
_KEYS = {
    *("description", "prompts", "providers", "targets", "tests", "defaultTest", "scenarios", "assertionTemplates"),
    *("evaluateOptions", "commandLineOptions", "$schema", "tags", "sharing", "writeLatestResults", OWN),
}
_CODE = {
    "env": "the variables of env reach neither prompts nor models",
    "extensions": "extensions are programs that Loupe does not run",
    "nunjucksFilters": "nunjucksFilters are programs that Loupe does not run",
    "derivedMetrics": "derivedMetrics are not computed",
    "redteam": "Loupe has no red-team suite",
    "tracing": "Loupe records no traces",
    "outputPath": "outputPath is not written; say where results go when the eval runs",
}
KNOWN = _KEYS | _CODE.keys()
"""Keys of a file that mean something, or of which something is said."""
_EVALUATE = {"repeat", "maxConcurrency", "showProgressBar"}
_COMMAND = {
    *("repeat", "maxConcurrency", "filterFirstN", "promptPrefix", "promptSuffix", "var", "grader"),
    *("table", "tableCellMaxLength", "progressBar", "verbose", "share", "watch", "write", "description", "config"),
}


def read(data: Mapping[str, Any], reading: Reading, folder: str, source: str) -> EvalFile:
    """The eval that a promptfoo file describes.

    Args:
        data: the file as plain data.
        reading: what is known of the file.
        folder: where relative paths begin.
        source: the file's text.

    Raises:
        InvalidInput: a part is malformed, or something that would change results cannot be honoured.
    """
    reading.document = data
    own = _mapping(data, OWN, reading)
    reading.unknown_keys(own, _OWN_KEYS, OWN)
    reading.skip_unsupported = reading.skip_unsupported or own.get("unsupported") == "skip"
    reading.usual_judge = reading.usual_judge or bool(own.get("usual_judge"))
    _note(data, reading)
    evaluate = _mapping(data, "evaluateOptions", reading)
    command = _mapping(data, "commandLineOptions", reading)
    reading.unknown_keys(evaluate, _EVALUATE, "evaluateOptions")
    reading.unknown_keys(command, _COMMAND, "commandLineOptions")
    if command.get("grader"):
        reading.judge = judge_of({"provider": command["grader"]}, reading, "commandLineOptions")
    if data.get("providers") is not None and data.get("targets") is not None:
        raise InvalidInput(f"{reading.name} has both providers and targets; write one of them.", "providers")
    providers = read_providers(data.get("providers", data.get("targets")), reading)
    variants = variants_of(providers, read_prompts(data.get("prompts"), reading), reading)
    defaults = read_defaults(data.get("defaultTest"), reading)
    _command_line(defaults, command, reading)
    tests = _tests(data, reading, defaults)
    first = number(command.get("filterFirstN"), reading.name, "filterFirstN")
    judge = judge_of(mapping(own.get("judge"), reading.name, "judge"), reading, "judge") or reading.judge
    try:
        return EvalFile(
            description=text(data.get("description"), reading.name, "description"),
            variants=variants,
            data=DataSource(
                path=tests.paths[0] if tests.paths else "",
                more=tuple(tests.paths[1:]),
                rows=tuple(tests.rows),
                limit=_whole(first, "filterFirstN", reading),
                on_broken=own.get("on_broken", "stop"),
                unsupported="skip" if reading.skip_unsupported else own.get("unsupported", "stop"),
                judge={key: judge[key] for key in JUDGE if key in judge and tests.paths},
                usual_judge=reading.usual_judge and bool(tests.paths),
            ),
            default_vars=defaults.vars,
            default_assertions=defaults.assertions,
            default_threshold=defaults.threshold,
            default_metadata=defaults.metadata,
            default_expands=defaults.expands,
            repeat=_option("repeat", evaluate, command, reading, 1),
            concurrency=min(64, _option("maxConcurrency", evaluate, command, reading, AT_ONCE)),
            notes=tuple(reading.notes),
            folder=folder,
            source=source,
        )
    except ValidationError as error:
        raise InvalidInput(f"{reading.name}: {invalid(error, 'keys of an eval')}") from None


def _note(data: Mapping[str, Any], reading: Reading) -> None:
    for key, sentence in _CODE.items():
        if data.get(key):
            reading.note(f"{key[:1].upper()}{key[1:]}: {sentence}.")
    reading.unknown_keys(data, KNOWN, "The file")
    if reading.models and (data.get("providers") or data.get("targets")):
        reading.note(f"The providers of the file are replaced by {', '.join(reading.models)}.")


def _mapping(data: Mapping[str, Any], key: str, reading: Reading) -> dict[str, Any]:
    return mapping(reading.resolved(data.get(key), key), reading.name, key)


def _command_line(defaults: Defaults, command: Mapping[str, Any], reading: Reading) -> None:
    """What `commandLineOptions` say about every test."""
    given = mapping(command.get("var"), reading.name, "commandLineOptions.var")
    for name, key in ((PREFIX, "promptPrefix"), (SUFFIX, "promptSuffix")):
        if command.get(key):
            given[name] = text(command[key], reading.name, key)
    defaults.vars = {**given, **defaults.vars}


def _tests(data: Mapping[str, Any], reading: Reading, defaults: Defaults) -> Tests:
    tests = Tests()
    read_tests(data.get("tests"), reading, defaults, tests)
    read_scenarios(data.get("scenarios"), reading, defaults, tests)
    if data.get("tests") is None and data.get("scenarios") is None:  # the prompts are asked once, as they stand
        tests.add(Case({}), "Test 1", defaults)
    if not tests.rows and not tests.paths:
        raise InvalidInput(f"{reading.name} holds no rows; an eval needs at least one test.", "tests")
    return tests


def _option(key: str, evaluate: Mapping[str, Any], command: Mapping[str, Any], reading: Reading, usual: int) -> int:
    found = number(evaluate.get(key, command.get(key)), reading.name, key)
    whole = _whole(found, key, reading)
    return usual if whole is None else whole


def _whole(value: float | None, key: str, reading: Reading) -> int | None:
    if value is not None and (value != int(value) or value < 1):
        raise InvalidInput(f"{reading.name}: {key} is {short(f'{value:g}')}; it is a whole number from 1.", key)
    return None if value is None else int(value)
