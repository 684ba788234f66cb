"""Whole characters only, and stop strings found across any tokens and never shown."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from core.generation.text import IncrementalDecoder, StopWatcher


def decode_bytes(ids: Sequence[int]) -> str:
    """A tokenizer of single bytes: the hardest case for characters."""
    return bytes(ids).decode("utf-8", errors="replace")


@given(st.text(max_size=30))
def test_bytes_become_whole_characters(text: str) -> None:
    decoder = IncrementalDecoder(decode_bytes)
    pieces = [decoder.push(byte) for byte in text.encode()] + [decoder.flush()]
    assert "".join(pieces) == text
    if "\ufffd" not in text:
        assert all("\ufffd" not in piece for piece in pieces)


def test_a_cut_character_is_marked_at_the_end() -> None:
    decoder = IncrementalDecoder(decode_bytes)
    shown = [decoder.push(byte) for byte in "a🙂".encode()[:-1]]
    assert shown == ["a", "", "", ""]
    assert decoder.flush() == "\ufffd"


def test_bytes_that_are_no_text_do_not_wait_for_ever() -> None:
    decoder = IncrementalDecoder(decode_bytes)
    assert "".join(decoder.push(byte) for byte in [0xFF] * 12) != ""


@given(
    st.text(alphabet="ab", max_size=40),
    st.lists(st.text(alphabet="ab", min_size=1, max_size=5), max_size=3),
    st.data(),
)
def test_stop_strings_across_any_split(text: str, stops: list[str], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    watcher = StopWatcher(stops)
    shown = ""
    for number, piece in enumerate(pieces, start=1):
        shown += watcher.push(piece)
        if watcher.stopped:  # by the first one that is complete, whatever might begin before it
            text = "".join(pieces[:number])
            break
        assert not any(stop in shown for stop in stops)
    if not watcher.stopped:
        shown += watcher.flush()
    found = [at for at in (text.find(stop) for stop in stops) if at >= 0]
    assert shown == (text[: min(found)] if found else text)


def test_nothing_is_held_back_without_reason() -> None:
    watcher = StopWatcher(["###"])
    assert watcher.push("hello #") == "hello "
    assert watcher.push("1") == "#1"
