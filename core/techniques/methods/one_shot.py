"""One-shot: one worked example before the question.

Source: Brown et al. 2020, section 2. Knows nothing of the wording, which is `prompts/techniques/one-shot.prompt.yml`.
"""

from __future__ import annotations

from core.techniques.methods.zero_shot import BROWN, run
from core.techniques.technique import Technique

TECHNIQUE = Technique(
    name="one-shot",
    title="One-shot",
    what="Shows one question with its answer, then asks yours. The example says what an answer should look like.",
    paper=BROWN,
    helps="When the model knows the answer but not the form you want: one word, a label, a number without a sentence.",
    hurts="When the example is unlike the question: the model copies its topic or its answer.",
    cost="One call; the example is read again with every question.",
    stages=("Shows one example, then asks the question.",),
    run=run,
    options=("examples", "choose", "extract"),
)
