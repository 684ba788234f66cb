"""What many cases need is computed at once before they are judged one by one: embeddings, so far.

Knows nothing of verdicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from core.errors import LoupeError
from core.evals.assertion import Assertion, AssertionSet
from core.evals.assertions.case import Case
from core.evals.assertions.judge import demanded
from core.evals.assertions.registry import kind_of
from core.evals.assertions.types.similar import embedded
from core.evals.judging.means import Judging


def prepare(cases: Iterable[Case], judging: Judging, assertions: Sequence[Assertion | AssertionSet] = ()) -> None:
    """Compute what judging these cases will ask for, in one go; afterwards `judge` finds it in `judging`.

    Never needed, and raises nothing: what cannot be computed here is an error of the verdicts that need it.

    Args:
        cases: a batch, at most a few thousand.
        judging: the same object as theirs.
        assertions: of the file.
    """
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for case in cases:
        for each in _similar(demanded(case.row, assertions)):
            if case.output.error is None:
                embedding, needed = embedded(each, case)
                texts[embedding] += needed
    for embedding, needed in texts.items():
        try:
            judging.vectors.add(embedding, needed)
        except LoupeError:
            continue  # each verdict that needs them says so


def _similar(assertions: Iterable[Assertion | AssertionSet]) -> Iterator[Assertion]:
    for each in assertions:
        if isinstance(each, AssertionSet):
            yield from _similar(each.assertions)
        elif (kind := kind_of(each.type)) is not None and kind.name == "similar":
            yield each
