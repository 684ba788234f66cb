"""One option for each field of a pydantic class, taken from the class: a field added there is an option here.

Knows nothing of the verbs that use them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from core.cli.sampling import number


def setting_options(command: Callable[..., Any], kind: type[BaseModel]) -> Callable[..., Any]:
    """Replace the parameter `settings` of a verb by one option for each field of `kind`; those given make a dictionary.

    Values that are no numbers stay as they were typed: the class says what is wrong with them.
    """

    @functools.wraps(command)
    def verb(**values: Any) -> Any:
        given = {name: values.pop(name) for name in kind.model_fields}
        settings = {name: _typed(kind, name, value) for name, value in given.items() if value is not None}
        return command(settings=settings, **values)

    signature = inspect.signature(command, eval_str=True)
    own = [parameter for parameter in signature.parameters.values() if parameter.name != "settings"]
    options = [_option(kind, name) for name in kind.model_fields]
    verb.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    verb.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *options]}
    return verb


def _typed(kind: type[BaseModel], name: str, value: Any) -> Any:
    text = kind.model_fields[name].annotation is str
    return value if text or isinstance(value, bool) else number(value)


def _option(kind: type[BaseModel], name: str) -> inspect.Parameter:
    field = kind.model_fields[name]
    flag = "--" + name.replace("_", "-")
    what: Any = bool | None if field.annotation is bool else str | None
    flags = f"{flag}/--no-{flag[2:]}" if field.annotation is bool else flag
    option = typer.Option(flags, help=field.description, show_default=str(field.default))
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[what, option])
