"""`program`: runs the output as a Python program in the sandbox.

Knows nothing of how programs are kept apart, which is `core.sandbox`. Many programs at once go through
`core.evals.scorers.programs`.
"""

from __future__ import annotations

from core.evals.scorers.rule import Rule


def find(text: str) -> str | None:
    """The value of the program: its last expression, else what it printed; `None` when it fails."""
    from core.evals.scorers.programs import run

    return run(text).answer


RULE = Rule(
    name="program",
    what="Runs the output as a Python program in the sandbox and takes the value of the row's answer_name.",
    source="Gao et al. 2022, PAL: Program-aided Language Models; Chen et al. 2022, Program of Thoughts Prompting",
    find=find,
)
