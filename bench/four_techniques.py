"""Four techniques side by side on one model, against the same four one after another.

Every call writes the same number of tokens, so that the figure is about the batch and not about who falls silent first;
the detail has the ratio when each answer ends where the model ends it.
"""

import threading
from collections.abc import Callable

from bench.common import Figure, Setup, alternate, answer_with
from core.techniques.request import TechniqueRequest

NAME = "4 techniques side by side on one model, against one after another"
TARGET = "≥ 1.8"
TECHNIQUES = ("zero-shot", "few-shot", "zero-shot-cot", "few-shot-cot")
TOKENS = 128
QUESTION = "A library has 25 shelves and each shelf holds 35 books. How many books does the library hold?"


def measure(setup: Setup) -> Figure:
    def runners(least: int) -> tuple[Callable[[], None], Callable[[], None]]:
        params = {"temperature": 0, "max_tokens": TOKENS, "min_tokens": least}
        asked = [setup.technique(name, QUESTION, params) for name in TECHNIQUES]
        return lambda: together(setup, asked), lambda: in_turn(setup, asked)

    ours_s, theirs_s = alternate(*runners(TOKENS), setup.repeats)
    free_s, free_theirs_s = alternate(*runners(0), setup.repeats)
    return Figure(
        theirs_s / ours_s,
        f"{ours_s:.1f} s against {theirs_s:.1f} s; with answers of their own length: {free_theirs_s / free_s:.2f}",
    )


def together(setup: Setup, asked: list[TechniqueRequest]) -> None:
    setup.forget_prompts()
    threads = [threading.Thread(target=answer_with, args=(each,)) for each in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def in_turn(setup: Setup, asked: list[TechniqueRequest]) -> None:
    setup.forget_prompts()
    for each in asked:
        answer_with(each)
