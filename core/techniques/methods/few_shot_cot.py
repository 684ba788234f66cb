"""Few-shot chain of thought: worked examples that show the thoughts before each answer.

Source: Wei et al. 2022. Knows nothing of the wording, which is `prompts/techniques/few-shot-cot.prompt.yml`.
"""

from __future__ import annotations

from core.events import Step
from core.techniques.answers import conclude, nothing_found, take
from core.techniques.lab import Lab
from core.techniques.steps import begin
from core.techniques.technique import Events, Paper, Technique

WEI = Paper(
    "Wei et al.",
    2022,
    "Chain-of-Thought Prompting Elicits Reasoning in Large Language Models",
    "https://arxiv.org/abs/2201.11903",
)


def run(lab: Lab) -> Events[None]:
    """Ask once; thoughts and answer come in one text."""
    conversation, _ = yield from begin(lab)
    [reply] = yield from lab.ask("reasoning", conversation)
    yield Step("thought", reply.strip(), {})
    answer = yield from take(reply, lab.rule)
    yield from conclude(answer, nothing_found(lab.rule))


TECHNIQUE = Technique(
    name="few-shot-cot",
    title="Few-shot chain of thought",
    what="Shows worked examples that write down their thoughts before the answer; the model then does the same.",
    paper=WEI,
    helps="When a question takes several steps, and somebody can write a handful of worked examples.",
    hurts="When the model is small (the paper sees gains only in large ones): the steps look right and the sums are "
    "wrong. On questions of knowledge it adds nothing.",
    cost="One call with a long prompt, and the thoughts are written out: several times the tokens of a direct answer.",
    stages=("Shows the worked examples, then asks the question.",),
    run=run,
    options=("examples", "shots", "choose", "order", "extract"),
)
