"""Options for every field of `SamplingParams`, taken from the class: a field added there is an option here.

Knows nothing of the verbs that use them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from pydantic.fields import FieldInfo

from core.generation.params import SamplingParams


def sampling_options(command: Callable[..., Any], **defaults: object) -> Callable[..., Any]:
    """Replace the parameter `sampling` of a verb by one option for each field.

    The verb gets a dictionary. Values that are no numbers stay as they were typed: the class says what is wrong with
    them, in the same words as everywhere.

    Args:
        command: the verb.
        defaults: of options that differ from the class's own.
    """

    @functools.wraps(command)
    def verb(**values: Any) -> Any:
        given = {name: values.pop(name) for name in SamplingParams.model_fields}
        sampling = {name: _typed(name, value) for name, value in given.items() if value not in (None, [])}
        return command(sampling=sampling, **values)

    signature = inspect.signature(command, eval_str=True)
    own = [parameter for parameter in signature.parameters.values() if parameter.name != "sampling"]
    options = [
        _option(name, field, defaults.get(name, field.default)) for name, field in SamplingParams.model_fields.items()
    ]
    verb.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    verb.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *options]}
    return verb


def number(text: str) -> int | float | str:
    """The number that `text` is, or `text` itself."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _typed(name: str, value: Any) -> Any:
    if name == "stop":
        return tuple(value)
    if name == "early_stopping":
        return {"true": True, "false": False}.get(value, value)
    return number(value)


def _option(name: str, field: FieldInfo, value: object) -> inspect.Parameter:
    words: dict[Any, str] = {int: "INTEGER", float: "NUMBER", int | None: "INTEGER", tuple[str, ...]: "TEXT"}
    option = typer.Option(
        f"--{name.replace('_', '-')}",
        help=field.description,
        metavar=words.get(field.annotation, "false|true|never"),
        show_default=value not in (None, ()),
    )
    kind: Any = list[str] if name == "stop" else str | None
    default: Any = None if value is None else str(value).lower()
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=[] if name == "stop" else default,
        annotation=Annotated[kind, option],
    )
