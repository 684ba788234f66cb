"""Six columns of the page Compare at once, against the same six one after another; both as live runs that are stored.

Every column writes the same number of tokens, so that the figure is about the batch and not about who falls silent
first.
"""

import time

from bench.common import Figure, Setup, alternate
from bench.filled import own_home
from core.evals.compare import columns
from core.evals.variant import Variant
from core.generation.params import SamplingParams
from core.models.pool import get_pool
from core.prompts.file import PromptMessage

NAME = "6 columns at once on one model, against one after another"
TARGET = "≥ 2.5"
TOKENS = 32
PROMPT = "Describe the sea at night in two sentences."
SETTINGS = [
    {"temperature": 0},
    {"temperature": 0.5, "seed": 1},
    {"temperature": 0.8, "top_p": 0.9, "seed": 2},
    {"temperature": 1.0, "top_k": 40, "seed": 3},
    {"temperature": 1.0, "min_p": 0.05, "seed": 4},
    {"temperature": 1.2, "typical_p": 0.8, "seed": 5},
]


def measure(setup: Setup) -> Figure:
    with get_pool().lease(setup.model), own_home():  # loaded before, from where the weights are
        variants = [
            Variant.parse(
                name=str(number),
                model=setup.model,
                messages=(PromptMessage(role="user", content=PROMPT),),
                params=SamplingParams.parse(max_tokens=TOKENS, min_tokens=TOKENS, **settings),
            )
            for number, settings in enumerate(SETTINGS)
        ]
        ours_s, theirs_s = alternate(
            lambda: run(setup, variants), lambda: [run(setup, [each]) for each in variants], setup.repeats
        )
    total = TOKENS * len(variants)
    return Figure(theirs_s / ours_s, f"{total / ours_s:.0f} against {total / theirs_s:.0f} tokens/s")


def run(setup: Setup, variants: list[Variant]) -> None:
    """Start these columns together and wait for all."""
    setup.forget_prompts()
    started = columns.start(variants, {})
    while any(columns.find(str(each.run)).running for each in started):
        time.sleep(0.05)
