"""Takes the program out of a model's reply: fences, prose around it, prompts, quotes that a word processor bent.

It repairs the wrapping, never the program: what parses is taken as it is, and what does not parse in any reading comes
back as it stands, so that the engine names the error. Knows nothing of running it.
"""

from __future__ import annotations

import ast
import builtins
import re
import textwrap
from collections.abc import Iterator

from core.sandbox.parsing import parse

_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})[ \t]*([^\s`~{]*)[^`\n]*$", re.MULTILINE)
_INLINE = re.compile(r"(`{3,})(?:(?:python3?|py)(?=\s))?([^`\n]+)\1", re.IGNORECASE)
_PYTHON = {"python", "py", "python3", "python2", "py3", "pycon", "ipython", "tool_code", "{.python}"}
_PROMPT = re.compile(r"^[ \t]*(?:>>>|In \[\d+\]:)(?: |$)")
_CONTINUED = re.compile(r"^[ \t]*\.\.\.(?: |$)")
_CODE = re.compile(
    r"^(?:import |from \w[\w.]* import |def |async def |class |@\w|for |while |if |with |try:|print\(|#"
    r"|[A-Za-z_][\w.\[\], ]*\s*[-+*/]?=[^=])"
)
_SURE = re.compile(r"^(?:import \w+|from \w[\w.]* import |def \w+\(|class \w+[(:]|[A-Za-z_]\w*\s*=[^=])")
_PATIENCE = 1_000_000
"""Characters to read, in all readings of a block together: text made to be read slowly costs a second or two."""
_BUILTINS = frozenset(dir(builtins))


def program_in(text: str) -> str:
    """The program in `text`, or `text` itself where nothing in it looks like one; never raises.

    Of several fenced blocks the last that parses is taken, together with the earlier ones that define names it uses
    (a definition in one block and its call in the next). Blocks of other languages, and blocks that hold nothing but
    a value, such as an output shown, count only when there is nothing else.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    blocks = list(_blocks(text))
    if blocks:
        own = [block for language, block in blocks if language in _PYTHON]
        plain = [block for language, block in blocks if not language]
        for group in (own, plain) if own else (plain, [block for _, block in blocks]):
            if (found := _join([_read(block) for block in group])) is not None:
                return found
        return (own or plain or [block for _, block in blocks])[-1].strip("\n")
    return _without_fence(text)


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Language in lower case and content of every fenced block; the last one may be unclosed."""
    opened: re.Match[str] | None = None
    any_found = False
    for mark in _FENCE.finditer(text):
        if opened is None:
            opened = mark
        elif mark[1][0] == opened[1][0] and len(mark[1]) >= len(opened[1]) and not mark[2]:
            yield opened[2].lower(), text[opened.end() + 1 : mark.start()]
            opened, any_found = None, True
        elif mark[2]:  # a new block begins where the old one was never closed
            yield opened[2].lower(), text[opened.end() + 1 : mark.start()]
            opened, any_found = mark, True
    if opened is not None:
        yield opened[2].lower(), text[opened.end() + 1 :]
    elif not any_found:
        for inline in _INLINE.finditer(text):
            yield "python", inline[2].strip()


def _read(block: str) -> str | None:
    """The block as a program that parses, under the mildest reading that does, or `None`."""
    for reading in _readings(block):
        if reading.strip() and parse(reading) is not None:
            return reading
    # Prose after a block that was never closed: whole lines at its end that are no code.
    lines = textwrap.dedent(block).rstrip().split("\n")
    for _ in range(min(len(lines) - 1, 40, _PATIENCE // (len(block) + 1))):
        if lines[-1][:1] in (" ", "\t") or _CODE.match(lines[-1]):
            return None
        lines.pop()
        reading = textwrap.dedent("\n".join(lines)).strip("\n")
        if reading.strip() and parse(reading) is not None:
            return reading
    return None


def _readings(block: str) -> Iterator[str]:
    block = block.strip("\n")
    yield block
    if len(block) > _PATIENCE // 16:
        return
    if any(_PROMPT.match(line) for line in block.split("\n")):
        yield _without_prompts(block)
    yield textwrap.dedent(block)
    first = next((line for line in block.split("\n") if line.strip()), "")
    if first[:1].isspace():  # the first line decides: later ones may hang less
        indent = first[: len(first) - len(first.lstrip())]
        yield "\n".join(line.removeprefix(indent) for line in block.split("\n"))
    for tab in (4, 8):
        yield textwrap.dedent(block.expandtabs(tab))
    straight = _straight(re.sub("[\u200b\u200c\u200d\u2060\ufeff]", "", block).replace("\u00a0", " "))
    yield textwrap.dedent(straight)
    yield textwrap.dedent(_without_prompts(straight).expandtabs(4))


def _without_prompts(block: str) -> str:
    """The input of an interactive session; lines without a prompt are its output."""
    kept = [
        re.sub(r"^[ \t]*(?:>>>|\.\.\.|In \[\d+\]:) ?", "", line)
        for line in block.split("\n")
        if _PROMPT.match(line) or _CONTINUED.match(line)
    ]
    return "\n".join(kept) if kept else block


def _straight(text: str) -> str:
    """Typographic quotes outside strings become the straight ones; inside strings they stay."""
    made: list[str] = []
    closers, at, length = "", 0, len(text)
    quote = ""
    while at < length:
        char = text[at]
        if not closers:
            if char in "“”„":
                closers, quote = "”“", '"'
                char = '"'
            elif char in "‘’‚":
                closers, quote = "’‘", "'"
                char = "'"
            elif char in "\"'":
                closers = quote = text[at : at + 3] if text[at : at + 3] == char * 3 else char
                char = quote
            elif char == "#":
                end = text.find("\n", at)
                char = text[at : end if end >= 0 else length]
            made.append(char)
            at += len(char)
            continue
        if char == "\\" and at + 1 < length:
            made.append(text[at : at + 2])
            at += 2
            continue
        bent = closers in ("”“", "’‘")
        if (bent and char in closers) or (not bent and text.startswith(closers, at)):
            made.append(quote)
            at += 1 if bent else len(closers)
            closers = ""
        elif char == "\n" and (bent or len(closers) == 1):  # an unclosed string ends with its line
            made.append(char)
            at, closers = at + 1, ""
        else:
            made.append(f"\\{char}" if bent and char == quote else char)
            at += 1
    return "".join(made)


def _join(blocks: list[str | None]) -> str | None:
    """The last block that parses, after the earlier ones that it needs."""
    usable = [(block, tree) for block in blocks if block is not None and (tree := parse(block)) is not None]
    told = [(block, tree) for block, tree in usable if not _only_a_value(tree)]
    if not (usable := told or usable):
        return None
    parts = [usable[-1][0]]
    needed, bound = _names(usable[-1][1])
    needed -= bound
    for block, tree in reversed(usable[:-1]):
        uses, binds = _names(tree)
        if needed & binds:
            parts.insert(0, block)
            needed = (needed - binds) | (uses - binds)
    return "\n\n".join(part.strip("\n") for part in parts)


def _only_a_value(tree: ast.Module) -> bool:
    """Whether it does nothing: literals and bare names, such as an output that was shown in a block of its own."""
    if not tree.body:
        return True
    passive = (ast.Expression, ast.Expr, ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.UnaryOp, ast.Name)
    return all(
        isinstance(node, (*passive, ast.expr_context, ast.unaryop)) for line in tree.body for node in ast.walk(line)
    )


def _names(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Names that the program reads, without builtins, and names that it binds."""
    read: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
    return read - _BUILTINS, bound


def _without_fence(text: str) -> str:
    """A program with no fence around it, perhaps with prose before and after."""
    if (found := _read(text)) is not None:
        return found.strip("\n")
    lines = text.split("\n")
    if any(_PROMPT.match(line) for line in lines):
        return _without_prompts(text)
    start = next((number for number, line in enumerate(lines) if _begins_code(line)), None)
    if start is not None and len(text) <= _PATIENCE // 16:
        # From its first line on it is one program: what is wrong in the middle of it is for the engine to say.
        program = "\n".join(lines[start:])
        return (_read(program) or program).strip("\n")
    return text.strip("\n")


def _begins_code(line: str) -> bool:
    """Whether the line is code for sure; prose too begins with “for”, “if” and “with”."""
    line = line.strip()
    if not _CODE.match(line):
        return False
    return _SURE.match(line) is not None or parse(f"{line} pass" if line.endswith(":") else line) is not None
