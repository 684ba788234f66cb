"""YAML as plain data: read strictly, written so that an unchanged part keeps its lines and comments.

Strict is about danger: no tags that build objects, no aliases (a few bytes of them unfold into gigabytes; a caller may
allow those that unfold into little), no key twice, no deep nesting. Scalars follow the core schema of YAML 1.2, as in
GitHub's tools: `yes`, `12:30`, `010` and `2026-01-31` are text. Knows nothing of what the data means.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, ClassVar

import yaml

from core.errors import InvalidInput
from core.prompts.names import short

MAX_DEPTH = 60
MAX_UNFOLDED = 5_000_000
"""Most characters and nodes of a document whose aliases are written out."""
_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq")}
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it: 10 times as fast


class _StrictLoader(_Base):  # type: ignore[misc]
    """Plain data only."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                raise yaml.MarkedYAMLError(problem=f"{short(str(key.value))} occurs twice", problem_mark=key.start_mark)
            seen.add(str(key.value))
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


class _AliasLoader(_StrictLoader):
    """Plain data, in which a part may stand for another one (`*name`) or be merged into a mapping (`<<: *name`)."""


def load(text: str, what: str, *, aliases: bool = False) -> Any:
    """The data in `text`.

    Args:
        text: one YAML document.
        what: how a sentence calls it, such as “The preset …/x.yml”.
        aliases: whether `*name` is allowed, as long as everything written out stays small and nothing holds itself.

    Raises:
        InvalidInput: it is not YAML, or not allowed; one sentence with the line.
    """
    try:
        _check(text, aliases)
        loader = (_AliasLoader if aliases else _StrictLoader)(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise InvalidInput(f"{what} is not allowed: {line}{error.problem}.") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidInput(f"{what} is not YAML: {str(error).splitlines()[0]}.") from None


def dump(data: dict[str, Any], original: str = "", what: str = "The file") -> tuple[str, bool]:
    """The mapping as YAML text, and whether comments of `original` were lost.

    A top-level key whose value is the same in `original` keeps its lines there, comments included; keys keep their
    order, new ones come last.

    Raises:
        InvalidInput: `original` is not YAML.
    """
    parts, lost = [], False
    newline = "\r\n" if "\r\n" in original else "\n"
    blocks, tail = _blocks(original, what) if original.strip() else ({}, "")
    for key, (old, above, lines) in blocks.items():
        if key in data and _same(data[key], old):
            parts += [above, lines]
        else:
            lost = lost or _comments(lines) or (key not in data and bool(parts) and _comments(above))
            if key in data:
                parts += [above, _dumped({key: data[key]}, newline)]
            elif not parts:  # what stands at the top is about the file
                parts.append(above)
    parts += [_dumped({key: value}, newline) for key, value in data.items() if key not in blocks]
    text = "".join(part if part.endswith("\n") or not part else part + newline for part in [*parts, tail])
    if blocks and _holds(text, {key: data[key] for key in [*blocks, *data] if key in data}):
        return text, lost
    return _dumped(data, newline), _comments(original)


def _holds(text: str, data: dict[str, Any]) -> bool:
    """Whether `text` was put together well, and reads as `data`."""
    try:
        return _same(load(text, ""), data)
    except InvalidInput:  # lines that only made sense beside what is gone
        return False


def _check(text: str, aliases: bool) -> None:
    """Refuse what must not be built, looking at the stream of events alone: nothing is unfolded here."""
    unfolded = _Unfolded()
    events: Iterator[Any] = yaml.parse(text, Loader=_StrictLoader)
    for event in events:
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent) and not aliases:
            raise yaml.MarkedYAMLError(problem="aliases (*) are not allowed, write the value out", problem_mark=mark)
        if (tag := getattr(event, "tag", None)) and tag not in _TAGS:
            raise yaml.MarkedYAMLError(problem=f"the tag {short(tag)} is refused", problem_mark=mark)
        if problem := unfolded.add(event):
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


