"""Self-consistency: several chains of thought drawn at random, and a vote on their answers.

All samples are drawn in one request, so the prompt is computed once. Source: Wang et al. 2022. Knows nothing of the
wording, which is `prompts/techniques/self-consistency.prompt.yml`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from core.evals.scorers import vote
from core.events import Step
from core.techniques.answers import conclude, find
from core.techniques.lab import Lab
from core.techniques.steps import begin
from core.techniques.technique import Events, Paper, Technique

SAMPLES = 8
TEMPERATURE = 0.7
"""The paper's for PaLM-540B and GPT-3; used when the temperature is 0, where all samples would be the same."""
_NUMBER = re.compile(
    r"\W*?(?P<sign>[-−])?\s?[$€£¥]?\s?(?P<digits>\d[\d,]{0,40}(?:\.\d{1,40})?|\.\d{1,40})\s?[%°]?(?:\s?[^\W\d_]+){0,3}\W*"
)
_OPTION = re.compile(r"\W*([A-Za-z])\W*")


def run(lab: Lab) -> Events[None]:
    """Draw the samples, find each one's answer, and count."""
    conversation, _ = yield from begin(lab)
    samples, temperature = lab.request.samples or SAMPLES, None
    if lab.request.params.greedy:
        temperature = TEMPERATURE
        yield Step("note", f"At temperature 0 all samples would be the same; they are drawn at {TEMPERATURE}.", {})
    replies = yield from lab.ask("samples", conversation, n=samples, temperature=temperature)
    rule = lab.rule
    answers = [find(reply, rule) for reply in replies]
    for number, (reply, answer) in enumerate(zip(replies, answers, strict=True), start=1):
        yield Step("thought", reply.strip(), {"sample": number, "answer": answer})
    won = vote([answer and canonical(answer) for answer in answers], "exact")
    groups: list[dict[str, Any]] = [
        {"answer": answers[members[0]], "count": count, "samples": [member + 1 for member in members]}
        for _, count, members in won.groups
    ]
    silent = [place + 1 for place, answer in enumerate(answers) if answer is None]
    if silent:
        groups.append({"answer": None, "count": len(silent), "samples": silent})
    agreement = won.count / samples
    data = {"groups": groups, "total": samples, "agreement": agreement, "rule": rule}
    yield Step("votes", f"{won.count} of {samples} agree.", data)
    yield from conclude(
        groups[0]["answer"] if groups else None,
        f"The rule {rule} finds an answer in none of the {samples} samples, so there is nothing to vote on.",
        agreement=agreement,
    )


def canonical(answer: str) -> str:
    """What two answers have in common when they are the same one.

    A number stands for itself, however it is written and whatever unit follows it (`$1,200.00`, `1200 dollars`); an
    option for its letter (`(b).`); anything else for its words without case and without what ends the sentence.
    """
    if found := _NUMBER.fullmatch(answer):
        value = Decimal(("-" if found["sign"] else "") + found["digits"].replace(",", ""))
        return f"{value.normalize() + 0:f}"
    if found := _OPTION.fullmatch(answer):
        return found[1].upper()
    return " ".join(answer.casefold().split()).strip(" .!\"'“”")


TECHNIQUE = Technique(
    name="self-consistency",
    title="Self-consistency",
    what="Lets the model think through the question several times, at random, and takes the answer that most of its "
    "thoughts end in. The share that agrees says how sure it is.",
    paper=Paper(
        "Wang et al.",
        2022,
        "Self-Consistency Improves Chain of Thought Reasoning in Language Models",
        "https://arxiv.org/abs/2203.11171",
    ),
    helps="When several ways of thinking lead to one short answer, such as a number or an option: slips are outvoted.",
    hurts="When the model is mostly wrong: then the vote is wrong too, and sounds sure. Free text cannot be voted on.",
    cost="As many answers as samples, eight unless you change it. They share one prompt and are written side by side, "
    "so it takes far less than eight times as long.",
    stages=("Shows worked examples, then asks the question; all samples are drawn together.",),
    run=run,
    options=("examples", "shots", "choose", "order", "samples", "extract"),
)
