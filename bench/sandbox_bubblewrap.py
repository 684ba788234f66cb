"""The same program of twenty lines in full Python, in a bubblewrap jail that serves this program only."""

from bench.common import Figure, Setup
from bench.sandbox_monty import timed

NAME = "sandbox, warm, a 20-line program in bubblewrap, milliseconds"
TARGET = "≤ 60"


def measure(setup: Setup) -> Figure:
    return Figure(*timed("bubblewrap", setup.repeats))
