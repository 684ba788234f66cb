"""Tokens that wait for their text: a back end may hold text back, because a stop string could begin in it.

The decode loop finds stop strings itself; other back ends report tokens apart from text. Knows nothing of who reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from core.events import Event, FinishReason, SampleFinished, TextDelta, Token


class Release:
    """One answer: tokens go in as they are reported, and come out together with the text that contains them."""

    def __init__(self, sample: int) -> None:
        self.finished = False
        self._sample = sample
        self._waiting: list[Token] = []
        self._released = 0  # characters released that no token has claimed yet
        self._shown: list[str] = []

    @property
    def held(self) -> str:
        """Text of the waiting tokens that has not been shown."""
        return "".join(token.text for token in self._waiting)[self._released :]

    def add(self, token: Token) -> None:
        """A token was reported; it comes out with the next text that completes it."""
        self._waiting.append(token)

    def show(self, text: str) -> Iterator[Event]:
        """Release text, and with it the tokens all of whose text is out."""
        if text:
            self._shown.append(text)
            self._released += len(text)
        while self._waiting and len(self._waiting[0].text) <= self._released:
            token = self._waiting.pop(0)
            self._released -= len(token.text)
            yield token
        if text:
            yield TextDelta(self._sample, text)

    def finish(self, reason: FinishReason, *, at_stop_string: bool = False) -> Iterator[Event]:
        """The end. Tokens of a stop string are dropped, except for the part of a token before it."""
        if at_stop_string:
            if self._released and self._waiting:
                yield replace(self._waiting[0], text=self._waiting[0].text[: self._released])
        else:
            yield from self._waiting
        self._waiting.clear()
        self.finished = True
        yield SampleFinished(self._sample, "".join(self._shown), reason)
