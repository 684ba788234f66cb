"""The question and its topic, and example questions that begin a match with one click. Knows nothing of contestants."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExampleQuestion:
    """One question that is worth two answers."""

    title: str
    topic: str
    question: str


EXAMPLES = (
    ExampleQuestion("Explain", "Explaining", "Why is the sky blue?"),
    ExampleQuestion(
        "Write", "Writing", "Write two sentences that make somebody want to visit a small town by the sea."
    ),
    ExampleQuestion("Reason", "Reasoning", "Tom is older than Ann, and Ann is older than Lea. Who is the youngest?"),
    ExampleQuestion(
        "Rewrite", "Rewriting", "Make this sentence friendlier: You have not paid the invoice, pay it this week."
    ),
)
