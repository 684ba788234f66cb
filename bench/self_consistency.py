"""Self-consistency with eight samples in one batch, against eight single runs of the same chain of thought.

The single runs compute their prompt each, as runs at different times do; the detail also has them with the prompt kept.
"""

from bench.common import Figure, Setup, alternate, answer_with

NAME = "self-consistency with 8 samples, against 8 single runs"
TARGET = "≥ 3"
SAMPLES = 8
TOKENS = 96
QUESTION = "A library has 25 shelves and each shelf holds 35 books. How many books does the library hold?"


def measure(setup: Setup) -> Figure:
    params = {"temperature": 0.7, "max_tokens": TOKENS, "min_tokens": TOKENS}
    together = setup.technique("self-consistency", QUESTION, params, samples=SAMPLES)
    alone = [setup.technique("few-shot-cot", QUESTION, {**params, "seed": seed}) for seed in range(SAMPLES)]

    def ours() -> None:
        setup.forget_prompts()
        answer_with(together)

    def theirs() -> None:
        for each in alone:
            setup.forget_prompts()
            answer_with(each)

    def kept() -> None:
        setup.forget_prompts()
        for each in alone:
            answer_with(each)

    ours_s, theirs_s = alternate(ours, theirs, setup.repeats)
    again_s, kept_s = alternate(ours, kept, setup.repeats)
    return Figure(
        theirs_s / ours_s,
        f"{ours_s:.1f} s against {theirs_s:.1f} s; against single runs that share one prompt: {kept_s / again_s:.2f}",
    )
