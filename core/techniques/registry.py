"""All techniques by name, in the order in which a page shows them. A further technique is a file and a name here.

Knows nothing of what they do.
"""

from __future__ import annotations

from core.techniques.methods import (
    few_shot,
    few_shot_cot,
    one_shot,
    pal,
    react,
    self_consistency,
    zero_shot,
    zero_shot_cot,
)
from core.techniques.technique import Technique

TECHNIQUES: dict[str, Technique] = {
    each.TECHNIQUE.name: each.TECHNIQUE
    for each in (zero_shot, one_shot, few_shot, zero_shot_cot, few_shot_cot, self_consistency, pal, react)
}
