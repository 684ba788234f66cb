"""The figures of the HTML report: leaderboard with interval bars as inline SVG, pairs, single assertions.

Knows nothing of rows and cells.
"""

from __future__ import annotations

from core.evals.report.escaping import bdi, text
from core.evals.results.scores import Interval, VariantScore
from core.evals.results.summarizing import Summary
from core.statistics import Pair

WIDTH, HEIGHT = 220, 18
COLUMNS = ("Errors", "Tokens", "s per answer", "Cost")
PAIR_COLUMNS = ["A", "B", "A − B, points", "95 %", "p", "p, corrected", "Verdict"]


def board(found: Summary) -> str:
    """The leaderboard, best first."""
    graded = any(each.mean_score not in (None, each.score) for each in found.variants)
    silent = found.unjudged > 0
    lines = "".join(_line(each, graded, silent) for each in found.leaderboard)
    note = "A bar is the share of answers that passed; the line on it is its 95 % interval."
    if found.repeat > 1:
        note += " Rows that were asked several times count once."
    heads = ["Variant", "Passed", "", *(["Mean score"] if graded else []), "Answers"]
    heads += [*(["No verdict"] if silent else []), *COLUMNS]
    return (
        f'<h2>Leaderboard</h2>\n<div class="wide"><table>{_heads(["", *heads])}<tbody>\n{lines}</tbody></table></div>\n'
        f'<p class="about">{note}</p>\n'
    )


def _heads(names: list[str]) -> str:
    cells = (f'<th scope="col">{bdi(name)}</th>' if name else "<th></th>" for name in names)
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def _line(each: VariantScore, mean: bool, silent: bool) -> str:
    share = "–" if each.score is None else f"{100 * each.score:.1f} %"
    low, high = each.ci95
    interval = "" if each.score is None else f' <span class="ci">{100 * low:.1f} – {100 * high:.1f}</span>'
    graded = "–" if each.mean_score is None else f"{each.mean_score:.3f}"
    seconds = "–" if not each.answers else f"{each.seconds / each.answers:.2f}"
    cost = "–" if each.cost is None else f"${each.cost:.4f}"
    return (
        f'<tr><td class="number">{each.rank or "–"}</td><td>{bdi(each.name)}</td>'
        f'<td class="number">{share}{interval}</td><td>{bar(each.score, each.ci95, each.name)}</td>'
        + (f'<td class="number">{graded}</td>' if mean else "")
        + f'<td class="number">{each.answers:,}</td>'
        + (f'<td class="number">{each.unjudged:,}</td>' if silent else "")
        + f'<td class="number">{each.errors:,}</td>'
        f'<td class="number">{each.tokens:,}</td><td class="number">{seconds}</td><td class="number">{cost}</td></tr>\n'
    )


def bar(share: float | None, ci95: Interval, name: str) -> str:
    """A bar from 0 to 1 with its interval as a line with ends."""
    if share is None:
        return ""
    low, high, middle = ci95[0] * WIDTH, ci95[1] * WIDTH, HEIGHT / 2
    label = text(f"{name}: {share:.3f}, 95 % {ci95[0]:.3f} to {ci95[1]:.3f}")
    ends = "".join(
        f'<line class="ci" x1="{x:.1f}" x2="{x:.1f}" y1="{middle - 4}" y2="{middle + 4}"/>' for x in (low, high)
    )
    return (
        f'<svg role="img" aria-label="{label}" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>'
        f'<rect class="bar" width="{share * WIDTH:.1f}" height="{HEIGHT}"/>'
        f'<line class="ci" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>{ends}</svg>'
    )


def pairs(found: Summary) -> str:
    """Every pair with its verdict; empty with fewer than two variants."""
    if not found.pairs:
        return ""
    lines = "".join(_pair(each, found.names) for each in found.pairs)
    return (
        f'<h2>Pairs</h2>\n<div class="wide"><table>{_heads(PAIR_COLUMNS)}<tbody>\n{lines}</tbody></table></div>\n'
        '<p class="about">Paired by row: McNemar’s exact test of pass and fail, a sign-flip test of shares; p '
        "corrected for all pairs by Holm. Decisive: corrected p below 5 % on at least 15 rows.</p>\n"
    )


def _pair(pair: Pair, names: list[str]) -> str:
    return (
        f"<tr><td>{bdi(names[pair.a])}</td><td>{bdi(names[pair.b])}</td>"
        f'<td class="number">{100 * pair.difference:+.1f}</td>'
        f'<td class="number">{100 * pair.ci95[0]:+.1f} to {100 * pair.ci95[1]:+.1f}</td>'
        f'<td class="number">{_p(pair.p)}</td><td class="number">{_p(pair.p_holm)}</td>'
        f"<td>{bdi(pair.sentence(names))}</td></tr>\n"
    )


def _p(value: float) -> str:
    return "&lt; 0.001" if value < 0.001 else f"{value:.3f}"


def metrics(found: Summary) -> str:
    """Single assertions by variant; empty where there is at most one."""
    names = list(dict.fromkeys(each.name for variant in found.variants for each in variant.metrics))
    if len(names) < 2:
        return ""
    lines = []
    for variant in found.variants:
        by_name = {each.name: each for each in variant.metrics}
        cells = "".join(
            f'<td class="number">{by_name[name].mean:.3f} <span class="ci">{by_name[name].ci95[0]:.3f} – '
            f"{by_name[name].ci95[1]:.3f}</span></td>"
            if name in by_name
            else "<td>–</td>"
            for name in names
        )
        lines.append(f"<tr><td>{bdi(variant.name)}</td>{cells}</tr>\n")
    return (
        f'<h2>Assertions</h2>\n<div class="wide"><table>{_heads(["Variant", *names])}'
        f"<tbody>\n{''.join(lines)}</tbody></table></div>\n"
        '<p class="about">Mean score with its 95 % interval.</p>\n'
    )
