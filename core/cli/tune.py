"""`loupe tune METHOD`: fine-tune a model on a file of rows, from the check before the start to base against tuned.

Knows nothing of how training works.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.output import complain, print_json, shown
from core.cli.setting_options import setting_options
from core.errors import InvalidInput
from core.tuning.settings import TuneSettings

if TYPE_CHECKING:
    from core.tuning.start import Checked

CELLS = 400
"""Tokens of the first batch that are shown."""


def _command(
    method: Annotated[
        str | None,
        typer.Argument(
            metavar="METHOD",
            help="lora, qlora, dora, ia3, prompt-tuning, p-tuning, prefix-tuning, adapter, full or last-layers.",
        ),
    ] = None,
    *,
    settings: dict[str, Any],
    settings_file: Annotated[
        str, typer.Option("--settings", metavar="FILE", help="Settings of a run, as the page gives them.")
    ] = "",
    model: Annotated[
        str | None, typer.Option(metavar="REF", help="The model to train.", show_default="smollm2")
    ] = None,
    data: Annotated[str, typer.Option(metavar="FILE", help="Rows: JSON Lines, CSV, Parquet or JSON.")] = "",
    name: Annotated[str, typer.Option(metavar="NAME", help="What the result is called: MODEL+NAME.")] = "",
    eval_data: Annotated[str, typer.Option("--eval-data", metavar="FILE", help="Held-out rows.")] = "",
    format: Annotated[
        str | None, typer.Option(help="What the rows are, where their columns do not tell.", show_default="detected")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=NAME", help="A column of another name; repeatable.")
    ] = None,
    skip_broken: Annotated[
        bool, typer.Option("--skip-broken", help="Leave out rows that cannot be used, and say which.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check, show the first batch and the memory it takes; train nothing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Fine-tune a model; options that are not given are those of `--settings`, else the method's preset."""
    from core.cli.following import ended_well, follow_job
    from core.tuning import start
    from core.tuning.request import TuneRequest, read_request

    given: dict[str, Any] = {
        "model": model,
        "data": data,
        "name": name,
        "eval_data": eval_data,
        "format": format,
        "columns": _columns(column or []),
        "skip_broken": skip_broken,
    }
    given = {field: value for field, value in given.items() if value}
    if settings_file:
        request = read_request(Path(settings_file), method=method, settings=settings, **given)
    elif method is None:
        raise InvalidInput("No method is given; write loupe tune METHOD, such as lora.", "method")
    else:
        request = TuneRequest.parse(
            method=method, settings=settings, **{"model": "smollm2", "data": "", "name": ""} | given
        )
    if dry_run:
        found = start.check(request)
        if as_json:
            print_json(_document(found))
        else:
            _print_check(found, request.settings, request.method)
        return 0
    job = follow_job(start.start(request), quiet)
    ended_well(job)
    if as_json:
        print_json(job.result)
    else:
        _print_result(job.result)
    return 0


def _columns(words: list[str]) -> dict[str, str]:
    found = {}
    for word in words:
        field, equals, column = word.partition("=")
        if not equals or not field or not column:
            raise InvalidInput(f"--column is {shown(word, 60)!r}; write FIELD=NAME: prompt=question.", "columns")
        found[field] = column
    return found


def _document(found: Checked) -> dict[str, Any]:
    terms = ("weights", "adapter", "gradients", "optimizer", "activations", "total", "free", "fit")
    return {
        "format": found.format,
        "rows": found.rows,
        "held_out": found.held_out,
        "steps": found.steps,
        "trained_tokens": found.trained_tokens,
        "trainable_parameters": found.counted.trainable,
        "total_parameters": found.counted.total,
        "memory": {name: getattr(found.estimate, name) for name in terms},
        "first_batch": [[{"text": each.text, "kind": each.kind} for each in row] for row in found.first_batch],
        "problems": list(found.problems),
    }


def _print_check(found: Checked, settings: TuneSettings, method: str) -> None:
    from core.models.device import gib

    marks = {"trained": "", "masked": "·", "eos": "■", "padding": "_"}
    print(f"{found.rows:,} rows ({found.format}), {found.held_out:,} held out; {found.steps:,} steps.")
    print(
        f"Trained: {found.counted.trainable:,} of {found.counted.total:,} numbers ({100 * found.counted.share:.3g} %); "
        f"{found.trained_tokens:,} tokens an epoch are learned."
    )
    for row in found.first_batch[:2]:
        print("  " + " ".join(marks[each.kind] + shown(each.text, 20) for each in row[:CELLS]))
    if found.first_batch:
        print("  (· masked   ■ end of the answer, learned   _ padding)")
    memory = found.estimate
    parts = ("weights", "adapter", "gradients", "optimizer", "activations")
    print("Memory: " + " + ".join(f"{name} {gib(getattr(memory, name))}" for name in parts) + f" = {gib(memory.total)}")
    print(f"It {memory.fit if memory.fit != 'tight' else 'is tight'}: {gib(memory.free)} are free. "
          f"{memory.advice(settings, method)}".rstrip())  # fmt: skip
    for problem in found.problems:
        complain(problem)


def _print_result(result: dict[str, Any]) -> None:
    from core.models.device import gib

    print(f"{result['ref']}: {result['steps']:,} steps, {result['trainable_parameters']:,} numbers trained.")
    if result.get("eval_loss"):
        print(f"Loss on held-out rows: {result['eval_loss'][0]:.3f}, at the end {result['eval_loss'][-1]:.3f}.")
    print(
        f"Peak of memory {gib(result['peak_memory_bytes'])}, estimated {gib(result['estimated_memory_bytes'])}; "
        f"{result.get('tokens_per_s', 0):,.0f} tokens/s."
    )
    found = result.get("comparison")
    if found and found.get("metric"):
        for who in ("base", "tuned"):
            low, high = found[who]["ci95"]
            print(f"  {who:5} {found['metric']} {found[who]['score']:.3f}  (95 % {low:.3f} to {high:.3f})")
        print(f"  {found['sentence']}")
    print(f"loupe generate PROMPT --model {result['ref']}", file=sys.stderr)


command = setting_options(_command, TuneSettings)
