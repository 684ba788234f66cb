"""What single assertions came to, cell by cell: a column of scores for each name or type of assertion.

Reads the verdicts of all cells once. Knows nothing of what they add up to.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from core.evals.results.aligning import aligned
from core.store import eval_scans
from core.store.eval_figures import Figures

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 50
"""Names that get a column; a file with more is no file of a person."""
LOOKED = 500
Said = tuple[str, float, bool, bool | None]
"""Of a verdict: name, score, whether it passed, whether the choice changed with the order."""


@dataclass(frozen=True)
class MetricColumns:
    """Columns as long as there are cells, in the order of `Figures`."""

    score: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """By name: the mean score of the cell's verdicts of this name, NaN where it has none."""
    passed: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """By name: whether all of them passed, 1 or 0, NaN where it has none."""
    flipped: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """By name, of judges that compare: whether the choice changed with the order, 1 or 0, NaN where nothing did."""


def metric_columns(eval_id: str, figures: Figures) -> MetricColumns:
    """The columns of an eval; a verdict counts under its metric, else under its type.

    Of an assertion set, its parts count, and the set itself where it has a name.

    Args:
        eval_id: whose.
        figures: of its cells; cells that are newer are left out.

    Raises:
        StoreError: the database could not be read.
    """
    import numpy as np

    columns, cells = MetricColumns(), len(figures)
    known: dict[str, list[Said]] = {}
    for place, text in aligned(figures, eval_scans.verdicts(eval_id)):
        # cells often have the very same verdicts
        found = known.get(text)
        if found is None:
            found = list(_named(json.loads(text)))
            if len(known) < 1000:
                known[text] = found
        seen: dict[str, list[Said]] = {}
        for said in found:
            seen.setdefault(said[0], []).append(said)
        for name, values in seen.items():
            if name not in columns.score:
                if len(columns.score) == MOST:
                    continue
                columns.score[name], columns.passed[name] = np.full(cells, np.nan), np.full(cells, np.nan)
            columns.score[name][place] = sum(score for _, score, _, _ in values) / len(values)
            columns.passed[name][place] = float(all(passed for _, _, passed, _ in values))
            flips = [flipped for _, _, _, flipped in values if flipped is not None]
            if flips:
                columns.flipped.setdefault(name, np.full(cells, np.nan))[place] = float(any(flips))
    return columns


def first_names(eval_id: str) -> list[str]:
    """Names of the assertions in the first `LOOKED` cells: nearly always all there are, without a look at every cell.

    Raises:
        StoreError: the database could not be read.
    """
    names: dict[str, None] = {}
    for _, text in islice(eval_scans.verdicts(eval_id), LOOKED):
        names |= dict.fromkeys(said[0] for said in _named(json.loads(text)))
    return list(names)[:MOST]


def _named(verdicts: Any) -> Iterator[Said]:
    for each in verdicts if isinstance(verdicts, list) else ():
        if not isinstance(each, dict) or each.get("error"):
            continue
        parts = each.get("parts") or ()
        name = str(each.get("metric") or ("" if parts else each.get("label") or ""))
        if name:
            flipped = (each.get("details") or {}).get("flipped")
            yield name, float(each.get("score") or 0.0), bool(each.get("passed")), flipped
        yield from _named(parts)
