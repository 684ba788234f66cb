"""The metrics that compare an answer with the right one, one file each with a `METRIC`.

A further metric is a further file and its name here. Knows nothing of rules.
"""

from __future__ import annotations

from core.evals.scorers.metric import Metric
from core.evals.scorers.metrics import contains, exact, letter, numeric, qa_em, qa_f1

_FILES = (exact, numeric, letter, qa_em, qa_f1, contains)
METRICS: dict[str, Metric] = {each.METRIC.name: each.METRIC for each in _FILES}
"""By name, in the order in which they are listed to a person."""
