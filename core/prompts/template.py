r"""Templates: `{{name}}` is replaced as text, and nothing else is ever evaluated.

A name begins with a letter or `_` and goes on with letters, digits, `_`, `.` and `-`, at most 64 characters, and is
looked up as it stands: nothing is reached through a dot, and `x.__class__`, where `_` follows one, is no name. Spaces
inside the braces are allowed. `\{{name}}` prints `{{name}}` as it stands and `\\{{name}}` prints a backslash and the
value (Handlebars' escapes); each pair of backslashes before `{{name}}` prints one. Jinja, `${…}`, `%(…)s` and format
strings are plain text.

Also recognises prompts in the single-brace dialect of LangChain and ChainForge (`{name}`) and converts them on request.
Knows nothing of messages or files.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Mapping

from core.errors import InvalidInput

NAME = r"(?![\w.-]{0,63}\._)[^\W\d][\w.-]{0,63}"
_VARIABLE = re.compile(r"(?<!\\)(\\*)\{\{[ \t]*(" + NAME + r")[ \t]*\}\}")
_SINGLE = re.compile(r"(?<![{$^\\])\{([^\W\d]\w{0,63})\}")
_LATEX = re.compile(r"\\[A-Za-z]+\*?(?:\[[^\[\]]{0,80}\]|\{[^{}]{0,80}\})*$")
_IDENTIFIER = re.compile(r"[^\W\d]\w{0,63}")
_SHOWN = 5


def variables(text: str) -> tuple[str, ...]:
    """Names of the variables in `text`, in order of first use."""
    return tuple(dict.fromkeys(found[2] for found in _VARIABLE.finditer(text) if len(found[1]) % 2 == 0))


def render(text: str, values: Mapping[str, str]) -> str:
    """`text` with every `{{name}}` replaced, in one pass: what a value holds is never looked at again.

    Values that `text` does not use are ignored, see `unused`.

    Raises:
        InvalidInput: a variable has no value; the sentence names it.
    """
    if missing := [name for name in variables(text) if name not in values]:
        raise InvalidInput(f"The prompt needs a value for {quoted(missing)}.", missing[0])

    def value(backslashes: str, variable: str, *, literal: bool) -> str:
        return backslashes + (variable if literal else values[variable.strip("{} \t")])

    return replace_variables(text, value)


def replace_variables(text: str, by: Callable[..., str]) -> str:
    """`text` in another format's notation.

    Args:
        text: a template.
        by: called with the backslashes that are printed before a variable, the variable as it stands in braces, and
            `literal=True` where it is escaped; returns what stands there instead.
    """

    def replace(found: re.Match[str]) -> str:
        backslashes, escaped = divmod(len(found[1]), 2)
        return by("\\" * backslashes, found[0][len(found[1]) :], literal=bool(escaped))

    return _VARIABLE.sub(replace, text)


def unused(text: str, values: Iterable[str]) -> tuple[str, ...]:
    """Which of the given names `text` does not use: often a misspelt variable."""
    used = set(variables(text))
    return tuple(name for name in values if name not in used)


def escape(text: str) -> str:
    """`text` as a template that renders to exactly `text`."""
    return _VARIABLE.sub(lambda found: found[1] * 2 + "\\" + found[0][len(found[1]) :], text)


def single_braces(text: str) -> tuple[str, ...]:
    """Names in single braces if `text` is written in that dialect, in order of first use.

    Empty when `text` has a `{{variable}}`, and for braces that belong to JSON, LaTeX, `${shell}` and the like.
    """
    if variables(text):
        return ()
    if (pieces := _format_string(text)) is not None:
        return tuple(dict.fromkeys(name for _, name in pieces if name))
    return tuple(dict.fromkeys(found[1] for found in _SINGLE.finditer(text) if not _in_latex(text, found.start())))


def convert_single_braces(text: str) -> str:
    """`text` with `{name}` as `{{name}}`.

    A text that is a valid Python format string of plain names (what LangChain writes) is converted exactly: there `{{`
    and `}}` stand for one brace. In any other text only the names change, and braces of JSON stay as they are.
    """
    if not variables(text) and (pieces := _format_string(text)) is not None:
        return "".join(_escaped_piece(literal, name) for literal, name in pieces)

    def double(found: re.Match[str]) -> str:
        return found[0] if _in_latex(text, found.start()) else "{" + found[0] + "}"

    return _SINGLE.sub(double, text)


def _format_string(text: str) -> list[tuple[str, str | None]] | None:
    """Literals, each with the name that follows it, if `text` is a format string with plain names; else `None`."""
    pieces: list[tuple[str, str | None]] = []
    try:
        for literal, name, spec, conversion in string.Formatter().parse(text):
            if name is not None and (spec or conversion or not _IDENTIFIER.fullmatch(name)):
                return None
            if name is not None and (literal.endswith("$") or _in_latex(text, text.find("{" + name + "}"))):
                return None
            pieces.append((literal, name))
    except ValueError:  # a lone brace
        return None
    return pieces if any(name for _, name in pieces) else None


def _escaped_piece(literal: str, name: str | None) -> str:
    literal = escape(literal)
    if name is None:
        return literal
    backslashes = literal[len(literal.rstrip("\\")) :]  # doubled, else they would escape the variable
    return f"{literal}{backslashes}{{{{{name}}}}}"


def _in_latex(text: str, start: int) -> bool:
    r"""Whether the brace at `start` is an argument, as in `\frac{a}{b}`."""
    return bool(_LATEX.search(text, max(0, start - 200), start))


def quoted(names: list[str]) -> str:
    """Names for a sentence, the first few of many."""
    shown = ", ".join(f"“{name}”" for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
