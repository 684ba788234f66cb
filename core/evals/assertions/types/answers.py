"""`exact`, `numeric`, `letter`, `qa-em`, `qa-f1` and `extract`: the metrics that Loupe scores answers with.

The others are metrics under their own names, on the whole output or on what the rule under `extract` finds; the type
`extract` demands a rule and takes any metric by name under `compare`. Knows nothing of how answers
are found or compared.
"""

from __future__ import annotations

from core.errors import InvalidInput
from core.evals.assertion import Assertion
from core.evals.assertions.case import Finding, Judged, found, graded, quoted
from core.evals.assertions.kind import Kind
from core.evals.assertions.values import references
from core.evals.scorers import METRICS, correct
from core.evals.scorers.extraction import metric_of


def _compared(judged: Judged, metric: str, answer: str) -> Finding:
    wanted = references(judged.value)
    score = correct(metric, answer, wanted)
    if METRICS[metric].graded:
        return graded(score, judged.threshold(0.5), metric)
    said = f"{quoted(answer)} is {'right' if score else 'wrong'}"
    return found(score == 1.0, said + ("." if score else f"; {quoted(wanted[0])} was expected."))


def _extracted(judged: Judged) -> Finding:
    return _compared(judged, judged.assertion.options.get("compare", "exact"), judged.text)


def _refuse(assertion: Assertion) -> str | None:
    metric = assertion.options.get("compare", "exact")
    if assertion.extract is None or not isinstance(metric, str):
        return "needs a rule under extract, such as letter, and may have a metric under compare, such as exact"
    try:
        metric_of(metric)
    except InvalidInput as error:
        return f"cannot be used: {str(error).rstrip('.')}"
    return None


def _kind(name: str) -> Kind:
    metric = METRICS[name]
    return Kind(
        name,
        metric.what,
        metric.source,
        "references",
        lambda judged: _compared(judged, name, judged.text),
        expects=True,
        usual=0.5 if metric.graded else None,
        threshold=(0.0, 1.0) if metric.graded else None,
    )


KINDS = (
    *(_kind(name) for name in ("exact", "numeric", "letter", "qa-em", "qa-f1")),
    Kind(
        "extract",
        "What the rule under extract finds is right by the metric under compare, which is exact where none is named.",
        "Loupe, docs/scoring.md",
        "references",
        _extracted,
        expects=True,
        threshold=(0.0, 1.0),
        options=("compare",),
        refuse=_refuse,
    ),
)
