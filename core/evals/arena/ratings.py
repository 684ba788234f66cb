"""Bradley–Terry ratings of contestants from pairwise votes, with bootstrap intervals.

The chance that i is preferred to j is s_i / (s_i + s_j). Strengths are those under which the votes are most likely,
found by Newton's method; a tie, and a vote that both are bad, is half a win for each, since neither says who is better.
Every contestant also has one imagined tie against an average opponent, so that one who has won every vote has a large
rating and not an infinite one; `prior=0` leaves it out. Ratings are on Elo's scale: 400 points are odds of ten to one,
and their mean is 1000.

Intervals are the middle 95 % of ratings of votes drawn anew with replacement, seeded, so that the same votes give the
same interval. What is drawn from also holds half a vote each way for every pair that has met: ten wins out of ten do
not exclude that the eleventh is lost, which drawing from those ten alone would say.

Source: Bradley and Terry 1952; Hunter 2004, “MM algorithms for generalized Bradley–Terry models”; Chiang et al. 2024,
“Chatbot Arena”. Knows nothing of where votes come from.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.evals.arena.ballots import Ballot

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 1000
SEED = 0
PRIOR = 1.0
MEAN, SCALE = 1000.0, 400 / math.log(10)
UNSEEN = 0.5
"""Votes for either side of a pair that samples are drawn from beside those that were cast (Jeffreys' prior)."""
LEAST = 10
"""Votes below which nothing is said about a contestant."""
_STEPS, _ENOUGH = 60, 1e-10
_LARGEST = 30.0
"""Of a log strength: odds of 10^13, which no number of votes tells from more."""


@dataclass(frozen=True, slots=True)
class Rating:
    """One contestant."""

    contestant: str
    """See `core.evals.arena.ballots.identity`."""
    name: str
    """As it was called last."""
    rating: float
    low: float
    high: float
    votes: int
    wins: int
    losses: int
    ties: int
    """Both-bad ones among them."""
    both_bad: int

    @property
    def score(self) -> float:
        """Share of its votes that it won, ties as halves."""
        return (self.wins + self.ties / 2) / self.votes if self.votes else 0.5


@dataclass(frozen=True, slots=True)
class Ratings:
    """All contestants, the best first."""

    ratings: tuple[Rating, ...]
    votes: int
    ahead: float | None
    """In what share of the samples the first is ahead of the second; `None` with fewer than two."""
    sentence: str
    """Whether there is a winner, for a person."""


def ratings(
    ballots: Iterable[Ballot], *, resamples: int = RESAMPLES, seed: int = SEED, prior: float = PRIOR
) -> Ratings:
    """Ratings of everybody who stands in the votes.

    Args:
        ballots: votes, the latest first: the latest name counts.
        resamples: samples for the intervals.
        seed: of the samples.
        prior: imagined ties of each contestant against an average opponent; 0 for none.
    """
    counted = list(ballots)
    names: dict[str, str] = {}
    for each in counted:
        for side in (each.left, each.right):
            names.setdefault(side.contestant, side.variant.name)
    order = list(names)
    if not order:
        return Ratings((), 0, None, "No votes yet.")
    places = {name: place for place, name in enumerate(order)}
    games = [(places[each.left.contestant], places[each.right.contestant], each.outcome) for each in counted]
    found, samples = _strengths(games, len(order), resamples, seed, prior)
    lows, highs = _interval(samples)
    titles = _titles(names)
    tally = _tally(games)
    rows = [
        Rating(
            contestant=name,
            name=titles[name],
            rating=MEAN + SCALE * float(found[place]),
            low=MEAN + SCALE * float(lows[place]),
            high=MEAN + SCALE * float(highs[place]),
            votes=sum(tally[place, word] for word in ("win", "loss", "tie", "bad")),
            wins=tally[place, "win"],
            losses=tally[place, "loss"],
            ties=tally[place, "tie"] + tally[place, "bad"],
            both_bad=tally[place, "bad"],
        )
        for place, name in enumerate(order)
    ]
    rows.sort(key=lambda each: (-each.rating, each.name))
    ahead = _ahead(rows, places, samples)
    said = _sentence(rows, ahead, found, samples, places, len(counted))
    return Ratings(tuple(rows), len(counted), ahead, said)


def bradley_terry(wins: Any, prior: float = PRIOR) -> Any:
    """Log strengths, their mean 0, of one table of wins or of many at once.

    Args:
        wins: (…, n, n) array; `[i, j]` is how often i was preferred to j, ties as halves.
        prior: imagined ties of each against an average opponent.

    Returns:
        (…, n) array; without a prior, of tables that do not connect all contestants, numbers without a meaning.
    """
    import numpy as np

    games = wins + np.swapaxes(wins, -1, -2)
    won = wins.sum(axis=-1) + prior / 2
    strength = np.zeros(won.shape)
    size = won.shape[-1]
    level = np.full((size, size), 1e-9)  # the mean is free: this fixes it at 0
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(np.clip(strength[..., None, :] - strength[..., :, None], -_LARGEST, _LARGEST)))
        against = 1 / (1 + np.exp(np.clip(-strength, -_LARGEST, _LARGEST)))  # the average opponent
        slope = won - (games * chance).sum(axis=-1) - prior * against
        curve = games * chance * (1 - chance)
        bent = -curve
        spot = np.arange(size)
        bent[..., spot, spot] += curve.sum(axis=-1) + prior * against * (1 - against) + 1e-12
        step = np.linalg.solve(bent + level, slope[..., None])[..., 0]
        strength = np.clip(strength + np.clip(step, -2, 2), -_LARGEST, _LARGEST)
        strength = strength - strength.mean(axis=-1, keepdims=True) if prior == 0 else strength
        if np.abs(step).max() < _ENOUGH:
            break
    return strength - strength.mean(axis=-1, keepdims=True)


