"""`loupe docs search`: the passages of a collection that match a question. Knows nothing of how they are found."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.messages import read_prompt
from core.cli.output import complain, print_json, print_text, shown
from core.documents.settings import MODES
from core.errors import InvalidInput

if TYPE_CHECKING:
    from core.documents.hit import Hit
    from core.documents.retrieval import SearchResult
    from core.documents.settings import RetrievalSettings

EXCERPT = 400
"""Characters of a passage shown to a person; --json has all of it."""


def command(
    query: Annotated[str | None, typer.Argument(help="What to look for; - reads stdin.", show_default=False)] = None,
    collection: Annotated[str | None, typer.Option(help="Name of the collection.", show_default=False)] = None,
    mode: Annotated[str | None, typer.Option(help=f"{', '.join(MODES)}.", show_default="hybrid")] = None,
    k: Annotated[str | None, typer.Option("--k", help="Passages to return.", metavar="N", show_default="5")] = None,
    rerank: Annotated[str | None, typer.Option(help="Reference of a CrossEncoder that reorders candidates.")] = None,
    where: Annotated[
        str | None, typer.Option(help='Conditions as JSON: {"source": "a.pdf"}, {"page": {"$gte": 3}}.', metavar="JSON")
    ] = None,
    threshold: Annotated[
        str | None, typer.Option(help="Least cosine of a passage with the question, −1 to 1.", metavar="X")
    ] = None,
    candidates: Annotated[
        str | None,
        typer.Option(help="Passages each list brings before fusion, MMR or reranking.", metavar="N", show_default="50"),
    ] = None,
    fusion: Annotated[
        str | None, typer.Option(help="Hybrid: scores, or rrf for reciprocal ranks.", show_default="scores")
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(help="Hybrid: share of the similarity list, 0 to 1.", metavar="X", show_default="0.6"),
    ] = None,
    rrf_k: Annotated[
        str | None, typer.Option(help="Hybrid by rrf: its constant.", metavar="N", show_default="60")
    ] = None,
    mmr_lambda: Annotated[
        str | None,
        typer.Option(help="MMR: 1 the question only, 0 variety only.", metavar="X", show_default="0.5"),
    ] = None,
    rewrite: Annotated[
        str | None, typer.Option(help="Let a model rewrite the question: multi-query or hyde.", show_default="none")
    ] = None,
    queries: Annotated[
        str | None, typer.Option(help="Multi-query: further wordings.", metavar="N", show_default="3")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model that rewrites.", show_default="smollm2")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Search a collection for QUERY and print the passages, best first, with their places in the documents."""
    from core.documents.retrieval import search

    if not collection:
        raise InvalidInput("No collection is named; add --collection NAME.", "collection")
    settings = retrieval_settings(
        mode=mode,
        k=k,
        rerank=rerank,
        where=where,
        threshold=threshold,
        candidates=candidates,
        fusion=fusion,
        weight=weight,
        rrf_k=rrf_k,
        mmr_lambda=mmr_lambda,
        rewrite=rewrite,
        queries=queries,
        model=model,
    )
    result = search(collection, read_prompt(query) or "", settings)
    if as_json:
        print_json({**result.as_json(), "settings": settings.model_dump()})
    else:
        _print(result)


def retrieval_settings(**given: str | None) -> RetrievalSettings:
    """The settings of these options; what is `None` keeps its default.

    Raises:
        InvalidInput: one is malformed or out of range.
    """
    from core.documents.retrieval.filters import parse
    from core.documents.settings import RetrievalSettings

    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if "where" in values:
        values["where"] = parse(values["where"])
    return RetrievalSettings.parse(**values)


def _print(result: SearchResult) -> None:
    for text in result.queries[1:]:
        complain(f"also searched: {shown(text, 200)}")
    for number, hit in enumerate(result.hits, 1):
        if number > 1:
            print()
        print_text(f"{number}  {shown(place(hit), 100)}  score {hit.score:.4g}  ({_stages(hit)})")
        print_text(_excerpt(hit.text))
    for note in result.notes:
        complain(note)
    if result.dropped:
        stages = Counter(each.stage for each in result.dropped)
        counts = ", ".join(f"{number} by {stage}" for stage, number in stages.items())
        complain(f"left out: {counts}; --json names them")
    spent = ", ".join(
        f"{name.removesuffix('_ms')} {ms:.1f}" for name, ms in result.timing.items() if name != "total_ms"
    )
    complain(f"{result.timing.get('total_ms', 0):.1f} ms ({spent})")


def place(hit: Hit) -> str:
    """Where a passage stands: source, page, characters."""
    page = "" if hit.page is None else f", {hit.page_label or f'page {hit.page}'}"
    return f"{hit.source}{page}, characters {hit.start:,} to {hit.end:,}"


def _stages(hit: Hit) -> str:
    return ", ".join(
        f"{name} {int(values['rank'])}." if "rank" in values else f"{name} {values['score']:.3f}"
        for name, values in hit.stages.items()
    )


def _excerpt(text: str) -> str:
    text = " ".join(text.split())
    return f"   {text if len(text) <= EXCERPT else text[: EXCERPT - 1] + '…'}"
