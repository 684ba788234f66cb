"""How sure a figure is, whether two differ, how many rows would settle it: intervals, paired tests, corrections.

    wilson(34, 100)                          → (0.255, 0.437)
    share_interval(passed, rows)             → the same where a row was asked once; wider where rows were asked often
    mean_interval(scores, rows)              → bootstrap over rows
    mcnemar(up=14, down=3)                   → 0.0127
    sign_flip(differences)                   → p of a paired permutation test
    holm([0.01, 0.04, 0.03])                 → [0.03, 0.06, 0.06]
    compare(table)                           → every pair: difference, interval, p, decisive, rows that would settle it

Formulas and their sources are in docs/evals_statistics.md. Knows nothing of models, evals or documents; imports
nothing heavy until it computes.
"""

from __future__ import annotations

from core.statistics.holm import holm
from core.statistics.mcnemar import mcnemar
from core.statistics.means import mean_interval, share_interval
from core.statistics.pairs import Pair, compare
from core.statistics.settling import rows_to_settle, rows_to_settle_mean
from core.statistics.share_difference import share_difference
from core.statistics.sign_flip import sign_flip
from core.statistics.verdict import MIN_ROWS, verdict_sentence
from core.statistics.wilson import wilson

__all__ = [
    "wilson",
    "share_interval",
    "mean_interval",
    "share_difference",
    "mcnemar",
    "sign_flip",
    "holm",
    "rows_to_settle",
    "rows_to_settle_mean",
    "compare",
    "Pair",
    "MIN_ROWS",
    "verdict_sentence",
]
