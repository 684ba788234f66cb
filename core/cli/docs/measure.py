"""`loupe docs measure`: how well a collection is searched, against questions with known answers.

Knows nothing of how it is measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.docs.search import retrieval_settings
from core.cli.output import complain, print_json, print_table
from core.cli.progress import ProgressLine
from core.documents.settings import MODES
from core.errors import InvalidInput

if TYPE_CHECKING:
    from core.documents.measuring import Measured, SpansMeasured


def command(
    collection: Annotated[str | None, typer.Option(help="Name of the collection.", show_default=False)] = None,
    queries: Annotated[
        str | None, typer.Option(metavar="FILE.jsonl", help='Questions: {"_id", "text"} a line.', show_default=False)
    ] = None,
    qrels: Annotated[
        str | None,
        typer.Option(metavar="FILE.tsv", help="Question, document, relevance; tabs between.", show_default=False),
    ] = None,
    spans: Annotated[
        str | None,
        typer.Option(metavar="FILE.jsonl", help='Instead of --qrels: {"_id", "doc", "spans"} a line, in characters.'),
    ] = None,
    mode: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(MODES)} or all; repeatable, then a list.", show_default="hybrid"),
    ] = None,
    k: Annotated[
        str | None, typer.Option("--k", help="Documents that count (chunks, with --spans).", show_default="10")
    ] = None,
    rerank: Annotated[str | None, typer.Option(help="Reference of a CrossEncoder that reorders candidates.")] = None,
    where: Annotated[str | None, typer.Option(help="Conditions as JSON.", metavar="JSON")] = None,
    threshold: Annotated[str | None, typer.Option(help="Least cosine with the question.", metavar="X")] = None,
    candidates: Annotated[
        str | None, typer.Option(help="Passages each list brings.", metavar="N", show_default="50")
    ] = None,
    fusion: Annotated[str | None, typer.Option(help="Hybrid: scores or rrf.", show_default="scores")] = None,
    weight: Annotated[
        str | None, typer.Option(help="Hybrid: share of the similarity list.", metavar="X", show_default="0.6")
    ] = None,
    rrf_k: Annotated[
        str | None, typer.Option(help="Hybrid by rrf: its constant.", metavar="N", show_default="60")
    ] = None,
    mmr_lambda: Annotated[str | None, typer.Option(help="MMR.", metavar="X", show_default="0.5")] = None,
    rewrite: Annotated[str | None, typer.Option(help="multi-query or hyde.", show_default="none")] = None,
    model: Annotated[str | None, typer.Option(help="The model that rewrites.", show_default="smollm2")] = None,
    items: Annotated[bool, typer.Option("--items", help="With --json: every question and what it found.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Measure retrieval: nDCG, MRR, recall and hit at k with 95 % intervals, and milliseconds a query."""
    from core.documents.measuring import measure, measure_spans, read, read_spans
    from core.documents.measuring.question_sets import read_queries

    if not collection:
        raise InvalidInput("No collection is named; add --collection NAME.", "collection")
    if not queries or not (qrels or spans):
        raise InvalidInput("Questions are missing; add --queries FILE.jsonl and --qrels FILE.tsv.", "queries")
    modes = _modes(mode or ["hybrid"])
    count = _count(k)
    shared = {
        "rerank": rerank,
        "where": where,
        "threshold": threshold,
        "candidates": candidates,
        "fusion": fusion,
        "weight": weight,
        "rrf_k": rrf_k,
        "mmr_lambda": mmr_lambda,
        "rewrite": rewrite,
        "model": model,
    }
    wanted = [retrieval_settings(mode=each, k=str(count), **shared) for each in modes]
    found: list[Any] = []
    if spans:
        texts, answers = dict(read_queries(queries)), read_spans(spans)
        for settings in wanted:
            with ProgressLine("questions") as line:
                found.append(measure_spans(collection, texts, answers, settings, progress=_shower(line)))
    else:
        questions = read(queries, str(qrels))
        vectors: dict[str, Any] = {}
        for settings in wanted:
            with ProgressLine("questions") as line:
                found.append(measure(collection, questions, settings, count, progress=_shower(line), vectors=vectors))
    if as_json:
        documents = [each.as_json() if spans else each.as_json(items=items) for each in found]
        print_json(documents if len(modes) > 1 else documents[0])
    elif spans:
        _print_spans(found)
    else:
        _print(found)


def _modes(given: list[str]) -> list[str]:
    """The modes asked for, each once; "all" is every one."""
    return list(dict.fromkeys(mode for each in given for mode in (MODES if each == "all" else [each])))


def _count(text: str | None) -> int:
    if text is None:
        return 10
    try:
        return int(text)
    except ValueError:
        raise InvalidInput(f"--k is {text[:40]!r}: write a whole number.", "k") from None


def _shower(line: ProgressLine) -> Any:
    return lambda done, total: line.show(done, done / total)


def _print(found: list[Measured]) -> None:
    names = list(found[0].means)
    rows = [
        [each.settings.mode]
        + [_with_interval(each.means[name], each.ci95[name]) for name in names]
        + [f"{each.ms_per_query:.1f} ms"]
        for each in found
    ]
    print_table(["mode", *names, "a query"], rows)
    complain(f"{len(found[0].items):,} questions; 95 % bootstrap intervals in brackets")
    for note in found[0].notes:
        complain(note)


def _print_spans(found: list[SpansMeasured]) -> None:
    names = list(found[0].means)
    rows = [
        [each.settings.mode] + [_with_interval(each.means[name], each.ci95[name]) for name in names] for each in found
    ]
    print_table(["mode", *(f"span {name}" for name in names)], rows)
    complain(f"{len(found[0].items):,} questions, the first {found[0].settings.k} chunks of each")


def _with_interval(value: float, bounds: tuple[float, float]) -> str:
    return f"{value:.4f} [{bounds[0]:.4f}, {bounds[1]:.4f}]"
