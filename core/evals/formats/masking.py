"""What may be a secret in an eval file, masked before anybody keeps or shows the file.

Masked are all variables of `env`, what Loupe does not act on in a provider or in the `config` of a judge, keys of the
file's own that nothing refers to, and whatever is called as secrets are. None of it decides a result, so the masked
text reads as the same eval. Rows and prompts are data and stay as they are. Knows nothing of what becomes of the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from core.errors import InvalidInput
from core.evals.assertions import kind_of
from core.evals.formats.promptfoo.providers import KEYS, is_setting
from core.prompts import strict_yaml

MASK = "(left out)"
REF = "$ref"
_DATA = frozenset(
    {"vars", "var", "value", "metadata", "prompts", "messages", "testData", "description", "rubricPrompt", REF}
)
"""Keys under which no secret of Loupe's or of an endpoint stands, but what models are asked."""
_SECRET = re.compile(
    r"api[-_]?key|secret|passw|credential|authorization|bearer|cookie|headers$|token$|(access|private)[-_]?key",
    re.IGNORECASE,
)


def masked(source: str, data: Mapping[str, Any], name: str, known: Collection[str] = ()) -> str:
    """The file's text without secrets: as it was written where it has none.

    Args:
        source: the text.
        data: the same, read.
        name: of the file; `.json` at its end says how it is written.
        known: keys of a file of this format; none where any other may mean something.
    """
    referred = {each.partition("#/")[2].partition("/")[0] for each in _references(data)}
    clean = {
        key: _top(key, each, bool(known) and key not in known and key not in referred) for key, each in data.items()
    }
    if clean == data:
        return source
    if name.lower().endswith(".json"):
        return json.dumps(clean, ensure_ascii=False, indent=2) + "\n"
    try:
        return strict_yaml.dump(clean, source)[0]
    except InvalidInput:  # aliases, whose lines cannot stay where some of them change
        return strict_yaml.dump(clean)[0]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            if key == REF:
                yield str(each)
            else:
                yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _top(key: str, value: Any, foreign: bool) -> Any:
    if foreign:  # such as a part that aliases repeat, which the masked text writes out
        return MASK
    if key in ("providers", "targets"):
        return [_provider(each) for each in value] if isinstance(value, list) else _provider(value)
    if key == "modelParameters":
        return _settings(value)
    return _entry(key, value)


def _entry(key: str, value: Any) -> Any:
    """What stands under a key anywhere in the file."""
    if key in _DATA:
        return value
    if key == "env":
        return _hidden(value)
    if key in ("provider", "grader"):
        return _judge(value)
    return MASK if _SECRET.search(key) and value is not None else _part(value)


def _part(value: Any) -> Any:
    if isinstance(value, list):
        return [_part(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    clean = {key: _entry(str(key), each) for key, each in value.items()}
    if isinstance(config := value.get("config"), Mapping):
        if isinstance(value.get("type"), str):
            kind = kind_of(value["type"].removeprefix("not-"))
            clean["config"] = config if kind is not None and "config" in kind.options else clean["config"]
        elif not {"tests", "vars"} & value.keys():  # a provider that something refers to, or a program of tests
            clean["config"] = _settings(config)
    return clean


def _provider(entry: Any) -> Any:
    if not isinstance(entry, Mapping):
        return entry
    if "id" not in entry and len(entry) == 1 and not entry.keys() & KEYS and REF not in entry:
        return {only: _provider(inner) for only, inner in entry.items()}  # the old way: {id: {config, prompts}}
    clean = {key: each if key in KEYS or key == REF else _hidden(each) for key, each in entry.items()}
    return clean | ({"config": _settings(clean["config"])} if "config" in clean else {})


def _settings(config: Any) -> Any:
    if not isinstance(config, Mapping):
        return config
    return {key: each if key == REF or is_setting(str(key)) else _hidden(each) for key, each in config.items()}


def _judge(provider: Any) -> Any:
    """A judge: its reference is all that is acted on."""
    if isinstance(provider, list):
        return [_judge(each) for each in provider]
    if not isinstance(provider, Mapping):
        return provider
    if "id" not in provider:  # `{text: …, embedding: …}`
        return {
            key: each if key == REF else _hidden(each) if key == "config" else _judge(each)
            for key, each in provider.items()
        }
    return {key: each if key in ("id", "label", "prompts", REF) else _hidden(each) for key, each in provider.items()}


def _hidden(value: Any) -> Any:
    """The keys, so that notes stay the same, and no value."""
    if isinstance(value, Mapping):
        return {key: each if key == REF else MASK for key, each in value.items()}
    return value if value is None else MASK
