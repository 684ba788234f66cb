"""`loupe measure`: what models cost and how well they predict a text, in one run, each against the first.

Knows nothing of how it is measured.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from core.cli.output import complain, print_json, print_table, shown, size
from core.compression.measuring.request import MeasureRequest

FIELDS = MeasureRequest.model_fields


def _help(name: str) -> str:
    return str(FIELDS[name].description)


def command(
    models: Annotated[list[str], typer.Argument(metavar="REF…", help=_help("models"))],
    text: Annotated[str, typer.Option(metavar="FILE", help=_help("text"), show_default=False)] = "",
    window: Annotated[str | None, typer.Option(metavar="N", help=_help("window"))] = None,
    stride: Annotated[str | None, typer.Option(metavar="N", help=_help("stride"))] = None,
    tokens: Annotated[str | None, typer.Option(metavar="N", help=_help("tokens"))] = None,
    eval_file: Annotated[str, typer.Option("--eval", metavar="FILE", help=_help("eval_file"), show_default=False)] = "",
    eval_rows: Annotated[str | None, typer.Option(metavar="N", help=_help("eval_rows"))] = None,
    no_speed: Annotated[bool, typer.Option("--no-speed", help="Leave out tokens per second.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Measure models: perplexity, size, memory, tokens per second, load time; each against the first of the list."""
    from core.cli.following import ended_well, follow_job
    from core.compression import measuring

    given = {"window": window, "stride": stride, "tokens": tokens, "eval_rows": eval_rows}
    given = {key: value for key, value in given.items() if value is not None}
    job = measuring.start(
        MeasureRequest.parse(models=models, text=text, eval_file=eval_file, speed=not no_speed, **given)
    )
    result = ended_well(follow_job(job, quiet)).result
    if as_json:
        common = {key: result[key] for key in ("window", "stride", "prompt_tokens", "eval") if key in result}
        print_json([{**row, **common} for row in result["rows"]])
        return
    columns = ["model", "perplexity", "bits/byte", *(["accuracy"] if eval_file else []), "on disk", "in memory"]
    columns += ["bits/weight", "runs as", "writes", "reads", "loads"]
    print_table(columns, [_cells(row) for row in result["rows"]])
    complain(
        f"window {result['window']:,}, stride {result['stride']:,} tokens; prompt of {result['prompt_tokens']:,}; "
        f"in brackets: times the first"
    )
    for row in result["rows"]:
        for note in row["notes"]:
            complain(f"{shown(row['ref'], 60)}: {note}")


def _cells(row: dict[str, Any]) -> list[str]:
    def times(name: str, text: str) -> str:
        ratio = row["against_first"][name]
        return text if ratio is None or ratio == 1 else f"{text} ({ratio:.3g}×)"

    def speed(name: str) -> str:
        return "" if row[name] is None else times(name, f"{row[name]:,.1f}/s")

    perplexity = row["perplexity"]
    return [
        shown(row["ref"], 60),
        times("perplexity", "∞" if perplexity is None else f"{perplexity:.4g}"),
        times("bits_per_byte", "∞" if row["bits_per_byte"] is None else f"{row['bits_per_byte']:.4g}"),
        *([_accuracy(row["accuracy"])] if "accuracy" in row else []),
        times("size_bytes", size(row["size_bytes"])),
        times("memory_bytes", size(row["memory_bytes"])),
        f"{row['bits_per_weight']:.2f}",
        f"{row['engine']}, {row['dtype']}",
        speed("tokens_per_s"),
        speed("prefill_tokens_per_s"),
        times("load_s", f"{row['load_s']:.2f} s"),
    ]


def _accuracy(score: dict[str, Any]) -> str:
    if score["share"] is None:
        return f"no answer ({score['errors']} errors)"
    low, high = score["ci95"]
    return f"{score['share']:.1%} ({low:.1%}–{high:.1%}) of {score['n']:,}"
