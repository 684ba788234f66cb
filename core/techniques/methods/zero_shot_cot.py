"""Zero-shot chain of thought: "Let's think step by step", then a second call takes the answer out of the thoughts.

Source: Kojima et al. 2022. Knows nothing of the wording, which is `prompts/techniques/zero-shot-cot.prompt.yml`.
"""

from __future__ import annotations

from core.events import Step
from core.techniques.answers import conclude, nothing_found, take
from core.techniques.lab import Lab
from core.techniques.steps import begin
from core.techniques.technique import Events, Paper, Technique

ANSWER_TOKENS = 48
"""An answer is short; a small model would else go on."""


def run(lab: Lab) -> Events[None]:
    """Let the model think, then ask for the answer its thoughts lead to."""
    conversation, _ = yield from begin(lab)
    [reasoning] = yield from lab.ask("reasoning", conversation)
    yield Step("thought", reasoning.strip(), {})
    asked = lab.wording.go_on({"question": lab.request.question, "reasoning": reasoning})
    conversation = yield from lab.reserve(conversation.reply(reasoning).say(asked), ANSWER_TOKENS)
    if not lab.fits(conversation, ANSWER_TOKENS):
        yield from conclude(None, "With the model's thoughts the second prompt does not fit the context.")
        return
    [reply] = yield from lab.ask("answer", conversation, max_tokens=ANSWER_TOKENS)
    answer = yield from take(f"The answer is {reply}", lab.rule)  # what was asked before it holds words of ours
    yield from conclude(answer, nothing_found(lab.rule))


TECHNIQUE = Technique(
    name="zero-shot-cot",
    title="Zero-shot chain of thought",
    what="Adds “Let's think step by step”, lets the model write down its thoughts, and then asks for the answer they "
    "lead to.",
    paper=Paper(
        "Kojima et al.", 2022, "Large Language Models are Zero-Shot Reasoners", "https://arxiv.org/abs/2205.11916"
    ),
    helps="When a question takes a few steps (sums in words, dates, logic) and nobody has written examples for it.",
    hurts="When the model is small: its thoughts sound right and go wrong. On questions of knowledge it adds nothing.",
    cost="Two calls, and the thoughts are written out: some ten times the tokens of a direct answer.",
    stages=("Asks the question and lets the model think.", "Reads the thoughts back and asks for the answer alone."),
    run=run,
    options=("extract",),
    reply="reasoning",
    later=("reasoning",),
)
