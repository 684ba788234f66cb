"""`loupe docs ask`: a question answered from a collection, with citations; stored like a run of the page Ask.

Knows nothing of how an answer comes about: it prints the events of `core.documents.answering.runs`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.docs.search import retrieval_settings
from core.cli.messages import read_messages, read_prompt
from core.cli.output import complain, print_json, print_text, shown
from core.cli.sampling import sampling_options
from core.cli.watching import watched
from core.documents.settings import MODES
from core.errors import InvalidInput, LoupeError
from core.events import Call, Failed, Step

if TYPE_CHECKING:
    from core.documents.answering.runs import LiveRun

TOLD = ("question", "passages", "trimmed", "citations", "support")
"""Kinds of steps that are told on stderr."""
QUOTE = 160
"""Characters of a citation shown to a person; --json has all of it."""


@partial(sampling_options, temperature=0)
def command(
    question: Annotated[str | None, typer.Argument(help="What to ask; - reads stdin.", show_default=False)] = None,
    collection: Annotated[str | None, typer.Option(help="Name of the collection.", show_default=False)] = None,
    model: Annotated[
        str | None, typer.Option(help="Model reference, see `loupe models`.", show_default="smollm2")
    ] = None,
    mode: Annotated[str | None, typer.Option(help=f"{', '.join(MODES)}.", show_default="hybrid")] = None,
    k: Annotated[str | None, typer.Option("--k", help="Passages to read.", metavar="N", show_default="5")] = None,
    threshold: Annotated[
        str | None,
        typer.Option(
            help="Least cosine of a passage with the question, −1 to 1; none above it: not in the documents.",
            metavar="X",
            show_default="0.2",
        ),
    ] = None,
    rerank: Annotated[str | None, typer.Option(help="Reference of a CrossEncoder that reorders candidates.")] = None,
    where: Annotated[
        str | None, typer.Option(help='Conditions as JSON: {"source": "a.pdf"}, {"page": {"$gte": 3}}.', metavar="JSON")
    ] = None,
    candidates: Annotated[
        str | None,
        typer.Option(help="Passages each list brings before fusion, MMR or reranking.", metavar="N", show_default="50"),
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(help="Hybrid: share of the similarity list, 0 to 1.", metavar="X", show_default="0.5"),
    ] = None,
    rrf_k: Annotated[
        str | None, typer.Option(help="Hybrid: constant of the rank fusion.", metavar="N", show_default="60")
    ] = None,
    mmr_lambda: Annotated[
        str | None,
        typer.Option(help="MMR: 1 the question only, 0 variety only.", metavar="X", show_default="0.5"),
    ] = None,
    rewrite: Annotated[
        str | None, typer.Option(help="Let the model rewrite the question: multi-query or hyde.", show_default="none")
    ] = None,
    queries: Annotated[
        str | None, typer.Option(help="Multi-query: further wordings.", metavar="N", show_default="3")
    ] = None,
    no_documents: Annotated[
        bool, typer.Option("--no-documents", help="The same question, seed and settings to the model alone.")
    ] = False,
    history: Annotated[
        Path | None,
        typer.Option(help="JSON file of what was said before: [{role, content}, …]; the question follows on it."),
    ] = None,
    loose: Annotated[
        bool, typer.Option("--loose", help="Show an answer even when nothing of it stands in the passages.")
    ] = False,
    system: Annotated[str | None, typer.Option(help="System prompt instead of the wording's own.")] = None,
    prompt: Annotated[str | None, typer.Option(help="A prompt of the library instead of documents/answer.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    *,
    sampling: dict[str, Any],
) -> None:
    """Answer QUESTION from a collection, with numbered citations; greedy unless a temperature is given."""
    from core.documents.answering import DEFAULT_RETRIEVAL, AnswerRequest, runs
    from core.generation.params import SamplingParams
    from core.settings import get_settings

    if not collection and not no_documents:
        raise InvalidInput("No collection is named; add --collection NAME.", "collection")
    ref = model or get_settings().default_model
    retrieval = retrieval_settings(
        mode=mode,
        k=k,
        threshold=str(DEFAULT_RETRIEVAL.threshold) if threshold is None else threshold,
        rerank=rerank,
        where=where,
        candidates=candidates,
        weight=weight,
        rrf_k=rrf_k,
        mmr_lambda=mmr_lambda,
        rewrite=rewrite,
        queries=queries,
        model=None if rewrite is None else ref,
    )
    request = AnswerRequest.parse(
        question=read_prompt(question) or "",
        model=ref,
        collection=collection,
        use_documents=not no_documents,
        params=SamplingParams.parse(**sampling),
        retrieval=retrieval,
        history=() if history is None else read_messages(history),
        strict=not loose,
        system=system,
        prompt=prompt,
    )
    run = runs.start(request)
    with watched(run):
        error = _follow(run, quiet=as_json)
    if error:
        raise LoupeError(f"{error} What had arrived is kept as run {run.id}." if run.snapshot().calls else error)
    if as_json:
        print_json(_document(run))
    else:
        _print(run)


def _follow(run: LiveRun, *, quiet: bool) -> str | None:
    """Tell every step on stderr as it happens; the sentence of what went wrong, if anything did."""
    error = None
    for event in run.events():
        if isinstance(event, Failed):
            error = event.message
        elif quiet:
            continue
        elif isinstance(event, Call):
            complain(f"· asking for: {event.stage}")
        elif isinstance(event, Step) and event.kind in TOLD:
            for place, line in enumerate(event.text.splitlines()):
                complain(f"{event.kind + ':' if place == 0 else '':<11}{line}")
    return error


def _print(run: LiveRun) -> None:
    result = run.snapshot()
    print_text(result.answer or "")
    for each in result.citations:
        by = "" if each.by == "model" else " (found by Loupe)"
        unsupported = "" if each.supported else " (does not support the answer)"
        page = "" if each.page is None else f", page {each.page_label or each.page}"
        quote = " ".join(each.quote.split())
        print_text(f"[{each.n}] {shown(each.source, 100)}{page}{by}{unsupported}: {shown(quote, QUOTE)}")
    if result.refused and result.refused != "no passages":
        complain(f"The model said: {shown(' '.join(result.said.split()), 400)}")
    usage, timing = result.usage, result.timing
    asked = "unknown tokens in" if usage.prompt_tokens is None else f"{usage.prompt_tokens} tokens in"
    complain(f"run {run.id} · {asked} · {usage.completion_tokens} out · {timing.total_s:.1f} s")


def _document(run: LiveRun) -> dict[str, Any]:
    """The run as the command-line contract names its fields, and more."""
    result = run.snapshot().as_json()
    steps = {step["kind"]: step["data"] for step in result["steps"]}
    passages = steps.get("passages", {})
    return {
        "run": run.id,
        "model": run.request.model,
        "collection": run.request.collection if run.request.with_documents else None,
        "answer": result["answer"],
        "refused": result["refused"],
        "citations": result["citations"],
        "unknown_citations": steps.get("citations", {}).get("unknown", []),
        "support": result["support"],
        "groundedness": result["groundedness"],
        "question": result["question"] or run.request.question,
        "passages": result["passages"],
        "left_out": passages.get("below", []),
        "budget": passages.get("budget"),
        "prompt": result["prompt"],
        "said": run.snapshot().said,
        "usage": result["usage"],
        "timing": {**result["timing"], **passages.get("timing", {})},
        "settings": run.request.retrieval.model_dump(),
    }
