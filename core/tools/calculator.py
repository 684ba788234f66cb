"""Calculator: arithmetic that comes out right, whatever the model would have guessed.

Knows nothing of expressions, which are `core.tools.arithmetic`.
"""

from __future__ import annotations

from core.tools.arithmetic import NotComputable, calculate
from core.tools.tool import Context, Observation, Tool


def run(argument: str, context: Context) -> Observation:
    """The value, or one sentence why there is none."""
    try:
        return Observation(calculate(argument))
    except NotComputable as error:
        return Observation(f"The calculator cannot work this out: {error}.", ok=False)


TOOL = Tool(
    name="Calculator",
    description="works out an expression with + - * / % ** and functions such as sqrt, round, min, max.",
    argument="expression",
    run=run,
    timeout_s=5,
)
