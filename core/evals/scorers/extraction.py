"""Finding an answer by the name of a rule.

Knows nothing of any rule.
"""

from __future__ import annotations

from collections.abc import Callable

from core.errors import InvalidInput
from core.evals.scorers import patterns
from core.evals.scorers.metric import Metric
from core.evals.scorers.metrics import METRICS
from core.evals.scorers.rule import Rule
from core.evals.scorers.rules import RULES


def rule_of(name: str) -> Rule:
    """The rule that `name` means, such as `letter` or `regex:Answer: (.*)`.

    Raises:
        InvalidInput: there is no such rule, or its pattern is malformed; one sentence that names it.
    """
    known, colon, argument = name.partition(":")
    rule = RULES.get(known)
    if rule is None or (colon and not rule.argument):
        usages = ", ".join(each.usage for each in RULES.values())
        raise InvalidInput(f"There is no rule {_short(name)}; choose one of {usages}.", "extract")
    if rule.argument:
        patterns.check(argument)
    return rule


def metric_of(name: str) -> Metric:
    """The metric that `name` means.

    Raises:
        InvalidInput: there is no such metric.
    """
    if (metric := METRICS.get(name)) is None:
        raise InvalidInput(f"There is no metric {_short(name)}; choose one of {', '.join(METRICS)}.", "metric")
    return metric


def finder(name: str) -> Callable[[str], str | None]:
    """The rule as a function from a text to its answer, `None` when there is none.

    Raises:
        InvalidInput: there is no such rule, or its pattern is malformed; the function raises it when a search with the
            pattern takes too long.
    """
    rule = rule_of(name)
    arguments = (name.partition(":")[2],) if rule.argument else ()

    def find(text: str) -> str | None:
        return (rule.find(text, *arguments) or "").strip() or None

    return find


def extract(rule: str, text: str) -> str | None:
    """The answer that `rule` finds in `text`; `None` when it finds none.

    Raises:
        InvalidInput: there is no such rule, its pattern is malformed, or a search with it takes too long.
    """
    return finder(rule)(text)


def _short(name: str) -> str:
    return repr(name if len(name) <= 60 else name[:57] + "…")
