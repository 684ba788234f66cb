"""`loupe generate`: one prompt, one model, every sampling setting. The run is stored like one from the Playground.

Knows nothing of how tokens come about: it prints the events of `core.generation.runs`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.messages import read_messages, read_prompt
from core.cli.output import complain, print_json, print_text
from core.cli.sampling import number, sampling_options
from core.cli.watching import watched
from core.errors import InvalidInput, LoupeError
from core.events import Failed, TextDelta

if TYPE_CHECKING:
    from core.generation.request import GenerationRequest
    from core.generation.runs import LiveRun


@sampling_options
def command(
    prompt: Annotated[
        str | None, typer.Argument(help="What to say to the model; - reads stdin.", show_default=False)
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Model reference, see `loupe models`.", show_default="smollm2")
    ] = None,
    system: Annotated[str | None, typer.Option(help="System prompt.")] = None,
    messages: Annotated[
        Path | None, typer.Option(help='JSON file with a chat: [{"role", "content"}, …]; PROMPT is its next turn.')
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Plain completion: no chat template.")] = False,
    top_logprobs: Annotated[
        str, typer.Option(help="Report this many alternatives for every token.", metavar="INTEGER")
    ] = "0",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    *,
    sampling: dict[str, Any],
) -> int:
    """Generate one or several answers to PROMPT; greedy when the temperature is 0."""
    request = _request(prompt, model, system, messages, raw, number(top_logprobs), sampling)

    from core.generation import runs

    run = runs.start(request)
    with watched(run):
        error = _follow(run, streaming=not as_json and request.params.n == 1)
    if error:
        kept = any(completion.text for completion in run.snapshot().completions)
        raise LoupeError(f"{error} What had arrived is kept as run {run.id}." if kept else error)
    if as_json:
        print_json(_document(run))
    else:
        _print_answers(run)
    return 0


def _request(
    prompt: str | None,
    model: str | None,
    system: str | None,
    messages: Path | None,
    raw: bool,
    top_logprobs: int | float | str,
    sampling: dict[str, Any],
) -> GenerationRequest:
    from core.generation.params import SamplingParams
    from core.generation.request import GenerationRequest
    from core.settings import get_settings

    params = SamplingParams.parse(**sampling)
    model = get_settings().default_model if model is None else model
    text = read_prompt(prompt)
    if raw:
        if messages is not None or system is not None:
            raise InvalidInput("--raw is a plain completion without a chat; leave out --messages and --system.")
        return GenerationRequest.parse(
            model=model, mode="completion", prompt=text or "", params=params, top_logprobs=top_logprobs
        )
    turns = read_messages(messages) if messages is not None else []
    if system is not None:
        if any(turn["role"] == "system" for turn in turns):
            raise InvalidInput(f"{messages} has a system message already; leave out --system or remove it there.")
        turns.insert(0, {"role": "system", "content": system})
    if text is not None:
        turns.append({"role": "user", "content": text})
    if not turns:
        raise InvalidInput("There is no prompt; write it after `loupe generate`, or use - to read stdin.")
    return GenerationRequest.parse(model=model, messages=turns, params=params, top_logprobs=top_logprobs)


def _follow(run: LiveRun, *, streaming: bool) -> str | None:
    """Print text as it comes and return the sentence of what went wrong, if anything did."""
    error, open_line = None, False
    for event in run.events():
        if isinstance(event, Failed):
            error = event.message
        elif isinstance(event, TextDelta) and streaming:
            print_text(event.text, end="")
            open_line = True
    if open_line:
        print_text("")
    return error


def _print_answers(run: LiveRun) -> None:
    result = run.snapshot()
    if run.request.params.n > 1:
        for number, completion in enumerate(result.completions, start=1):
            print_text(f"[{number}] {completion.text}")
    asked = result.usage.prompt_tokens
    parts = [f"run {run.id}", "unknown tokens in" if asked is None else f"{asked} tokens in"]
    parts.append(f"{result.usage.completion_tokens} out")
    if result.timing.ttft_s is not None:
        parts.append(f"first token after {result.timing.ttft_s:.2f} s")
    if result.timing.tokens_per_s is not None:
        parts.append(f"{result.timing.tokens_per_s:.1f} tokens/s")
    complain(" · ".join(parts))


def _document(run: LiveRun) -> dict[str, Any]:
    """The run as the command-line contract names its fields, and more."""
    result = run.snapshot().as_json()
    return {
        "run": run.id,
        "model": result["model"],
        "prompt_tokens": result["usage"]["prompt_tokens"],
        "seed": result["seed"],
        "completions": result["completions"],
        "usage": result["usage"],
        "timing": result["timing"],
    }
