"""`loupe ask`: one question through one technique. The run is stored like one from the Prompt lab.

Knows nothing of how a technique works: it prints the events of `core.techniques.runs`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.messages import read_prompt
from core.cli.output import complain, print_json, print_table, print_text
from core.cli.sampling import number, sampling_options
from core.cli.watching import watched
from core.errors import InvalidInput, LoupeError
from core.events import Call, Failed, Step

if TYPE_CHECKING:
    from core.techniques.request import TechniqueRequest
    from core.techniques.runs import LiveRun

ANSWER = 60
"""Characters of an answer in a table."""


@partial(sampling_options, temperature=0)
def command(
    question: Annotated[str | None, typer.Argument(help="What to ask; - reads stdin.", show_default=False)] = None,
    technique: Annotated[
        list[str] | None,
        typer.Option(
            help="zero-shot, one-shot, few-shot, zero-shot-cot, few-shot-cot, self-consistency, pal or react; several "
            "run side by side.",
            show_default="zero-shot",
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Model reference, see `loupe models`.", show_default="smollm2")
    ] = None,
    system: Annotated[str | None, typer.Option(help="System prompt.")] = None,
    examples: Annotated[
        str | None, typer.Option(help="Worked examples: a .jsonl file, or the name of a set that ships with Loupe.")
    ] = None,
    shots: Annotated[str | None, typer.Option(help="How many examples to show.", metavar="INTEGER")] = None,
    choose: Annotated[str | None, typer.Option(help="Which examples: fixed, random or nearest.")] = None,
    order: Annotated[str | None, typer.Option(help="Their order: file, reversed, random or nearest-last.")] = None,
    samples: Annotated[str | None, typer.Option(help="How many answers vote.", metavar="INTEGER")] = None,
    tools: Annotated[list[str] | None, typer.Option("--tool", help="A tool that may be called; repeatable.")] = None,
    collection: Annotated[
        str | None,
        typer.Option(help="What Search and Lookup read: the name of a collection, or a folder of text files."),
    ] = None,
    max_steps: Annotated[str | None, typer.Option(help="How many actions may be taken.", metavar="INTEGER")] = None,
    extract: Annotated[
        str | None, typer.Option(help="The rule that finds the answer in the text, see `loupe score --help`.")
    ] = None,
    expected: Annotated[str | None, typer.Option(help="The right answer: kept with the run, never sent.")] = None,
    prompt: Annotated[str | None, typer.Option(help="A prompt of the library instead of the own wording.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Plain completion: no chat template.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the exact prompt and its tokens; run nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    *,
    sampling: dict[str, Any],
) -> int:
    """Answer QUESTION by a prompting technique, every step shown; greedy unless a temperature is given."""
    asked = {
        "model": model,
        "question": read_prompt(question),
        "system": system,
        "examples": examples,
        "shots": shots if shots is None else number(shots),
        "choose": choose,
        "order": order,
        "samples": samples if samples is None else number(samples),
        "tools": tuple(tools) if tools else None,
        "collection": collection,
        "max_steps": max_steps if max_steps is None else number(max_steps),
        "extract": extract,
        "expected": expected,
        "prompt": prompt,
        "mode": "completion" if raw else None,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    requests = _requests(list(dict.fromkeys(technique or ["zero-shot"])), given, sampling)
    if dry_run:
        return _preview(requests, as_json)
    if len(requests) > 1:
        return _side_by_side(requests, as_json)

    from core.techniques import runs

    run = runs.start(requests[0])
    with watched(run):
        error = _follow(run, quiet=as_json)
    if error:
        raise LoupeError(f"{error} What had arrived is kept as run {run.id}." if run.snapshot().calls else error)
    if as_json:
        print_json(_document(run))
    else:
        _print_answer(run)
    return 0


def _requests(techniques: list[str], given: dict[str, Any], sampling: dict[str, Any]) -> list[TechniqueRequest]:
    """A request for each technique; of several, each gets the options it has, and one must have each of them."""
    from core.generation.params import SamplingParams
    from core.settings import get_settings
    from core.techniques import TECHNIQUES
    from core.techniques.request import TechniqueRequest, options_of

    if "question" not in given:
        raise InvalidInput("There is no question; write it after `loupe ask`, or use - to read stdin.")
    params = SamplingParams.parse(**sampling)
    common = {"model": get_settings().default_model, "params": params}
    if len(techniques) > 1:
        known = {name for each in techniques if each in TECHNIQUES for name in TECHNIQUES[each].options}
        if unused := [name for name in given if name in options_of() and name not in known]:
            raise InvalidInput(f"None of {', '.join(techniques)} has {unused[0]}; leave it out.", unused[0])
    requests = []
    for name in techniques:
        own = TECHNIQUES[name].options if name in TECHNIQUES and len(techniques) > 1 else options_of()
        values = {key: value for key, value in given.items() if key not in options_of() or key in own}
        requests.append(TechniqueRequest.parse(**{**common, **values, "technique": name}))
    return requests


def _preview(requests: list[TechniqueRequest], as_json: bool) -> int:
    from core.techniques import preview

    shown = [preview(request) for request in requests]
    documents = [
        {
            "technique": request.technique,
            "model": request.model,
            "prompt": each.prompt,
            "prompt_tokens": each.prompt_tokens,
            "max_tokens": each.max_tokens,
            "context_length": each.context_length,
            "trimmed": list(each.trimmed),
            "fits": each.fits,
        }
        for request, each in zip(requests, shown, strict=True)
    ]
    if as_json:
        print_json(documents if len(documents) > 1 else documents[0])
        return 0
    for request, each in zip(requests, shown, strict=True):
        if len(requests) > 1:
            complain(f"· {request.technique}")
        print_text(each.prompt)
        for note in each.trimmed:
            complain(note)
        tokens = "unknown tokens" if each.prompt_tokens is None else f"{each.prompt_tokens:,} tokens"
        window = "" if each.context_length is None else f" of {each.context_length:,}"
        complain(f"{tokens} + up to {each.max_tokens:,} for the answer{window}")
        if not each.fits:
            complain("That does not fit the context window; shorten the question or lower --max-tokens.")
    return 0


def _side_by_side(requests: list[TechniqueRequest], as_json: bool) -> int:
    """Several techniques at once, in one batch of the model; a line for each, or a list of documents."""
    from core.techniques import runs

    started = [runs.start(request) for request in requests]
    with watched(*started):
        pass  # each ends in its own time; they share the model's steps
    results = [run.snapshot() for run in started]
    if as_json:
        print_json([_document(run) for run in started])
    else:
        rows = [
            (
                run.request.technique,
                " ".join((result.answer or "(no answer)").split())[:ANSWER],
                str(len(result.calls)),
                str(result.usage.completion_tokens),
                f"{result.timing.total_s:.1f} s",
                run.id,
            )
            for run, result in zip(started, results, strict=True)
        ]
        print_table(("technique", "answer", "calls", "tokens out", "time", "run"), rows)
    failed = [(run, result.error) for run, result in zip(started, results, strict=True) if result.error]
    for run, error in failed:
        complain(f"{run.request.technique}: {error}")
    return 1 if failed else 0


def _follow(run: LiveRun, *, quiet: bool) -> str | None:
    """Tell every step on stderr as it happens; the sentence of what went wrong, if anything did."""
    error = None
    for event in run.events():
        if isinstance(event, Failed):
            error = event.message
        elif isinstance(event, Call) and not quiet:
            complain(f"· asking for: {event.stage}")
        elif isinstance(event, Step) and event.kind != "answer" and not quiet:
            for place, line in enumerate(event.text.strip().splitlines() or ["(nothing)"]):
                complain(f"{event.kind + ':' if place == 0 else '':<13}{line}")
    return error


def _print_answer(run: LiveRun) -> None:
    result = run.snapshot()
    if result.answer is None:
        complain("There is no answer.")
    else:
        print_text(result.answer)
    usage, timing = result.usage, result.timing
    calls = f"{len(result.calls)} call{'' if len(result.calls) == 1 else 's'}"
    asked = "unknown tokens in" if usage.prompt_tokens is None else f"{usage.prompt_tokens} tokens in"
    complain(f"run {run.id} · {calls} · {asked} · {usage.completion_tokens} out · {timing.total_s:.1f} s")


def _document(run: LiveRun) -> dict[str, Any]:
    """The run as the command-line contract names its fields, and more."""
    result = run.snapshot().as_json()
    return {
        "run": run.id,
        "model": run.request.model,
        "technique": run.request.technique,
        "answer": result["answer"],
        "prompt": result["prompt"],
        "steps": [{**step["data"], "kind": step["kind"], "text": step["text"]} for step in result["steps"]],
        "calls": [
            {
                "stage": call["stage"],
                "prompt": call["result"]["prompt"],
                "completions": [
                    {"text": each["text"], "finish_reason": each["finish_reason"]}
                    for each in call["result"]["completions"]
                ],
                "usage": call["result"]["usage"],
            }
            for call in result["calls"]
        ],
        "usage": result["usage"],
        "timing": result["timing"],
    }