def _strengths(
    games: Sequence[tuple[int, int, str]], size: int, resamples: int, seed: int, prior: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Log strengths of the votes, and of every sample of them: (n,) and (resamples, n)."""
    import numpy as np

    cells: Counter[tuple[int, int, float]] = Counter()
    for left, right, outcome in games:
        share = {"left": 1.0, "right": 0.0}.get(outcome, 0.5)
        cells[(left, right, share) if left < right else (right, left, 1 - share)] += 1
    for one, other in {(one, other) for one, other, _ in cells}:
        cells[one, other, 1.0] += 0
        cells[one, other, 0.0] += 0
    kinds = sorted(cells)
    counts = np.array([cells[kind] for kind in kinds], dtype=np.float64)
    likely = counts + [UNSEEN if share != 0.5 else 0 for _, _, share in kinds]
    drawn = np.random.default_rng(seed).multinomial(int(counts.sum()), likely / likely.sum(), resamples)
    weights = np.vstack([counts, drawn])
    wins = np.zeros((len(weights), size, size))
    for column, (one, other, share) in enumerate(kinds):
        wins[:, one, other] += share * weights[:, column]
        wins[:, other, one] += (1 - share) * weights[:, column]
    found = bradley_terry(wins, prior)
    return found[0], found[1:]


def _interval(samples: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    import numpy as np

    low, high = np.percentile(samples, [2.5, 97.5], axis=0)
    return low, high


def _tally(games: Sequence[tuple[int, int, str]]) -> Counter[tuple[int, str]]:
    tally: Counter[tuple[int, str]] = Counter()
    words = {"left": ("win", "loss"), "right": ("loss", "win"), "tie": ("tie", "tie"), "both-bad": ("bad", "bad")}
    for left, right, outcome in games:
        for place, word in zip((left, right), words[outcome], strict=True):
            tally[place, word] += 1
    return tally


def _titles(names: dict[str, str]) -> dict[str, str]:
    """A name for each contestant; those that share one get a number."""
    count, seen, titles = Counter(names.values()), Counter[str](), {}
    for contestant, name in names.items():
        seen[name] += 1
        titles[contestant] = name if count[name] == 1 else f"{name} ({seen[name]})"
    return titles


def _ahead(rows: Sequence[Rating], places: dict[str, int], samples: NDArray[Any]) -> float | None:
    if len(rows) < 2:
        return None
    first, second = (samples[:, places[each.contestant]] for each in rows[:2])
    return float(((first > second) + 0.5 * (first == second)).mean())


def _sentence(
    rows: Sequence[Rating],
    ahead: float | None,
    found: NDArray[Any],
    samples: NDArray[Any],
    places: dict[str, int],
    votes: int,
) -> str:
    if ahead is None:
        return "Only one contestant has votes."
    first, second = rows[0], rows[1]
    if min(first.votes, second.votes) < LEAST:
        return f"Too few votes to say who is better: {first.name} and {second.name} need {LEAST} each at least."
    if ahead >= 0.975:
        return f"{first.name} is ahead of {second.name} in {ahead:.1%} of the samples: decisive."
    gap = found[places[first.contestant]] - found[places[second.contestant]]
    spread = float((samples[:, places[first.contestant]] - samples[:, places[second.contestant]]).std())
    said = f"Not decisive: {first.name} is ahead of {second.name} in {ahead:.0%} of the samples"
    if gap <= 0 or spread <= 0:
        return f"{said}."
    more = math.ceil(votes * (1.96 * spread / gap) ** 2) - votes
    if more > 20 * max(votes, 50):
        return f"{said}, and they are too close for votes to settle it."
    return f"{said}; about {max(more, 1):,} more votes would settle it if they go on as they went."
