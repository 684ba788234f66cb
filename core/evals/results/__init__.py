"""What an eval came to: figures with intervals, paired differences, the table of cells, changes since an earlier run.

    summary(eval_id).as_json()                    the document of `loupe eval run --json`
    table(eval_id, mode="differ", page=2)         a page of rows × variants
    against(eval_id, earlier_id)                  what got worse, what got better
    pareto_line([(cost, score), …])               those that nothing cheaper is as good as

Everything is computed from what the store has at the moment of the call, so it may be asked while a run is under way.
Knows nothing of pages, reports or how cells come about.
"""

from __future__ import annotations

from core.evals.results.browsing import MODES, Filter, TableCell, TablePage, TableRow, assertion_names, table
from core.evals.results.changes import Against, Changes, against
from core.evals.results.ledger import Ledger, open_ledger
from core.evals.results.pareto import pareto_line
from core.evals.results.scores import MetricScore, VariantScore
from core.evals.results.summarizing import Summary, summary

__all__ = [
    "summary",
    "Summary",
    "VariantScore",
    "MetricScore",
    "table",
    "assertion_names",
    "MODES",
    "Filter",
    "TablePage",
    "TableRow",
    "TableCell",
    "against",
    "Against",
    "Changes",
    "pareto_line",
    "open_ledger",
    "Ledger",
]
