"""JSON schemas that somebody else wrote: checked, then held against data, in bounded time and without a network.

Patterns in them are searched as everywhere in Loupe, with a limit on their time; references reach only into the schema
itself. A schema without `$schema` is one of draft 7, as in promptfoo. Knows nothing of outputs.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from core.errors import InvalidInput
from core.evals.json_text import canonical
from core.evals.scorers import patterns

MOST_REFERENCES = 20_000
"""References followed in one check: a few lines of a schema can ask for billions."""
LONGEST = 200_000
"""Characters of a schema as JSON."""
SHOWN = 3
"""Errors in a sentence."""
_counted = threading.local()


def schema_of(value: Any) -> Any:
    """A schema that can be used: a mapping, true or false, or a text that holds one as JSON or YAML.

    Raises:
        InvalidInput: it is no JSON schema; one sentence.
    """
    if isinstance(value, str):
        from core.prompts import strict_yaml

        value = strict_yaml.load(value, "The JSON schema")
    if not isinstance(value, dict | bool):
        raise InvalidInput("A JSON schema is a mapping, true or false.")
    _validator(_as_json(value))
    return value


def errors(schema: Any, data: Any) -> list[str]:
    """What is wrong with the data, a short phrase each, at most a few; empty when it fits.

    Raises:
        InvalidInput: the schema cannot be used, or takes too long on this data; one sentence.
    """
    from referencing.exceptions import Unresolvable

    validator = _validator(_as_json(schema_of(schema)))
    _counted.references = 0
    wrong: list[str] = []
    try:
        for error in validator.iter_errors(data):
            where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
            wrong.append(f"{where[:80].lstrip('.') or 'the whole'}: {' '.join(error.message[:400].split())[:160]}")
            if len(wrong) == SHOWN:
                break
    except Unresolvable as error:
        raise InvalidInput(f"The JSON schema refers to {str(error.ref)[:120]!r}, which is not in it.") from None
    except RecursionError:
        raise InvalidInput("The JSON schema or the output is nested too deeply to be compared.") from None
    return wrong


def _as_json(schema: Any) -> str:
    try:
        text = json.dumps(schema)
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput("The JSON schema is not plain data.") from None
    if len(text) > LONGEST:
        raise InvalidInput(f"The JSON schema has {len(text):,} characters; it may have {LONGEST:,}.")
    return text


@lru_cache(maxsize=64)
def _validator(text: str) -> Any:
    import jsonschema
    from jsonschema.validators import extend, validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    schema = json.loads(text)
    try:
        _check_patterns(schema)
        draft = validator_for(schema, default=jsonschema.Draft7Validator)
        draft.check_schema(schema)
    except jsonschema.SchemaError as error:
        where = ".".join(map(str, error.absolute_path))[:80]
        raise InvalidInput(f"The JSON schema is none: {where or 'the whole'}: {error.message[:160]}.") from None
    except (RecursionError, Unresolvable):
        raise InvalidInput("The JSON schema is nested too deeply or refers to nothing.") from None
    own = {
        "$ref": _reference,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    }
    # An empty registry of its own: the library's default would fetch `$ref: http://…`.
    return extend(draft, own)(schema, registry=Registry())


def _check_patterns(schema: Any) -> None:
    """Refuse a pattern that is none, and the one keyword that would search patterns without a limit."""
    parts, both = [schema], set()
    while parts:
        part = parts.pop()
        if isinstance(part, list):
            parts += part
        elif isinstance(part, dict):
            parts += part.values()
            both |= part.keys() & {"patternProperties", "unevaluatedProperties"}
            found = [part["pattern"]] if isinstance(part.get("pattern"), str) else []
            named = part.get("patternProperties")
            for pattern in [*found, *(named if isinstance(named, dict) else ())]:
                if pattern:
                    patterns.check(pattern)
    if len(both) == 2:
        raise InvalidInput("A JSON schema with patternProperties cannot have unevaluatedProperties here; use another.")


def _reference(validator: Any, reference: str, instance: Any, schema: Any) -> Iterator[Any]:
    _counted.references += 1
    if _counted.references > MOST_REFERENCES:
        raise InvalidInput(f"The JSON schema follows more than {MOST_REFERENCES:,} references on this output.")
    yield from validator._validate_reference(ref=reference, instance=instance)


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Any]:
    if validator.is_type(instance, "string") and not _matches(pattern, instance):
        yield _error(f"{instance[:80]!r} does not match {pattern[:60]!r}")


def _pattern_properties(validator: Any, named: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, inner in named.items():
        for name, value in instance.items():
            if _matches(pattern, name):
                yield from validator.descend(value, inner, path=name, schema_path=pattern)


def _additional_properties(validator: Any, inner: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if not validator.is_type(instance, "object"):
        return
    known, named = schema.get("properties", {}), schema.get("patternProperties", {})
    extra = [name for name in instance if name not in known and not any(_matches(each, name) for each in named)]
    if validator.is_type(inner, "object"):
        for name in extra:
            yield from validator.descend(instance[name], inner, path=name)
    elif not inner and extra:
        yield _error(f"additional properties are not allowed: {', '.join(map(repr, extra[:5]))}")


def _unique_items(validator: Any, unique: bool, instance: Any, schema: Any) -> Iterator[Any]:
    """The library compares every pair."""
    if unique and validator.is_type(instance, "array") and len({canonical(each) for each in instance}) < len(instance):
        yield _error("its items are not all different")


def _matches(pattern: str, text: str) -> bool:
    return not pattern or patterns.search(pattern, text) is not None


def _error(message: str) -> Any:
    from jsonschema import ValidationError

    return ValidationError(message)
