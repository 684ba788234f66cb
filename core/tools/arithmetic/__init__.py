"""Arithmetic as a person writes it, worked out exactly where that is possible and never for long.

`text.py` makes an expression of what a person or a model wrote, `evaluate.py` works it out, `functions.py` has the
functions and the limits. Knows nothing of tools.
"""

from core.tools.arithmetic.evaluate import calculate
from core.tools.arithmetic.functions import CONSTANTS, FUNCTIONS, NotComputable

__all__ = ["CONSTANTS", "FUNCTIONS", "NotComputable", "calculate"]
