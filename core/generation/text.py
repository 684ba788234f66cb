"""From tokens to text that can be shown: whole characters only, and never a part of a stop string.

Knows nothing of models; `IncrementalDecoder` takes any `decode` function, `StopWatcher` takes text from anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
MAX_PENDING = 4
"""A UTF-8 character has at most four bytes: after as many byte tokens without one, the bytes are not valid text."""


class IncrementalDecoder:
    """Turns token ids into text one at a time.

    A token's text depends on its neighbours (byte-level pieces, SentencePiece spaces), so each new token is decoded
    together with the one before it and the known part is cut off, as in vLLM's detokenizer.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._ids: list[int] = []
        self._start = 0  # where the shown context begins
        self._read = 0  # up to where text has been given out

    def push(self, token_id: int) -> str:
        """The characters that this token completed, "" while one is incomplete."""
        self._ids.append(token_id)
        return self._advance(final=len(self._ids) - self._read > MAX_PENDING)

    def flush(self) -> str:
        """What is left at the end: an incomplete character becomes the replacement character."""
        return self._advance(final=True) if self._read < len(self._ids) else ""

    def _advance(self, *, final: bool) -> str:
        text = self._decode(self._ids[self._start :])
        if text.endswith(REPLACEMENT) and not final:
            return ""
        known = self._decode(self._ids[self._start : self._read])
        self._start, self._read = self._read, len(self._ids)
        return text[len(known) :]


class StopWatcher:
    """Holds back text that may turn out to be the beginning of a stop string."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.stopped = False
        """Whether a stop string has been found; everything after it is dropped."""

    def push(self, text: str) -> str:
        """The part of the text so far that can be shown now."""
        if self.stopped:
            return ""
        if not self._stops:
            return text
        self._held += text
        found = [at for at in (self._held.find(stop) for stop in self._stops) if at >= 0]
        if found:
            self.stopped = True
            shown, self._held = self._held[: min(found)], ""
            return shown
        keep = max(self._overlap(stop) for stop in self._stops)
        shown, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return shown

    def flush(self) -> str:
        """The text still held back, once it is certain that no more comes."""
        shown, self._held = self._held, ""
        return shown

    def _overlap(self, stop: str) -> int:
        """Length of the longest end of the held text with which `stop` could begin."""
        for length in range(min(len(stop) - 1, len(self._held)), 0, -1):
            if self._held.endswith(stop[:length]):
                return length
        return 0
