r"""`boxed`: the content of the last `\boxed{…}`, as competition mathematics marks its answers.

Knows nothing of mathematics: `\frac{1}{2}` stays as it is written.
"""

from __future__ import annotations

import re

from core.evals.scorers.rule import Rule

_MARKS = re.compile(r"\\boxed\s*\{|\\text\s*\{|\\.|[{}]", re.DOTALL)


def find(text: str) -> str | None:
    r"""The content, braces balanced, with `\text{…}` unwrapped, and without `\$` and `\!`."""
    open_braces: list[tuple[bool, int]] = []
    start, end = -1, -1
    for mark in _MARKS.finditer(text):
        if mark[0] == "}" and open_braces:
            boxed, begin = open_braces.pop()
            if boxed and begin > start:
                start, end = begin, mark.start()
        elif mark[0].endswith("{") and mark[0] != r"\{":
            open_braces.append((mark[0].startswith(r"\boxed"), mark.end()))
    return None if start < 0 else _unwrapped(text[start:end])


def _unwrapped(content: str) -> str:
    parts: list[str] = []
    texts: list[bool] = []  # for every open brace, whether it belongs to \text
    done = 0
    for mark in _MARKS.finditer(content):
        parts.append(content[done : mark.start()])
        done = mark.end()
        if mark[0] == "}":
            if not (texts and texts.pop()):
                parts.append("}")
        elif mark[0].startswith(r"\text"):
            texts.append(True)
        elif mark[0] not in (r"\$", r"\!"):
            if mark[0].endswith("{") and mark[0] != r"\{":
                texts.append(False)
            parts.append(mark[0])
    return "".join([*parts, content[done:]]).strip()


RULE = Rule(
    name="boxed",
    what=r"The content of the last \boxed{…}, with \text{…} unwrapped and without \$ and \!.",
    source="Hendrycks et al. 2021, Measuring Mathematical Problem Solving With the MATH Dataset",
    find=find,
)
