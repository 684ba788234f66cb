"""GitHub Models' `*.prompt.yml` as an eval: one prompt, its test data as rows, its evaluators as assertions.

Evaluators are judged as `gh models eval` does: `equals` is exact, `contains`, `startsWith` and `endsWith` ignore case,
a model as judge scores by its choices and passes above 0. Source: docs.github.com, “Storing prompts in GitHub
repositories”, and github/gh-models (cmd/eval).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.errors import InvalidInput
from core.evals.assertion import Assertion
from core.evals.eval_file import DataSource, EvalFile
from core.evals.formats.promptfoo.prompts import Prompt
from core.evals.formats.promptfoo.providers import Provider, read_settings
from core.evals.formats.variants import variants_of
from core.evals.reading.assertions import read_assertion
from core.evals.reading.context import Reading, mapping, text
from core.evals.reading.models import variant_model
from core.evals.row import Row
from core.prompts.file import PromptFile
from core.prompts.formats import read_prompt
from core.prompts.names import short
from core.prompts.template import variables
from core.settings import get_settings

SUFFIXES = (".prompt.yml", ".prompt.yaml")
_STRINGS = {
    "equals": ("equals", ""),
    "contains": ("icontains", ""),
    "startsWith": ("regex", r"(?i)\A\s*…"),
    "endsWith": ("regex", r"(?i)…\s*\Z"),
}
"""Kind of a string evaluator → type of assertion, and the pattern around its text."""


def read(written: str, reading: Reading, folder: str, source: str) -> EvalFile:
    """The eval in a prompt file.

    Args:
        written: the file.
        reading: what is known of it.
        folder: where relative paths begin.
        source: its text as it is kept.

    Raises:
        InvalidInput: it is no prompt file, has no test data, or an evaluator cannot be honoured.
    """
    name = reading.name if reading.name.lower().endswith(SUFFIXES) else f"{reading.name}.prompt.yml"
    prompt = read_prompt(written.encode(), name)
    for note in prompt.notes:
        reading.note(note)
    if not prompt.test_data:
        raise InvalidInput(f"{reading.name} holds no testData; an eval needs at least one row.", "tests")
    label = (prompt.name or name)[:150]
    one = Prompt(label, prompt.messages, (label,), named=True)
    variants = variants_of(_providers(prompt, reading), [one], reading)
    return EvalFile(
        description=prompt.description or prompt.name,
        variants=variants,
        data=DataSource(rows=_rows(prompt), usual_judge=reading.usual_judge),
        default_vars={each.name: each.default for each in prompt.declared if each.default is not None},
        default_assertions=_evaluators(prompt, reading),
        notes=tuple(reading.notes),
        folder=folder,
        source=source,
    )


def _providers(prompt: PromptFile, reading: Reading) -> list[Provider]:
    parameters = {name: value for name, value in prompt.parameters.items() if value is not None}
    with reading.at("modelParameters"):
        settings, given = read_settings(parameters, reading, "modelParameters")
    models = reading.models or (prompt.model or get_settings().default_model,)
    found = []
    for each in models:
        try:
            found.append(Provider(f"The model {short(each)}", variant_model(each), settings=settings, given=given))
        except InvalidInput as error:
            raise InvalidInput(f"{reading.name}: {error}", "model") from None
    return found


def _rows(prompt: PromptFile) -> tuple[Row, ...]:
    return tuple(
        Row(number=number, where=f"Test {number}", vars=values) for number, values in enumerate(prompt.test_data, 1)
    )


def _evaluators(prompt: PromptFile, reading: Reading) -> tuple[Assertion, ...]:
    read = [_evaluator(each, number, reading) for number, each in enumerate(prompt.evaluators, 1)]
    return tuple(each for each in read if each is not None)


def _evaluator(found: Mapping[str, Any], number: int, reading: Reading) -> Assertion | None:
    name = text(found.get("name"), reading.name, "name of an evaluator") or f"evaluator {number}"
    place = f"The evaluator {short(name)}"
    reading.unknown_keys(found, {"name", "string", "llm", "uses"}, place)
    if found.get("string") is not None:
        one = _string(mapping(found["string"], f"{reading.name}: {place}", "string"), reading, place)
    elif found.get("llm") is not None:
        one = _judge(mapping(found["llm"], f"{reading.name}: {place}", "llm"), reading, place)
    elif found.get("uses"):
        reading.unsupported(place, f"uses {short(str(found['uses']))}, which is not in the file; write it as llm")
        return None
    else:
        raise InvalidInput(f"{reading.name}: {place} has none of string, llm and uses.", "evaluators")
    return read_assertion({**one, "metric": name}, reading, place)


def _string(said: Mapping[str, Any], reading: Reading, place: str) -> dict[str, Any]:
    kinds = [key for key in said if key in _STRINGS]
    if len(kinds) != 1:
        raise InvalidInput(f"{reading.name}: {place} needs one of {', '.join(_STRINGS)}.", "evaluators")
    reading.unknown_keys(said, set(_STRINGS), place)
    kind, value = kinds[0], text(said[kinds[0]], f"{reading.name}: {place}", kinds[0])
    name, pattern = _STRINGS[kind]
    if name != "regex":
        return {"type": name, "value": value}
    if variables(value):  # what a variable holds cannot be made a pattern before there is a row
        reading.note(f"{place}: {kind} minds upper and lower case here.")
        return {"type": "starts-with" if kind == "startsWith" else "ends-with", "value": value}
    return {"type": "regex", "value": pattern.replace("…", re.escape(value))}


def _judge(said: Mapping[str, Any], reading: Reading, place: str) -> dict[str, Any]:
    reading.unknown_keys(said, {"modelId", "prompt", "systemPrompt", "choices"}, place)
    wording = [{"role": "user", "content": text(said.get("prompt"), f"{reading.name}: {place}", "prompt")}]
    if system := text(said.get("systemPrompt"), f"{reading.name}: {place}", "systemPrompt"):
        wording.insert(0, {"role": "system", "content": system})
    one: dict[str, Any] = {"type": "llm-choices", "value": said.get("choices"), "rubricPrompt": wording}
    return one | ({"provider": said["modelId"]} if said.get("modelId") else {})
