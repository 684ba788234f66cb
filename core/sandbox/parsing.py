"""Reading a stranger's Python into a tree, without running it and without harm from what it looks like."""

from __future__ import annotations

import ast
import re
import unicodedata
import warnings

MOST = 300_000
"""Longer text is not read: its tree takes up to a thousand times its size for a moment."""
GLANCE = 100_000
"""Longer programs are run without a look at what they need."""
_FILE = "<model>"
_MARKS = 30
"""Most combining marks in a row: more is no text of any language (Unicode UAX #15, Stream-Safe Text Format)."""
_DOTTED = re.compile(r"(?:\.(?!\d)(?:\\\r?\n|\\\r|[^.\r\n'\"`#;,:()\[\]{}=<>+*/&|@~^%!-])++){100}")
"""A name with a hundred dots, such as `import` reads: what is between two dots is a name, blanks or a joined line."""
_FORMATTED = re.compile(r"f[rR]?['\"]", re.IGNORECASE)
_BRACES = 2_000_000_000
"""Most braces times characters of a program with f-strings: about half a second on Python 3.11."""

warnings.filterwarnings(
    "ignore", module=_FILE
)  # invalid escapes in a stranger's strings are no warning to anybody here


def parse(source: str, most: int = MOST) -> ast.Module | None:
    """The tree, or `None` when it is no Python, longer than `most`, nested too deeply, or made to be read slowly."""
    if len(source) > most or _slow(source):
        return None
    try:
        return ast.parse(source, _FILE)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _slow(source: str) -> bool:
    """Whether Python's own parser takes minutes or gigabytes for it; it cannot be stopped and holds up every thread.

    It puts the marks of a name into canonical order by insertion, copies a dotted name anew at every dot, and before
    3.12 counts the lines of an f-string anew at every brace: all take the square of the length.
    """
    if _DOTTED.search(source) or (source.count("{") * len(source) > _BRACES and _FORMATTED.search(source)):
        return True
    if source.isascii():
        return False
    # The first character of the decomposition counts: U+0F73 is no mark itself and comes apart into two.
    marks = "".join(char for char in set(source) if unicodedata.combining(unicodedata.normalize("NFKD", char)[0]))
    return bool(marks) and re.search(f"[{marks}]{{{_MARKS + 1}}}", source) is not None
