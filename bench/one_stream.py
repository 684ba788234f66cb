"""One stream against `generate`: greedy, 128 tokens."""

from bench.common import PROMPTS, Figure, Setup, alternate, run

NAME = "one stream, tokens/s, against generate"
TARGET = "≥ 0.95"
TOKENS = 128


def measure(setup: Setup) -> Figure:
    def stream() -> None:
        setup.forget_prompts()
        run(setup.request(PROMPTS[0], TOKENS, temperature=0))

    ours, theirs = alternate(
        stream,
        lambda: setup.generate_plainly(PROMPTS[0], TOKENS, do_sample=False),
        setup.repeats,
    )
    return Figure(theirs / ours, f"{TOKENS / ours:.1f} against {TOKENS / theirs:.1f} tokens/s")
