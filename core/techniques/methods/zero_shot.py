"""Zero-shot: the question as it is, without any example.

Source: Brown et al. 2020, section 2. Knows nothing of the wording, which is `prompts/techniques/zero-shot.prompt.yml`.
"""

from __future__ import annotations

from core.techniques.answers import conclude, nothing_found, take
from core.techniques.lab import Lab
from core.techniques.steps import begin
from core.techniques.technique import Events, Paper, Technique

BROWN = Paper("Brown et al.", 2020, "Language Models are Few-Shot Learners", "https://arxiv.org/abs/2005.14165")


def run(lab: Lab) -> Events[None]:
    """Ask once, after the examples if the wording shows any, and take what comes."""
    conversation, _ = yield from begin(lab)
    [reply] = yield from lab.ask("answer", conversation)
    answer = yield from take(reply, lab.rule)
    yield from conclude(answer, nothing_found(lab.rule))


TECHNIQUE = Technique(
    name="zero-shot",
    title="Zero-shot",
    what="Asks the question and nothing else. Every other technique is measured against this one.",
    paper=BROWN,
    helps="When the model already does this kind of task well: summaries, rewriting, everyday knowledge.",
    hurts="When the answer must have a certain form, or takes several steps of thinking: small models guess.",
    cost="One short call: the cheapest there is.",
    stages=("Asks the question.",),
    run=run,
    options=("extract",),
)
