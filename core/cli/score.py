"""`loupe score`: scores outputs that already exist, from a file of rows.

Knows nothing of rules and metrics: it reads a file, shows how far it has come, and prints what
`core.evals.scorers` found.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.output import print_json, print_table, shown
from core.cli.progress import ProgressLine
from core.cli.row_files import open_rows
from core.evals.scorers import METRICS, RULES

if TYPE_CHECKING:
    from core.evals.scorers.report import Item, Report

SHOWN = 5
"""Items that were not right, listed for a person."""


def command(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE.jsonl", help="Rows to score, also gzipped; - reads stdin.", show_default=False),
    ],
    extract: Annotated[str, typer.Option(metavar="RULE", help="How the answer is found in an output, see below.")],
    metric: Annotated[str, typer.Option(metavar="METRIC", help="How it is compared with the target, see below.")],
    timeout: Annotated[float, typer.Option(help="Seconds that one program may run.")] = 6.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Score the outputs in FILE.jsonl: rows of "id", "output" and "target".

    "output" may be a list of samples, which vote; "target" may be a list, of which any one is right. With the rule
    program, "answer_name" is the Python expression that gives the answer and "prelude" is code to run before.
    """
    from core.evals.scorers.report import Report, score
    from core.evals.scorers.rows import read_rows

    report = Report(extract, metric)
    with ExitStack() as stack:
        lines = stack.enter_context(open_rows(file))
        progress = stack.enter_context(ProgressLine("rows"))
        items = score(read_rows(lines, lines.name), extract, metric, timeout_s=timeout)
        for item in stack.enter_context(closing(items)):  # closed, so that Ctrl-C leaves no program running
            report.add(item)
            progress.show(report.mean.n, lines.fraction(report.mean.n))
    if as_json:
        print_json(report.as_json())
    else:
        _print(report)


def _print(report: Report) -> None:
    low, high = report.mean.interval()
    graded = METRICS[report.metric].graded
    title = "mean" if graded else "accuracy"
    print(f"{title:<10} {_percent(report.mean.value)} %, 95 % interval {_percent(low)} to {_percent(high)} %")
    right = sum(item.correct == 1 for item in report.items)
    print(f"right      {right:,} of {report.mean.n:,}; no answer found in {report.no_answer:,}")
    print(f"rule       {shown(report.rule, 60)}: {RULES[report.rule.partition(':')[0]].what}")
    print(f"metric     {report.metric}: {METRICS[report.metric].what}")
    if report.engines:
        engines = ", ".join(f"{name} {count:,}" for name, count in sorted(report.engines.items()))
        print(f"programs   {engines}, in {report.seconds:.1f} s")
    wrong = [item for item in report.items if item.correct < 1]
    if not wrong:
        return
    print()
    print_table(["not right", "found", "right answer", "why"], [_row(item) for item in wrong[:SHOWN]])
    if len(wrong) > SHOWN:
        print(f"… and {len(wrong) - SHOWN:,} more; --json lists every item.")


def _row(item: Item) -> list[str]:
    found = "no answer" if item.extracted is None else shown(item.extracted)
    if item.votes is not None:
        found += f" ({item.votes} of {item.samples})"
    return [shown(str(item.id), 20), found, shown(item.target), shown(item.error or "", 60)]


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"


def _listing(title: str, entries: Iterable[tuple[str, str]]) -> str:
    """Names with their sentences, as help shows them; the mark keeps the lines as they are."""
    lines = [f"\b\n{title}"]
    for name, what in entries:
        lines += textwrap.wrap(
            f"{name:<16} {what}", 78, initial_indent="  ", subsequent_indent=" " * 19, break_on_hyphens=False
        )
    return "\n".join(lines)


command.__doc__ = "\n\n".join(
    [
        inspect.cleandoc(command.__doc__ or ""),
        _listing("Rules:", [(rule.usage, rule.what) for rule in RULES.values()]),
        _listing("Metrics:", [(metric.name, metric.what) for metric in METRICS.values()]),
    ]
)
