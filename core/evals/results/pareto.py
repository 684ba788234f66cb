"""Which variants are worth their cost: those that nothing at least as cheap is better than.

Knows nothing of what cost and score are.
"""

from __future__ import annotations

from collections.abc import Sequence


def pareto_line(points: Sequence[tuple[float, float]]) -> list[int]:
    """Places of the points on the line, cheapest first.

    A point is on it when no other costs at most as much and scores at least as high, one of the two strictly. Of equal
    points all are on it.

    Args:
        points: cost, less is better, and score, more is better.
    """
    order = sorted(range(len(points)), key=lambda place: (points[place][0], -points[place][1]))
    line: list[int] = []
    for place in order:
        if not line or points[place][1] > points[line[-1]][1] or points[place] == points[line[-1]]:
            line.append(place)
    return line
