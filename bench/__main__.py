"""`python -m bench [--dtype bf16|fp32] [--repeats N] [FIGURE …]`: measure, print a table, note the machine."""

from __future__ import annotations

import argparse
import datetime
import importlib
import importlib.metadata
import logging
import platform
from pathlib import Path

from bench.common import Setup

FIGURES = (
    "one_stream",
    "eight_prompts",
    "shared_prefill",
    "token_probabilities",
    "lens_redraw",
    "self_consistency",
    "four_techniques",
    "six_columns",
    "sandbox_monty",
    "sandbox_bubblewrap",
    "score_programs",
    "cold_models",
    "app_start",
    "hybrid_50k",
    "ingest_chunks",
    "ingest_memory",
    "query_50k",
    "rebuild_50k",
    "eval_matrix",
    "eval_again",
    "results_page",
    "tune_speed",
    "tune_mixed",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"some of: {', '.join(FIGURES)} (default: all)")
    parser.add_argument("--dtype", choices=("bf16", "fp32"), default=None, help="default: what Loupe would choose")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each side (at least 5)")
    options = parser.parse_args()
    if unknown := set(options.figures) - set(FIGURES):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    setup = Setup(options.dtype or chosen_dtype(), max(5, options.repeats))
    print(f"{datetime.date.today()} · {machine()} · {setup.dtype} · medians of {setup.repeats}\n")
    print("| figure | must reach | measured | |\n|---|---|---|---|")
    for name in options.figures or FIGURES:
        figure = importlib.import_module(f"bench.{name}")
        found = figure.measure(setup)
        print(f"| {figure.NAME} | {figure.TARGET} | **{found.value:.2f}** | {found.detail} |", flush=True)


def chosen_dtype() -> str:
    """The dtype that the bundled model gets on this machine."""
    from core.models.pool import get_pool

    with get_pool().lease("smollm2") as loaded:
        return "bf16" if "bfloat16" in str(loaded.dtype) else "fp32"  # type: ignore[attr-defined]


def machine() -> str:
    """Processor, cores and versions."""
    import torch

    processor = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            processor = line.split(":", 1)[1].strip()
            break
    device = (
        torch.cuda.get_device_name() if torch.cuda.is_available() else f"{processor}, {torch.get_num_threads()} cores"
    )
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "transformers"))
    return f"{device}, {versions}"


if __name__ == "__main__":
    main()
