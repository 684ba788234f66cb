"""Which tools a run may call: those that were asked for, else all that can work.

Knows nothing of what a tool does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from core.errors import InvalidInput
from core.tools.collections import folder_of
from core.tools.tool import Tool


def find(name: str, tools: Mapping[str, Tool]) -> Tool | None:
    """The tool of this name, in capitals or not."""
    wanted = name.strip().casefold()
    return next((tool for key, tool in tools.items() if key.casefold() == wanted), None)


def choose(asked: Sequence[str] | None, collection: str | None, tools: Mapping[str, Tool]) -> dict[str, Tool]:
    """The tools of a run, in their usual order.

    Args:
        asked: names, in capitals or not; `None` or none at all is every tool that can work.
        collection: the collection that Search and Lookup read.
        tools: all there are.

    Raises:
        InvalidInput: a name is no tool's, or a tool that was asked for cannot work; one sentence.
        NotFound: there is no such collection.
    """
    if collection is not None:
        folder_of(collection)
    if not asked:
        return {name: tool for name, tool in tools.items() if not tool.why_not(collection, ())}
    wanted: set[str] = set()
    for name in asked:
        if (tool := find(name, tools)) is None:
            raise InvalidInput(f"There is no tool {_short(name)}: choose from {', '.join(tools)}.", "tools")
        wanted.add(tool.name)
    chosen = {name: tool for name, tool in tools.items() if name in wanted}
    for tool in chosen.values():
        if reason := tool.why_not(collection, wanted):
            raise InvalidInput(reason, "collection" if "collection" in reason else "tools")
    return chosen


def described(tools: Collection[Tool]) -> str:
    """The tools for a prompt, one a line: how an action with it is written and what it does."""
    return "\n".join(f"- {tool.usage} {tool.description}" for tool in tools)


def _short(name: str) -> str:
    name = " ".join(name.split())
    return f"“{name if len(name) <= 60 else name[:59] + '…'}”"
