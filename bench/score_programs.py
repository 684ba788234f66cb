"""`loupe score` on 1,319 published programs (PAL, GSM-hard), from a cold shell, in seconds."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.common import Figure, Setup

NAME = "`loupe score` on 1,319 programs, seconds"
TARGET = "≤ 60 on two cores"
PROGRAMS = Path(__file__).resolve().parents[2] / "shared" / "data" / "programs" / "pal_gsmhard.jsonl"


def measure(setup: Setup) -> Figure:
    if not PROGRAMS.exists():
        raise SystemExit(f"{PROGRAMS} is not there; this figure needs the published programs.")
    loupe = Path(sys.executable).with_name("loupe")
    seconds, document = [], {}
    for _ in range(min(3, setup.repeats)):
        began = time.perf_counter()
        done = subprocess.run(
            [loupe, "score", PROGRAMS, "--extract", "program", "--metric", "numeric", "--json"],
            check=True,
            capture_output=True,
        )
        seconds.append(time.perf_counter() - began)
        document = json.loads(done.stdout)
    return Figure(
        statistics.median(seconds),
        f"{document['n']:,} programs, {100 * document['accuracy']:.2f} % right, {document['engine']}, "
        f"{min(seconds):.1f} to {max(seconds):.1f} s",
    )
