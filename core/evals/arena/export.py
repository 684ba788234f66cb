"""Votes as preferences for training by DPO: JSON Lines with prompt, chosen and rejected, as TRL reads them.

Each is a conversation (TRL's “conversational preference” format), so that the trainer applies the model's own chat
template. The prompt is what both sides were sent where that was the same chat, else the question. Ties, votes that both
are bad, and pairs of equal answers say nothing of which is better: they are left out and counted.

Source: TRL, “Dataset formats and types”. Knows nothing of training.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from core.evals.arena.ballots import Ballot, Side

Turns = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Preferences:
    """What votes say about answers."""

    rows: tuple[dict[str, Turns], ...]
    ties: int = 0
    both_bad: int = 0
    same: int = 0
    """Votes for one of two equal answers."""
    empty: int = 0
    """Votes for or against an answer without text."""

    @property
    def left_out(self) -> int:
        """Votes that are no preference."""
        return self.ties + self.both_bad + self.same + self.empty

    @property
    def sentence(self) -> str:
        """What was taken and what was left out."""
        parts = {"ties": self.ties, "both bad": self.both_bad, "equal answers": self.same, "empty answers": self.empty}
        out = ", ".join(f"{count:,} {name}" for name, count in parts.items() if count)
        count = f"{len(self.rows):,} {'preference' if len(self.rows) == 1 else 'preferences'}"
        return f"{count}; left out: {out}." if out else f"{count}."

    def lines(self) -> Iterator[str]:
        """One line of JSON for each."""
        for row in self.rows:
            yield json.dumps(row, ensure_ascii=False) + "\n"


def preferences(ballots: Iterable[Ballot]) -> Preferences:
    """The votes that say which answer is better, in the order in which they were given."""
    rows: list[dict[str, Turns]] = []
    out = {"ties": 0, "both_bad": 0, "same": 0, "empty": 0}
    for ballot in sorted(ballots, key=lambda each: each.id):
        chosen, rejected = ballot.winner, ballot.loser
        if chosen is None or rejected is None:
            out["both_bad" if ballot.outcome == "both-bad" else "ties"] += 1
        elif not chosen.text.strip() or not rejected.text.strip():
            out["empty"] += 1
        elif chosen.text.strip() == rejected.text.strip():
            out["same"] += 1
        else:
            rows.append(
                {
                    "prompt": _prompt(ballot, chosen, rejected),
                    "chosen": _answer(chosen),
                    "rejected": _answer(rejected),
                }
            )
    return Preferences(tuple(rows), **out)


def _prompt(ballot: Ballot, chosen: Side, rejected: Side) -> Turns:
    if chosen.messages and chosen.messages == rejected.messages:
        return [dict(each) for each in chosen.messages]
    return [{"role": "user", "content": ballot.question}]


def _answer(side: Side) -> Turns:
    return [{"role": "assistant", "content": side.text}]


def as_json(found: Preferences) -> dict[str, Any]:
    """How many there are, and what was left out."""
    counts = {"ties": found.ties, "both_bad": found.both_bad, "same": found.same, "empty": found.empty}
    return {"preferences": len(found.rows), "left_out": counts}
