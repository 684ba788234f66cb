"""What a program needs that Monty lacks, told from its text before it runs.

A guess in one direction only: what is not found here Monty tries, and says so itself where it lacks something. Knows
nothing of engines. Source: pydantic-monty 1.4, every item tried.
"""

from __future__ import annotations

import ast

from core.sandbox.parsing import GLANCE, parse
from core.sandbox.program import Program

_MODULES = frozenset(
    (
        *("math", "datetime", "decimal", "re", "json", "csv", "random", "itertools", "collections"),
        *("functools", "bisect", "copy", "time", "typing", "dataclasses", "asyncio", "tomllib", "base64"),
        *("hashlib", "unicodedata", "binascii", "__future__"),
    )
)
_NAMES = frozenset(
    (
        *("anext", "aiter", "ascii", "bytearray", "callable", "classmethod", "compile", "delattr", "dir"),
        *("eval", "exec", "exit", "globals", "input", "issubclass", "locals", "memoryview", "quit"),
        *("staticmethod", "super", "vars", "__import__", "open"),
    )
)


def lacks(program: Program) -> str | None:
    """What Monty would stumble over, in words (“class inheritance”), or `None`."""
    for text in (program.prelude, program.code, program.expression or ""):
        tree = parse(text, GLANCE)
        if tree is None:
            continue  # too long to look at, or the engine says what is wrong with it
        for node in ast.walk(tree):
            if (found := _lack(node)) is not None:
                return found
    return None


def _lack(node: ast.AST) -> str | None:
    if isinstance(node, ast.Import):
        missing = [alias.name for alias in node.names if alias.name not in _MODULES]
        return f"the module {missing[0]}" if missing else None
    if isinstance(node, ast.ImportFrom):
        if node.module not in _MODULES or node.level:
            return f"the module {node.module}"
        return "a wildcard import" if any(alias.name == "*" for alias in node.names) else None
    if isinstance(node, (ast.Yield, ast.YieldFrom)):
        return "yield"
    if isinstance(node, ast.Delete):
        return "del"
    if isinstance(node, ast.TryStar):
        return "except*"
    if isinstance(node, ast.ClassDef):
        if node.bases or node.keywords:
            return "class inheritance"
        methods = (item for item in node.body if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)))
        return "decorated methods" if any(method.decorator_list for method in methods) else None
    if isinstance(node, ast.Name) and node.id in _NAMES:
        return f"the function {node.id}"
    return None
