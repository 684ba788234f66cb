"""The tools of one run and what they share: the collection, the document found last, whose run it is.

A tool that fails, or takes too long, gives an observation that says so: nothing here raises because of a tool. Knows no
tool, and nothing of who decides to call one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace

from core.errors import LoupeError, NotFound
from core.log import get_log
from core.tools.choice import find
from core.tools.collections import Collection, open_collection
from core.tools.page import Page
from core.tools.tool import MAX_OBSERVATION, Context, Observation, Tool

LOOK_S = 0.05
"""How often a call looks whether somebody pressed Stop."""


class Toolbox:
    """Tools within reach of one run.

    Attributes:
        tools: by name.
    """

    def __init__(
        self,
        tools: Mapping[str, Tool],
        collection: str | None = None,
        cancel: threading.Event | None = None,
        user: str = "",
    ) -> None:
        self.tools = dict(tools)
        self._name = collection
        self._cancel = cancel or threading.Event()
        self._user = user
        self._page: Page | None = None
        self._given: dict[str, int] = {}

    def call(self, name: str, argument: str) -> Observation:
        """What the tool says about `argument`; at once when the run is stopped, and never longer than it may take.

        Args:
            name: of a tool, in capitals or not.
            argument: what stood in the brackets.
        """
        if (tool := find(name, self.tools)) is None:
            return Observation(self.unknown(name), ok=False)
        over, said = threading.Event(), _Said()
        context = Context(over, self._user, self._page, dict(self._given), self._documents)
        threading.Thread(target=_carry_out, args=(tool, argument, context, said), daemon=True).start()
        until = time.monotonic() + tool.timeout_s
        while not said.done.wait(LOOK_S):
            if self._cancel.is_set():
                over.set()
                return Observation(f"{tool.name} was stopped.", ok=False)
            if time.monotonic() > until:
                over.set()
                return Observation(
                    f"{tool.name} took longer than {tool.timeout_s:g} seconds and was given up.", ok=False
                )
        observation = said.observation
        if observation.page is not None:
            self._page, self._given = observation.page, {}
        else:
            self._given = context.given
        return capped(observation)

    def unknown(self, name: str) -> str:
        """What is said about a tool that is not there."""
        shown = " ".join(name.split())[:60]
        usable = ", ".join(tool.usage for tool in self.tools.values())
        return f"There is no tool called “{shown}”. You can use: {usable}."

    def _documents(self) -> Collection:
        if self._name is None:
            raise NotFound("There is no collection to search: name one, or a folder of .txt and .md files.")
        return open_collection(self._name)


def capped(observation: Observation) -> Observation:
    """The observation with a text that a prompt can hold; what was cut is said."""
    text = observation.text
    if len(text) <= MAX_OBSERVATION:
        return observation
    return replace(
        observation,
        text=f"{text[:MAX_OBSERVATION].rstrip()} … (cut: {len(text) - MAX_OBSERVATION:,} more characters)",
        data={**observation.data, "cut": len(text) - MAX_OBSERVATION},
    )


class _Said:
    """Where a call leaves its observation."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.observation = Observation("", ok=False)


def _carry_out(tool: Tool, argument: str, context: Context, said: _Said) -> None:
    try:
        said.observation = tool.run(argument, context)
    except LoupeError as error:
        said.observation = Observation(str(error), ok=False)
    except Exception as error:
        get_log().exception("tool %s", tool.name)
        said.observation = Observation(f"{tool.name} failed ({type(error).__name__}); the log says more.", ok=False)
    finally:
        said.done.set()
