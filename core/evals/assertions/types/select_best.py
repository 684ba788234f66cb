"""`select-best`: a model chooses the best of the outputs that the variants gave for a row.

Asked in both orders: an output passes that is chosen both times. Where the choice changes with the order, those that
were chosen get half a point each and none passes. Knows nothing of prompts.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import InvalidInput
from core.evals.assertions.case import Case, Finding, Judged
from core.evals.assertions.judges import OPTIONS, judge_of, question, refuse_judge
from core.evals.assertions.kind import Kind
from core.evals.judging.pairwise import compare
from core.prompts.inputs import as_text


def look(judged: Judged) -> Finding:
    """One output alone cannot be the best.

    Raises:
        InvalidInput: always.
    """
    raise InvalidInput("select-best compares the outputs of all variants; one alone cannot be judged.")


def together(judged: Mapping[str, Judged]) -> Mapping[str, Finding]:
    """A finding for each variant.

    Raises:
        InvalidInput: there are fewer than two outputs, or too many.
        JudgeFailed: the judge cannot be reached or says nothing that can be read.
    """
    names, first = list(judged), next(iter(judged.values()))
    case: Case = first.case
    comparison = compare(
        question(case),
        [each.text for each in judged.values()],
        case.judging,
        criterion=as_text(first.value),
        model=judge_of(first.assertion),
        own_wording=first.assertion.options.get("rubricPrompt"),
    )
    details = {
        **comparison.details,
        "flipped": comparison.flipped,
        "chosen": [None if place is None else names[place] for place in comparison.chosen],
    }
    found = {}
    for place, name in enumerate(names):
        votes = comparison.chosen.count(place)
        if comparison.best == place:
            found[name] = Finding(True, 1.0, f"It was chosen in both orders. {comparison.reasons[0]}".strip(), details)
        elif comparison.flipped:
            reason = "The choice changed with the order of the outputs."
            found[name] = Finding(False, 0.5 if votes else 0.0, reason, details)
        elif comparison.best is None:
            found[name] = Finding(False, 0.5, f"None is better. {comparison.reasons[0]}".strip(), details)
        else:
            reason = f"{names[comparison.best][:80]} was chosen. {comparison.reasons[0]}".strip()
            found[name] = Finding(False, 0.0, reason, details)
    return found


KINDS = (
    Kind(
        "select-best",
        "A model chooses this output as the best of all variants', in both orders.",
        "promptfoo, Select best; Zheng et al. 2023, MT-Bench",
        "text",
        look,
        options=OPTIONS,
        asks_model=True,
        together=together,
        refuse=refuse_judge,
    ),
)
