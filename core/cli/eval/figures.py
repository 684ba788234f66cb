"""What an eval came to, as a table in a terminal. Knows nothing of how it is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.cli.output import print_table, print_text, shown

if TYPE_CHECKING:
    from core.evals.results import Summary


def print_figures(found: Summary, failed: int) -> None:
    """Every variant with its interval, and one plain sentence."""
    priced = any(each.cost is not None for each in found.variants)
    graded = any(each.mean_score != each.score for each in found.variants)
    silent = ["no verdict"] if found.unjudged else []
    header = ["variant", "n", "passed", *(["score"] if graded else []), *silent, "errors", "tokens", "seconds"]
    rows = []
    for each in found.variants:
        row = [shown(each.name, 40), f"{each.n:,}", _share(each.score, each.ci95)]
        row += [_share(each.mean_score, each.mean_ci95)] if graded else []
        row += [f"{each.unjudged:,}"] if silent else []
        row += [f"{each.errors:,}", f"{each.tokens:,}", f"{each.seconds:,.1f}"]
        row += [f"${each.cost:.4f}" if each.cost is not None else ""] if priced else []
        rows.append(row)
    print_table([*header, *(["cost"] if priced else [])], rows)
    print_text(found.sentence)


def _share(value: float | None, bounds: tuple[float, float] | list[float]) -> str:
    if value is None:
        return "none"
    return f"{100 * value:.1f} % [{100 * bounds[0]:.1f}, {100 * bounds[1]:.1f}]"
