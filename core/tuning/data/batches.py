"""Which rows are trained together: padded, grouped by length, or packed.

Packing is best-fit decreasing: rows from the longest to the shortest, each into the sequence that it leaves least room
in (Johnson 1973: never more than 11/9 of the fewest sequences possible, and a few). Knows nothing of tokens; only of
lengths.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal, TypeVar, get_args

from core.errors import InvalidInput

_Item = TypeVar("_Item")
How = Literal["pad", "group", "pack"]
GROUPED = 50
"""Batches whose rows are sorted by length together, as transformers' sampler does it; so an epoch stays mixed."""


def plan_batches(
    lengths: Sequence[int], *, size: int, how: How, max_length: int, seed: int, epoch: int
) -> list[list[int]]:
    """Indices of the rows of every step of an epoch: each row once, the same for the same seed and epoch.

    Args:
        lengths: tokens of each row, none more than `max_length`.
        size: rows a step; with `pack`, sequences a step.
        how: `pad`: in random order. `group`: rows of like length together, the steps in random order. `pack`: rows laid
            one after another into sequences of at most `max_length` tokens, `size` sequences a step; `sequences` says
            which rows share one.
        max_length: in tokens; only `pack` needs it.
        seed: draws the order, together with the epoch.
        epoch: from 0.

    Raises:
        InvalidInput: a number out of range, or a row longer than `max_length` where it matters.
    """
    if size < 1:
        raise InvalidInput(f"The batch size is {size}; it must be at least 1.", "batch_size")
    if how not in get_args(How):
        raise InvalidInput(f"{how!r} is no way to batch rows; choose {', '.join(get_args(How))}.", "batching")
    chance = random.Random(f"batches {seed} {epoch}")
    order = list(range(len(lengths)))
    chance.shuffle(order)
    if how == "pad":
        return _parts(order, size)
    if how == "group":
        steps = [
            step
            for stretch in _parts(order, size * GROUPED)
            for step in _parts(sorted(stretch, key=lambda row: -lengths[row]), size)
        ]
        chance.shuffle(steps)
        return steps
    packed = _pack(order, lengths, max_length)
    chance.shuffle(packed)
    return [[row for sequence in step for row in sequence] for step in _parts(packed, size)]


def sequences(step: Sequence[int], lengths: Sequence[int], max_length: int) -> list[list[int]]:
    """The rows of a packed step, sequence by sequence: at most `size` of them, none over `max_length` tokens.

    A row goes on in the same sequence while there is room: no cut of rows in this order needs fewer sequences.
    """
    found: list[list[int]] = []
    room = 0
    for row in step:
        if not found or lengths[row] > room:
            found.append([])
            room = max_length
        found[-1].append(row)
        room -= lengths[row]
    return found


def _parts(items: Sequence[_Item], size: int) -> list[list[_Item]]:
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def _pack(order: Sequence[int], lengths: Sequence[int], max_length: int) -> list[list[int]]:
    """Rows by sequence. Sequences with the same room wait in one stack; which stacks hold any is one number's bits."""
    longest = max((lengths[row] for row in order), default=0)
    if longest > max_length:
        raise InvalidInput(f"A row has {longest:,} tokens, more than max_length, {max_length:,}.", "max_length")
    waiting: list[list[list[int]]] = [[] for _ in range(max_length + 1)]
    rooms = 0
    packed: list[list[int]] = []
    for row in sorted(order, key=lambda row: -lengths[row]):
        fitting = rooms >> lengths[row]
        if fitting:
            room = lengths[row] + (fitting & -fitting).bit_length() - 1
            sequence = waiting[room].pop()
            rooms ^= 0 if waiting[room] else 1 << room
        else:
            room, sequence = max_length, []
            packed.append(sequence)
        sequence.append(row)
        room -= lengths[row]
        if room:
            waiting[room].append(sequence)
            rooms |= 1 << room
    return packed
