"""One plain sentence on a whole eval. Knows nothing of how its figures came about."""

from __future__ import annotations

from collections.abc import Sequence

from core.evals.results.scores import VariantScore
from core.statistics import MIN_ROWS, Pair
from core.statistics.verdict import number, round_up

NAMED = 3
"""More names than these are counted instead."""


def headline(variants: Sequence[VariantScore], pairs: Sequence[Pair]) -> str:
    """What to tell others; names stand in it as they are written.

    Two variants: the verdict of their pair. More: who leads, whom it is decisively better than, and how many rows more
    would settle the nearest open one. One: its share with the interval.
    """
    answered = [place for place, each in enumerate(variants) if each.score is not None]
    if not answered:
        return "There is no answer yet."
    names = [each.name for each in variants]
    if len(answered) == 1:
        return _alone(variants[answered[0]])
    first = max(answered, key=lambda place: (variants[place].score or 0.0, -place))
    if len(answered) == 2:
        return next((each.sentence(names) for each in pairs if {each.a, each.b} == set(answered)), "")
    against = [each for each in pairs if first in (each.a, each.b) and each.rows]
    few = [each for each in against if each.rows < MIN_ROWS]
    share = number(variants[first].score or 0.0)
    if few:
        rows = min(each.rows for each in few)
        counted = f"{rows} row{'' if rows == 1 else 's'}"
        return f"{names[first]} passed most, {share} %, on {counted}; fewer than {MIN_ROWS} rows: no statistics."
    beaten = [_other(each, first) for each in against if each.decisive]
    open_ = [each for each in against if not each.decisive]
    lead = f"{names[first]} leads with {share} %"
    if not open_:
        return f"{lead} and is better than {_all(len(beaten))}; decisive."
    level = _listed([names[_other(each, first)] for each in open_])
    settling = [(each.rows_to_settle, each) for each in open_ if each.rows_to_settle is not None]
    if len(settling) < len(open_):
        outlook = "more rows would hardly settle all of it"
    else:
        rows = round_up(max(rows for rows, _ in settling))
        outlook = f"about {rows:,} row{'' if rows == 1 else 's'} more would settle it"
    if not beaten:
        return f"{lead}, but is not decisively better than any other: {outlook}."
    return f"{lead}: decisively better than {_listed([names[each] for each in beaten])}, not than {level}: {outlook}."


def _alone(only: VariantScore) -> str:
    low, high = number(only.ci95[0]), number(only.ci95[1])
    answers = f"{only.n:,} answer{'' if only.n == 1 else 's'}"
    return f"{only.name} passed {number(only.score or 0.0)} % of {answers} (95 % {low} to {high})."


def _other(pair: Pair, first: int) -> int:
    return pair.b if pair.a == first else pair.a


def _all(others: int) -> str:
    return "both others" if others == 2 else f"all {others} others"


def _listed(names: list[str]) -> str:
    if len(names) > NAMED:
        return f"{len(names)} others"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
