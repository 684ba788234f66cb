"""`loupe compress`: a smaller model made of another, as a job.

Knows nothing of how the work is done; the settings and their help are those of `CompressRequest`.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from core.cli.output import complain, print_json, size
from core.compression.request import CompressRequest
from core.errors import InvalidInput

FIELDS = CompressRequest.model_fields


def _help(name: str) -> str:
    return str(FIELDS[name].description)


def _shown(name: str) -> str:
    return str(FIELDS[name].default)


def command(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="int8, nf4, fp4, gptq, gguf, prune or distill.")],
    name: Annotated[str | None, typer.Option(help=_help("name"), show_default=False)] = None,
    model: Annotated[str, typer.Option(metavar="REF", help=_help("model"))] = "smollm2",
    calibration: Annotated[str | None, typer.Option(metavar="FILE", help=_help("calibration"))] = None,
    samples: Annotated[
        str | None, typer.Option(metavar="N", help=_help("samples"), show_default=_shown("samples"))
    ] = None,
    sample_tokens: Annotated[
        str | None, typer.Option(metavar="N", help=_help("sample_tokens"), show_default=_shown("sample_tokens"))
    ] = None,
    seed: Annotated[str | None, typer.Option(metavar="N", help=_help("seed"), show_default="0")] = None,
    double_quantization: Annotated[
        bool | None, typer.Option("--double-quantization/--no-double-quantization", help=_help("double_quantization"))
    ] = None,
    compute_dtype: Annotated[str | None, typer.Option(metavar="bf16|fp16|fp32", help=_help("compute_dtype"))] = None,
    bits: Annotated[str | None, typer.Option(metavar="4|8", help=_help("bits"), show_default="4")] = None,
    group_size: Annotated[str | None, typer.Option(metavar="N", help=_help("group_size"))] = None,
    symmetric: Annotated[bool | None, typer.Option("--symmetric/--asymmetric", help=_help("symmetric"))] = None,
    calibrated: Annotated[
        bool | None, typer.Option("--calibrated/--round-to-nearest", help=_help("calibrated"))
    ] = None,
    dampening: Annotated[
        str | None, typer.Option(metavar="X", help=_help("dampening"), show_default=_shown("dampening"))
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help=f"f16, q8_0, q5_1, q5_0, q4_1 or q4_0. {_help('precision')}", show_default="q8_0")
    ] = None,
    criterion: Annotated[str | None, typer.Option(help=_help("criterion"), show_default="wanda")] = None,
    structure: Annotated[str | None, typer.Option(help=_help("structure"), show_default="unstructured")] = None,
    sparsity: Annotated[str | None, typer.Option(metavar="X", help=_help("sparsity"), show_default="0.5")] = None,
    student: Annotated[str | None, typer.Option(metavar="REF", help=_help("student"))] = None,
    layers: Annotated[str | None, typer.Option(metavar="0,2,…", help=_help("layers"))] = None,
    keep: Annotated[str | None, typer.Option(metavar="X", help=_help("keep"), show_default="0.5")] = None,
    temperature: Annotated[
        str | None, typer.Option(metavar="X", help=_help("temperature"), show_default=_shown("temperature"))
    ] = None,
    alpha: Annotated[str | None, typer.Option(metavar="X", help=_help("alpha"), show_default="0.5")] = None,
    hard_only: Annotated[bool | None, typer.Option("--hard-only", help=_help("hard_only"))] = None,
    steps: Annotated[str | None, typer.Option(metavar="N", help=_help("steps"), show_default=_shown("steps"))] = None,
    batch_size: Annotated[
        str | None, typer.Option(metavar="N", help=_help("batch_size"), show_default=_shown("batch_size"))
    ] = None,
    learning_rate: Annotated[
        str | None, typer.Option(metavar="X", help=_help("learning_rate"), show_default=_shown("learning_rate"))
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Make a smaller model: quantized, pruned, distilled, or exported as GGUF. The result is a reference of its own."""
    from core import compression
    from core.cli.following import ended_well, follow_job

    if not name:
        raise InvalidInput("The result has no name; add --name NAME.", "name")
    given: dict[str, Any] = {
        "calibration": calibration,
        "samples": samples,
        "sample_tokens": sample_tokens,
        "seed": seed,
        "double_quantization": double_quantization,
        "compute_dtype": compute_dtype,
        "bits": bits if bits is None else _whole("bits", bits),
        "group_size": group_size,
        "symmetric": symmetric,
        "calibrated": calibrated,
        "dampening": dampening,
        "precision": precision if precision is None else precision.lower(),
        "criterion": criterion,
        "structure": structure,
        "sparsity": sparsity,
        "student": student,
        "layers": layers,
        "keep": keep,
        "temperature": temperature,
        "alpha": alpha,
        "hard_only": hard_only,
        "steps": steps,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
    }
    given = {key: value for key, value in given.items() if value is not None}
    request = CompressRequest.parse(method=method, model=model, name=name, **given)
    source = compression.check(request)
    if source is not None and not quiet:  # the bundled model's is known once the job has unpacked it
        found = compression.estimate(request, source)
        complain(f"weights: {size(found.before)} now, about {size(found.after)} when it is done")
    job = compression.start(request)
    result = ended_well(follow_job(job, quiet)).result
    if as_json:
        print_json({**result, "job": job})
        return
    print(result["ref"])
    complain(
        f"{size(result['size_bytes'])} from {size(result['source_bytes'])} in {result['seconds']:.1f} s; "
        f"loupe measure {result['source']} {result['ref']} compares them"
    )


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise InvalidInput(f"--{name} is {text[:40]!r}: write a whole number.", name)
    return int(text)
