"""Which two contestants meet next, and who stands on which side.

The pair that has met least often, of equals a random one; sides by a coin. So every contestant meets every other, and
no habit of preferring one side favours anybody. Knows nothing of runs.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from core.errors import InvalidInput

LEAST = 2
MOST = 12


def next_pair(contestants: Sequence[str], met: Iterable[tuple[str, str]], chance: random.Random) -> tuple[int, int]:
    """Places of the two that meet next: left, right.

    Args:
        contestants: their identities, all different.
        met: the pairs of earlier votes, in any order; others than these contestants are ignored.
        chance: draws among equals, and the sides.

    Raises:
        InvalidInput: there are too few or too many, or two are the same.
    """
    check(contestants)
    places = {name: place for place, name in enumerate(contestants)}
    count: Counter[tuple[int, int]] = Counter()
    for one, other in met:
        if one in places and other in places and one != other:
            count[min(places[one], places[other]), max(places[one], places[other])] += 1
    pairs = list(combinations(range(len(contestants)), 2))
    least = min(count[pair] for pair in pairs)
    left, right = chance.choice([pair for pair in pairs if count[pair] == least])
    return (left, right) if chance.random() < 0.5 else (right, left)


def check(contestants: Sequence[str]) -> None:
    """Nothing, when they can meet.

    Raises:
        InvalidInput: there are too few or too many, or two are the same.
    """
    if not LEAST <= len(contestants) <= MOST:
        raise InvalidInput(f"There are {len(contestants)} contestants; the arena takes {LEAST} to {MOST}.", "variants")
    if len(set(contestants)) < len(contestants):
        raise InvalidInput("Two contestants have the same settings; change one, or remove it.", "variants")
