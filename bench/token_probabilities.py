"""Token probabilities with the top 10, against the same answer without."""

from bench.common import PROMPTS, Figure, Setup, alternate, run

NAME = "token probabilities with top 10 on, tokens/s against off"
TARGET = "≥ 0.9"
TOKENS = 128


def measure(setup: Setup) -> Figure:
    on, off = alternate(
        lambda: run(setup.request(PROMPTS[0], TOKENS, top_logprobs=10, temperature=0)),
        lambda: run(setup.request(PROMPTS[0], TOKENS, temperature=0)),
        setup.repeats,
    )
    return Figure(off / on, f"{TOKENS / on:.1f} against {TOKENS / off:.1f} tokens/s")
