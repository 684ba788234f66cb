"""`loupe models` from a cold shell: a new process each time, and no torch in it."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.common import Figure, Setup

NAME = "`loupe models` from a cold shell, seconds"
TARGET = "≤ 1"


def measure(setup: Setup) -> Figure:
    loupe = Path(sys.executable).with_name("loupe")
    times = []
    for _ in range(setup.repeats):
        began = time.perf_counter()
        subprocess.run([loupe, "models", "--json"], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    imported = subprocess.run(
        [sys.executable, "-X", "importtime", loupe, "models"], check=True, capture_output=True, text=True
    ).stderr
    return Figure(statistics.median(times), "torch imported" if "| torch\n" in imported else "no torch")
