"""What ReAct may call, one file each: a name, a description, what to write in the brackets, and a function.

A further tool is a file here and its name below. What they share: `tool.py` (the shape), `toolbox.py` (the tools of one
run), `choice.py` (which of them a run may call). Knows nothing of techniques or models.
"""

from __future__ import annotations

from core.tools import calculator, lookup, python, search, wikipedia
from core.tools.choice import choose, described, find
from core.tools.tool import Context, Observation, Tool
from core.tools.toolbox import Toolbox

TOOLS: dict[str, Tool] = {each.TOOL.name: each.TOOL for each in (calculator, python, search, lookup, wikipedia)}
"""By name as it stands in an action, in the order in which they are shown."""


def chosen(asked: tuple[str, ...] | None, collection: str | None) -> dict[str, Tool]:
    """The tools of a run that asks for these; see `core.tools.choice.choose`."""
    return choose(asked, collection, TOOLS)


__all__ = ["TOOLS", "Context", "Observation", "Tool", "Toolbox", "chosen", "described", "find"]
