"""The ratings as a table with a point and its 95 % interval on one scale for all, and the counts beside them.

A component of our own, as the leaderboard of results is: nothing heavy is loaded. All text reaches the browser as data
and is put on the page with `textContent`. Knows nothing of how ratings are computed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from core.evals.arena import Ratings

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "loupe_ratings",
    html='<div class="frame"><table><thead></thead><tbody></tbody></table></div>\n',
    css=(_HERE / "ratings_board.css").read_text("utf-8"),
    js=(_HERE / "ratings_board.js").read_text("utf-8"),
)
_HEADS = ("Votes", "Won", "Lost", "Tied", "Both bad", "Score")


def ratings_board(found: Ratings, about: Mapping[str, str]) -> None:
    """Draw it, best first.

    Args:
        found: the ratings.
        about: everything that is set, by contestant.
    """
    low, high = _scale(found)
    _COMPONENT(
        key="arena_board",
        data={
            "label": "Contestants, best first: rating with its 95 % interval, and their votes",
            "heads": _HEADS,
            "low": low,
            "high": high,
            # tuples: for anything else Streamlit imports pandas to see whether it is a data frame
            "rows": tuple(
                {
                    "rank": str(place),
                    "name": each.name,
                    "about": about.get(each.contestant, ""),
                    "rating": each.rating,
                    "ci": (each.low, each.high),
                    "figures": (
                        f"{each.votes:,}",
                        f"{each.wins:,}",
                        f"{each.losses:,}",
                        f"{each.ties - each.both_bad:,}",
                        f"{each.both_bad:,}",
                        f"{100 * each.score:.0f} %",
                    ),
                }
                for place, each in enumerate(found.ratings, 1)
            ),
        },
    )


def _scale(found: Ratings) -> tuple[float, float]:
    """Ends of the axis, in whole hundreds, with room on either side."""
    low = min((each.low for each in found.ratings), default=900)
    high = max((each.high for each in found.ratings), default=1100)
    return 100.0 * math.floor((low - 10) / 100), 100.0 * math.ceil((high + 10) / 100)
