"""`loupe eval votes`: ratings from the votes of the arena, and the votes as preferences for training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.output import complain, print_json, print_table, shown


def command(
    topic: Annotated[str | None, typer.Option(help="Only votes on this topic.", show_default="all")] = None,
    export: Annotated[
        str | None,
        typer.Option(metavar="FILE.jsonl", help="Write preferences for DPO: prompt, chosen, rejected a line."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Rate contestants of the arena by its votes (Bradley–Terry, with 95 % intervals), and export preferences."""
    from core.errors import InvalidInput
    from core.evals.arena import ballots, preferences, ratings
    from core.evals.arena.export import as_json as counted
    from core.store import votes as store

    topics = store.topics()
    if topic is not None and topic not in topics:
        there = f"there are {', '.join(map(repr, topics))}" if topics else "nobody has voted yet"
        raise InvalidInput(f"No vote is on the topic {topic[:60]!r}; {there}.", "topic")
    counted_votes = list(ballots(topic))
    found, taken = ratings(counted_votes), preferences(counted_votes)
    if export is not None:
        path = Path(export).expanduser()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8") as stream:
                stream.writelines(taken.lines())
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InvalidInput(f"{export} cannot be written: {reason}.", "export") from None
    if as_json:
        rows = [
            {
                "name": each.name,
                "rating": each.rating,
                "ci95": [each.low, each.high],
                "votes": each.votes,
                "wins": each.wins,
                "losses": each.losses,
                "ties": each.ties,
                "both_bad": each.both_bad,
                "score": each.score,
            }
            for each in found.ratings
        ]
        print_json(
            {
                "votes": found.votes,
                "topic": topic,
                "topics": topics,
                "ratings": rows,
                "ahead": found.ahead,
                "sentence": found.sentence,
                "export": counted(taken) | {"file": export},
            }
        )
        return
    if found.ratings:
        print_table(
            ["contestant", "rating", "95 % interval", "votes", "won", "lost", "tied", "both bad"],
            [
                [
                    shown(each.name, 40),
                    f"{each.rating:.0f}",
                    f"{each.low:.0f} – {each.high:.0f}",
                    f"{each.votes:,}",
                    f"{each.wins:,}",
                    f"{each.losses:,}",
                    f"{each.ties - each.both_bad:,}",
                    f"{each.both_bad:,}",
                ]
                for each in found.ratings
            ],
        )
    complain(found.sentence if found.ratings else "Nobody has voted yet; the page Arena takes votes.")
    if export is not None:
        complain(f"{export}: {taken.sentence}")
