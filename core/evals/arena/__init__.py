"""The arena: blind pairs, votes, ratings with intervals, preferences for training.

    match = begin(question, topic, contestants)      two runs, whose is whose is not told
    vote(match.id, "left", voter=…)                  kept with both sides' settings; then names may be shown
    ratings(ballots())                               Bradley–Terry, with bootstrap intervals
    preferences(ballots())                           prompt, chosen, rejected, for DPO

Knows nothing of pages.
"""

from __future__ import annotations

from core.evals.arena.ballots import Ballot, Side, ballots
from core.evals.arena.export import Preferences, preferences
from core.evals.arena.matches import Match, begin, find, stop, vote
from core.evals.arena.ratings import Rating, Ratings, ratings

__all__ = [
    "Ballot",
    "Match",
    "Preferences",
    "Rating",
    "Ratings",
    "Side",
    "ballots",
    "begin",
    "find",
    "preferences",
    "ratings",
    "stop",
    "vote",
]
