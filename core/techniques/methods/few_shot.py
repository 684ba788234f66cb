"""Few-shot: several worked examples before the question.

Source: Brown et al. 2020, section 2. Which examples are chosen (Liu et al. 2021) and how they are ordered (Lu et al.
2021) matters, so both are options. Knows nothing of the wording, which is `prompts/techniques/few-shot.prompt.yml`.
"""

from __future__ import annotations

from core.techniques.methods.zero_shot import BROWN, run
from core.techniques.technique import Technique

TECHNIQUE = Technique(
    name="few-shot",
    title="Few-shot",
    what="Shows several questions with their answers, then asks yours. The model learns task and form from them on the "
    "spot, without training.",
    paper=BROWN,
    helps="When there is a pattern to follow: labels, extraction, a house style. Examples like the question help most.",
    hurts="When the answer takes several steps of thinking: the examples show results, not how to get there. Wrong or "
    "one-sided examples are copied too.",
    cost="One call; all examples are read again with every question, so prompts are several times longer.",
    stages=("Shows the examples, then asks the question.",),
    run=run,
    options=("examples", "shots", "choose", "order", "extract"),
)
