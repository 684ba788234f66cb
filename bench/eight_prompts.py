"""Eight different prompts with different settings at once, against eight `generate` calls one after another."""

from typing import Any

from bench.common import MIXED, PROMPTS, Figure, Setup, alternate, at_once

NAME = "8 prompts with 8 settings at once, total tokens/s, against 8 generate calls"
TARGET = "≥ 3"
TOKENS = 64


def measure(setup: Setup) -> Figure:
    asked = [setup.request(prompt, TOKENS, **params) for prompt, params in zip(PROMPTS, MIXED, strict=True)]

    def ours() -> None:
        setup.forget_prompts()
        at_once(asked)

    def theirs() -> None:
        for prompt, params in zip(PROMPTS, MIXED, strict=True):
            setup.generate_plainly(prompt, TOKENS, **plain(params))

    ours_s, theirs_s = alternate(ours, theirs, setup.repeats)
    total = TOKENS * len(PROMPTS)
    return Figure(theirs_s / ours_s, f"{total / ours_s:.0f} against {total / theirs_s:.0f} tokens/s")


def plain(params: dict[str, Any]) -> dict[str, Any]:
    """The same settings for `generate`, which has no presence and frequency penalty and no seed."""
    known = {k: v for k, v in params.items() if k not in ("seed", "presence_penalty", "frequency_penalty")}
    if known.get("temperature") == 0:
        return {k: v for k, v in known.items() if k != "temperature"} | {"do_sample": False}
    return {"top_k": 0} | known | {"do_sample": True}
