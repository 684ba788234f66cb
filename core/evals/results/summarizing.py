"""An eval in figures: every variant with intervals, every pair with a paired test, and one plain sentence.

Knows nothing of single cells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.evals.results.headline import headline
from core.evals.results.ledger import Ledger, open_ledger
from core.evals.results.scores import VariantScore, scores
from core.statistics import Pair, compare

MOST_PAIRS = 1000
"""Beyond (46 variants), each variant is compared with the first one only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What an eval came to so far."""

    id: str
    name: str
    created_at: datetime
    job: str | None
    rows: int
    """Of the data set, broken ones included."""
    broken: int
    repeat: int
    expected: int
    """Cells there will be once it is done."""
    variants: tuple[VariantScore, ...]
    pairs: tuple[Pair, ...]
    """By the share that passed."""
    score_pairs: tuple[Pair, ...]
    """By mean score; empty where every score is 0 or 1, since it would say the same."""
    notes: tuple[str, ...]
    """What is worth knowing before the figures are read; untrusted, like all texts here."""
    sentence: str
    """What to tell others; names stand in it as they are written."""

    @property
    def calls(self) -> int:
        """Cells for which a call was made."""
        return sum(each.calls - each.cached for each in self.variants)

    @property
    def cached(self) -> int:
        """Cells whose output was there already."""
        return sum(each.cached for each in self.variants)

    @property
    def errors(self) -> int:
        """Cells without an answer."""
        return sum(each.errors for each in self.variants)

    @property
    def unjudged(self) -> int:
        """Cells with an answer and without a verdict on it."""
        return sum(each.unjudged for each in self.variants)

    @property
    def overridden(self) -> int:
        """Cells on which a person's word counts."""
        return sum(each.overridden for each in self.variants)

    @property
    def done(self) -> int:
        """Cells there are."""
        return sum(each.calls for each in self.variants)

    @property
    def names(self) -> list[str]:
        """Of the variants, by place."""
        return [each.name for each in self.variants]

    @property
    def leaderboard(self) -> list[VariantScore]:
        """Best share first; those without an answer last."""
        return sorted(self.variants, key=lambda each: (each.rank or len(self.variants) + 1, each.name))

    def as_json(self) -> dict[str, Any]:
        """Plain data: the document of `loupe eval run --json`.

        `difference` is a's score minus b's; `ci95` of it; `p` is of the pair alone, `p_holm` corrected for all pairs.
        """
        names = self.names
        by_score = {(each.a, each.b): each for each in self.score_pairs}
        return {
            "run": self.id,
            "name": self.name,
            "created_at": self.created_at.isoformat(),
            "rows": self.rows,
            "broken": self.broken,
            "repeat": self.repeat,
            "sentence": self.sentence,
            "notes": list(self.notes),
            "variants": [each.as_json() for each in self.variants],
            "pairs": [
                {
                    **_pair(each, names),
                    "sentence": each.sentence(names),
                    "mean_score": _pair(by_score[each.a, each.b]) if (each.a, each.b) in by_score else None,
                }
                for each in self.pairs
            ],
            "calls": self.calls,
            "cached": self.cached,
            "errors": self.errors,
            "unjudged": self.unjudged,
            "overridden": self.overridden,
        }


def summary(eval_id: str, *, metrics: bool = True, stale_s: float = 0.0) -> Summary:
    """What an eval came to so far.

    Args:
        eval_id: whose.
        metrics: with the figures of single assertions.
        stale_s: see `open_ledger`.

    Raises:
        NotFound: there is no such eval.
        StoreError: the database could not be read.
    """
    return summed(open_ledger(eval_id, stale_s=stale_s), metrics=metrics)


def summed(book: Ledger, *, metrics: bool = True) -> Summary:
    """The summary of a ledger."""
    name = f"summary {metrics}"
    if name not in book.memo:
        book.memo[name] = _summed(book, metrics)
    known: Summary = book.memo[name]
    return known


def _summed(book: Ledger, metrics: bool) -> Summary:
    found = scores(book, metrics=metrics)
    few = None if len(found) * (len(found) - 1) // 2 <= MOST_PAIRS else [(0, place) for place in range(1, len(found))]
    pairs = tuple(compare(book.by_row(book.figures.passed), pairs=few))
    score = book.figures.score
    graded = bool(((score != 0) & (score != 1)).any())
    found = _ranked(found, pairs)
    done = sum(each.calls for each in found)
    return Summary(
        id=book.record.id,
        name=book.record.name,
        created_at=book.record.created_at,
        job=book.record.job,
        rows=book.record.rows,
        broken=book.broken,
        repeat=book.repeat,
        expected=book.expected,
        notes=tuple(book.notes),
        variants=tuple(found),
        pairs=pairs,
        score_pairs=tuple(compare(book.by_row(score), pairs=few)) if graded else (),
        sentence=("" if done >= book.expected or not done else "So far: ") + headline(found, pairs),
    )


def _ranked(found: list[VariantScore], pairs: tuple[Pair, ...]) -> list[VariantScore]:
    """With ranks, and who is level with the first."""
    shares = [each.score for each in found]
    known = [share for share in shares if share is not None]
    if not known:
        return found
    first = shares.index(max(known))
    below = {pair.b if pair.a == first else pair.a for pair in pairs if pair.decisive and first in (pair.a, pair.b)}
    return [
        each if each.score is None else replace(each, rank=1 + sum(s > each.score for s in known), level=p not in below)
        for p, each in enumerate(found)
    ]


def _pair(pair: Pair, names: list[str] | None = None) -> dict[str, Any]:
    named = {"a": names[pair.a], "b": names[pair.b]} if names else {}
    return {
        **named,
        "difference": pair.difference,
        "ci95": list(pair.ci95),
        "p": pair.p,
        "p_holm": pair.p_holm,
        "decisive": pair.decisive,
        "n": pair.rows,
        "test": pair.test,
        "rows_to_settle": pair.rows_to_settle,
        "a_better": pair.a_better,
        "b_better": pair.b_better,
    }