class _Unfolded:
    """How large and how deep a document is with all aliases written out, event by event."""

    def __init__(self) -> None:
        self._size, self._depth = 0, 0
        self._open: list[list[Any]] = []  # of every collection under way: its anchor, the size before it, its reach
        self._known: dict[str, tuple[int, int]] = {}  # anchor → its size and height

    def add(self, event: Any) -> str | None:
        """Take in one event; what is wrong with it, if anything."""
        if isinstance(event, yaml.AliasEvent):
            name = str(event.anchor)
            if any(anchor == name for anchor, _, _ in self._open):
                return f"{short('*' + name)} stands inside of what it stands for"
            size, height = self._known.get(name, (1, 0))
            self._size += size
            self._reach(self._depth + height)
            if self._size > MAX_UNFOLDED:
                return "its aliases (*) unfold into too much, write the values out"
        elif isinstance(event, yaml.ScalarEvent):
            self._size += 1 + len(event.value)
            if event.anchor:
                self._known[event.anchor] = (1 + len(event.value), 0)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open.append([event.anchor, self._size, self._depth])
            self._size, self._depth = self._size + 1, self._depth + 1
            self._reach(self._depth)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before, reach = self._open.pop()
            self._depth -= 1
            self._reach(reach)
            if anchor:
                self._known[anchor] = (self._size - before, reach - self._depth)
        return "nested too deeply" if self._open and self._open[-1][2] > MAX_DEPTH else None

    def _reach(self, depth: int) -> None:
        if self._open:
            self._open[-1][2] = max(self._open[-1][2], depth)


def _blocks(text: str, what: str) -> tuple[dict[str, tuple[Any, str, str]], str]:
    """Of each top-level key its value, the comments above it and its lines; and what stands below all keys.

    Nothing for `{flow: style}`.
    """
    data = load(text, what)
    node = yaml.compose(text, Loader=_StrictLoader)
    if not isinstance(data, dict) or not isinstance(node, yaml.MappingNode) or node.flow_style:
        return {}, ""
    lines = text.splitlines(keepends=True)
    starts = [key.start_mark.line for key, _ in node.value]
    if any(key.start_mark.column for key, _ in node.value) or len(set(starts)) < len(starts):
        return {}, ""
    blocks, above = {}, 0
    for (key, _), start, end in zip(node.value, starts, [*starts[1:], len(lines)], strict=True):
        last = end
        while last > start + 1 and (lines[last - 1].startswith("#") or not lines[last - 1].strip()):
            last -= 1  # comments directly above the next key are about that key
        blocks[key.value] = (data.get(key.value), "".join(lines[above:start]), "".join(lines[start:last]))
        above = last
    return blocks, "".join(lines[above:])


def _comments(text: str) -> bool:
    """Whether there is a comment: a `#` between two tokens, since inside one it is text."""
    end = 0
    for token in yaml.scan(text, Loader=_StrictLoader):
        if "#" in text[end : token.start_mark.index]:
            return True
        end = token.end_mark.index
    return False


def _same(a: Any, b: Any) -> bool:
    """Equal and of equal types: `1`, `1.0` and `true` are different things in a file."""
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and (bool(a == b) or (a != a and b != b))  # not a number equals nothing


class _Dumper(yaml.SafeDumper):
    """Block style, long texts as `|` blocks, lists indented under their key as GitHub writes them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def analyze_scalar(self, scalar: str) -> Any:
        """PyYAML writes texts with a space before a line end in one quoted line; as a block they read just as well."""
        analysis = super().analyze_scalar(scalar)
        if analysis.multiline and not analysis.allow_block and not scalar.endswith(" "):
            analysis.allow_block = super().analyze_scalar(re.sub(r" +\n", "\n", scalar)).allow_block
        return analysis

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if any(char in text for char in "\x85\u2028\u2029"):  # PyYAML would write these line ends bare and lose them
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(tuple, yaml.representer.SafeRepresenter.represent_list)


def _dumped(data: dict[str, Any], newline: str) -> str:
    if not data:
        return ""
    text = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    if text.endswith("\n...\n"):  # written after a text that ends with empty lines; other keys may follow here
        text = text.removesuffix("...\n")
    return text.replace("\n", newline)


def _resolver(kind: str, pattern: str, first: Sequence[str]) -> None:
    for side in (_StrictLoader, _Dumper):  # the dumper quotes what either schema would take for something else
        side.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(pattern), list(first))


_resolver("null", r"^(?:~|null|Null|NULL|)$", ["", *"~nN"])
_resolver("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF")
_resolver("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789")
_resolver(
    "float",
    r"^(?:[-+]?(?:(?:0|[1-9][0-9]*)?\.[0-9]+|(?:0|[1-9][0-9]*)\.?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
    "-+0123456789.",
)
_AliasLoader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile("^<<$"), ["<"])
