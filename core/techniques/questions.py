"""Questions that show what a technique is good for, one click each on the page.

Each was run on the bundled model, greedily: the titles promise only what was seen there. Knows nothing of techniques
but their names.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExampleQuestion:
    """One question, its right answer, and the techniques worth comparing on it."""

    title: str
    question: str
    answer: str
    techniques: tuple[str, ...]
    collection: str | None = None
    """The shipped collection that Search reads, where the question needs one."""


EXAMPLE_QUESTIONS: tuple[ExampleQuestion, ...] = (
    ExampleQuestion(
        "A sum in words",
        "A library has 25 shelves and each shelf holds 35 books. How many books does the library hold?",
        "875",
        ("zero-shot", "zero-shot-cot", "pal"),
    ),
    ExampleQuestion(
        "With the calculator",
        "What is 3847 times 29?",
        "111563",
        ("zero-shot", "few-shot-cot", "react"),
    ),
    ExampleQuestion(
        "Two steps",
        "Maria buys 6 shirts for $19 each and a coat for $85. How much does she spend?",
        "199",
        ("zero-shot", "few-shot-cot", "pal"),
    ),
    ExampleQuestion(
        "Look it up",
        "Who discovered Pluto?",
        "Clyde Tombaugh",
        ("zero-shot", "react"),
        "solar-system",
    ),
    ExampleQuestion(
        "A vote on a wrong sum",
        "A farmer plants 48 rows of 76 trees. How many trees does he plant?",
        "3648",
        ("few-shot-cot", "self-consistency", "pal"),
    ),
    ExampleQuestion(
        "Where all fail",
        "A shirt costs $40 and is 15% off. How much does it cost now?",
        "34",
        ("zero-shot", "self-consistency", "pal", "react"),
    ),
)
