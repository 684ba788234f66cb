"""Rows that are held out: drawn by a seed, and from every label its share.

Knows nothing of tokens or training.
"""

from __future__ import annotations

import random
from dataclasses import replace

from core.errors import InvalidInput
from core.tuning.data.rows import Rows


def split(rows: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    """Rows to train on and rows held out, both in the file's order; the same for the same seed.

    Args:
        rows: at least two.
        share: of the rows that are held out, between 0 and 1; of every label as near to it as whole rows allow, and
            never all of a label's rows.
        seed: draws them.

    Raises:
        InvalidInput: the share is no number between 0 and 1, or one of the two would be empty.
    """
    if not 0 < share < 1:
        raise InvalidInput(f"The held-out share is {share:g}; it must be between 0 and 1, such as 0.1.", "held_out")
    total = len(rows.examples)
    wanted = min(max(1, round(total * share)), total - 1)
    if total < 2:
        raise InvalidInput(
            f"There {'is 1 row' if total == 1 else 'are no rows'}; holding rows out needs at least two.", "held_out"
        )
    chance = random.Random(f"held out {seed}")
    groups: dict[str | None, list[int]] = {}
    for place, example in enumerate(rows.examples):
        groups.setdefault(example.label, []).append(place)
    most = {label: len(places) - 1 if rows.labels else len(places) for label, places in groups.items()}
    quota = {label: min(int(len(places) * share), most[label]) for label, places in groups.items()}
    # What whole rows leave over goes to the labels that are furthest below their share.
    order = sorted(groups, key=lambda label: (quota[label] - len(groups[label]) * share, chance.random()))
    lacking = wanted - sum(quota.values())
    for label in order:
        if lacking > 0 and quota[label] < most[label]:
            quota[label] += 1
            lacking -= 1
    held = {place for label, places in groups.items() for place in chance.sample(places, quota[label])}
    if not held:
        raise InvalidInput(
            f"No row can be held out: each of the {len(groups):,} labels has a single row; give a held-out file.",
            "held_out",
        )
    return (
        replace(rows, examples=tuple(each for place, each in enumerate(rows.examples) if place not in held)),
        replace(rows, examples=tuple(each for place, each in enumerate(rows.examples) if place in held)),
    )
