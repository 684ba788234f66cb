"""Eight samples of one 512-token prompt: time until all have a first token, against eight `generate` calls."""

from bench.common import PROMPTS, Figure, Setup, alternate, run

NAME = "8 samples of a 512-token prompt, time to all first tokens, against 8 calls"
TARGET = "≤ 0.25"


def measure(setup: Setup) -> Figure:
    _, tokenizer = setup.plain
    prompt = tokenizer.decode((tokenizer(" ".join(PROMPTS))["input_ids"] * 20)[:512])
    asked = setup.request(prompt, 1, n=8, seed=1)

    def ours() -> None:
        setup.forget_prompts()
        run(asked)

    def theirs() -> None:
        for _ in range(8):
            setup.generate_plainly(prompt, 1, do_sample=True, top_k=0)

    ours_s, theirs_s = alternate(ours, theirs, setup.repeats)
    return Figure(ours_s / theirs_s, f"{ours_s:.2f} s against {theirs_s:.2f} s")
