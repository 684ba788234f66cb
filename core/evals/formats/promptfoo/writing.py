"""An eval as a promptfoo file: reading it back gives the same variants, rows and assertions.

Each variant becomes a provider with a label and one prompt; what promptfoo does not know (techniques, collections,
rules that find an answer) stands under names of Loupe's own. Data sets stay files and are named relative to the eval's
folder.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from core.errors import InvalidInput
from core.evals.assertion import Assertion, AssertionSet
from core.evals.datasets import hub
from core.evals.eval_file import AT_ONCE, EvalFile
from core.evals.formats.promptfoo import chats, prompt_files
from core.evals.formats.promptfoo.reading import OWN
from core.evals.formats.promptfoo.tests import HUGGING_FACE
from core.evals.formats.variants import refuse_same_names, unnamed
from core.evals.reading.case import LITERAL
from core.evals.reading.context import Reading
from core.evals.reading.folder import SCHEME, Folder
from core.evals.reading.templates import plain, written
from core.evals.row import Row
from core.evals.variant import Variant
from core.prompts import strict_yaml, template
from core.prompts.names import short

_TOP = ("provider", "rubricPrompt", "config")
"""Options of an assertion that promptfoo knows, and has beside its value."""


def write_eval(file: EvalFile) -> str:
    """The file's text.

    Raises:
        InvalidInput: a text in it cannot be written so that it would be read as it is; one sentence.
    """
    refuse_same_names(file.variants, file.description or "The eval")
    prompts, providers = _variants(file.variants)
    data: dict[str, Any] = {"description": file.description} if file.description else {}
    data |= {"prompts": prompts, "providers": providers}
    if default := _default(file):
        data["defaultTest"] = default
    data["tests"] = _tests(file)
    options = {"repeat": file.repeat} if file.repeat != 1 else {}
    options |= {"maxConcurrency": file.concurrency} if file.concurrency != AT_ONCE else {}
    if options:
        data["evaluateOptions"] = options
    if file.data.limit is not None:
        data["commandLineOptions"] = {"filterFirstN": file.data.limit}
    own: dict[str, Any] = {key: "skip" for key in ("on_broken", "unsupported") if getattr(file.data, key) == "skip"}
    own |= {"judge": _plain(file.data.judge)} if file.data.judge else {}
    own |= {"usual_judge": True} if file.data.usual_judge else {}
    if own:
        data[OWN] = own
    return strict_yaml.dump(data)[0]


def _variants(variants: tuple[Variant, ...]) -> tuple[list[Any], list[Any]]:
    prompts: list[dict[str, Any]] = []
    labels: dict[str, str] = {}  # a prompt as JSON → its label
    providers = []
    for variant in variants:
        key = json.dumps([variant.prompt_name, [each.model_dump() for each in variant.messages]], sort_keys=True)
        if key not in labels:
            labels[key] = label = variant.prompt_name or unnamed(len(prompts) + 1)
            if label in list(labels.values())[:-1]:
                raise InvalidInput(f"Two different prompts are called {short(label)}; rename one.", "prompts")
            prompts.append({"label": label, "raw": _raw(variant)})
        provider: dict[str, Any] = {"id": variant.model, "label": variant.name, "prompts": [labels[key]]}
        if config := _config(variant):
            provider["config"] = config
        providers.append(provider)
    return prompts, providers


def _raw(variant: Variant) -> str:
    messages = variant.messages
    if len(messages) == 1 and messages[0].role == "user" and not messages[0].extra:
        text = _text(messages[0].content)
        if not (chats.is_chat(text) or prompt_files.is_path(text) or text.startswith((SCHEME, "exec:"))):
            return text
    chat = [{"role": each.role, "content": _text(each.content), **each.extra} for each in messages]
    return json.dumps(chat, ensure_ascii=False, indent=2)


def _text(text: str) -> str:
    """A template as promptfoo reads it."""
    found = written(text)
    try:
        same = plain(found, Reading("", Folder("")), "") == text
    except InvalidInput:
        same = False
    if not same:
        raise InvalidInput(f"The text {short(text)} holds template code that cannot be written; rephrase it.")
    return found


def _config(variant: Variant) -> dict[str, Any]:
    config = variant.params.model_dump(exclude_defaults=True)
    if variant.params.temperature == 0:
        config.pop("temperature", None)
    else:
        config["temperature"] = variant.params.temperature
    if variant.params.n != 1:
        raise InvalidInput(f"The variant {short(variant.name)} draws {variant.params.n} answers; set n to 1.", "n")
    if "stop" in config:
        config["stop"] = list(config["stop"])
    if variant.technique is not None:
        config["technique"] = variant.technique
        if variant.technique_options:
            config["technique_options"] = _plain(variant.technique_options)
    if variant.collection is not None:
        config["collection"] = variant.collection
    if variant.retrieval is not None:
        config["retrieval"] = variant.retrieval.model_dump(mode="json", exclude_defaults=True)
    return config | ({"mode": variant.mode} if variant.mode else {})


def _default(file: EvalFile) -> dict[str, Any]:
    default: dict[str, Any] = {"vars": _plain(file.default_vars)} if file.default_vars else {}
    if file.default_assertions:
        default["assert"] = [_assertion(each) for each in file.default_assertions]
    if file.default_threshold is not None:
        default["threshold"] = _number(file.default_threshold)
    if file.default_metadata:
        default["metadata"] = _plain(file.default_metadata)
    if not file.default_expands:
        default["options"] = {"disableVarExpansion": True}
    return default


def _tests(file: EvalFile) -> list[Any]:
    rows = [_row(each) for each in file.data.rows]
    return [*rows, *(_path(each, file) for each in (file.data.path, *file.data.more) if each)]


def _row(row: Row) -> dict[str, Any]:
    test: dict[str, Any] = {"description": row.description} if row.description else {}
    test["vars"] = _plain(row.vars)
    if row.assertions:
        test["assert"] = [_assertion(each) for each in row.assertions]
    if row.threshold is not None:
        test["threshold"] = _number(row.threshold)
    if row.metadata:
        test["metadata"] = _plain(row.metadata)
    options: dict[str, Any] = {LITERAL: True} if any(_read_otherwise(each) for each in row.vars.values()) else {}
    if not row.with_defaults:
        options["disableDefaultAsserts"] = True
    return test | ({"options": options} if options else {})


def _read_otherwise(value: Any) -> bool:
    """Whether reading a value might mean something else: a list of tests, a file, another variable."""
    if isinstance(value, list | tuple):
        return True
    return isinstance(value, str) and (value.startswith(SCHEME) or bool(template.variables(value)))


def _path(path: str, file: EvalFile) -> str:
    if path.startswith(hub.SCHEME):
        wanted = hub.parse(path)
        asked = {"config": wanted.config, "split": wanted.split, "limit": wanted.limit}
        return f"{HUGGING_FACE}{wanted.repo}?{urlencode({key: each for key, each in asked.items() if each})}"
    inside = bool(file.folder) and Path(path).is_relative_to(file.folder)
    return SCHEME + (os.path.relpath(path, file.folder) if inside else path)


def _assertion(each: Assertion | AssertionSet) -> dict[str, Any]:
    if isinstance(each, AssertionSet):
        found: dict[str, Any] = {"type": "assert-set", "assert": [_assertion(one) for one in each.assertions]}
    else:
        found = {"type": ("not-" if each.negated else "") + each.type}
        if each.value is not None:
            found["value"] = _value(each)
        if each.extract is not None:
            found["extract"] = each.extract
        found |= {key: _plain(each.options[key]) for key in _TOP if key in each.options}
        if rest := {key: value for key, value in each.options.items() if key not in _TOP}:
            found["options"] = _plain(rest)
    if each.threshold is not None:
        found["threshold"] = _number(each.threshold)
    if each.weight != 1:
        found["weight"] = _number(each.weight)
    return found | ({"metric": each.metric} if each.metric else {})


def _value(each: Assertion) -> Any:
    from core.evals.assertions import kind_of

    kind = kind_of(each.type)
    value = _plain(each.value)
    if each.type == "regex" or (kind is not None and kind.needs == "program"):
        return value
    if isinstance(value, list):
        return [_escaped(one) for one in value]
    return _escaped(value)


def _escaped(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.startswith(SCHEME):
        return "{% raw %}" + SCHEME + "{% endraw %}" + _text(value.removeprefix(SCHEME))
    return _text(value)


def _number(value: float) -> float:
    """Without a fraction where there is none."""
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def _plain(value: Any) -> Any:
    """Tuples as lists, so that YAML has them."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
