"""What a type of assertion is: a name, what it needs, and a look at one output.

Knows no type, and nothing of negation and failures, which are in `core.evals.assertions.looking`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.evals.assertion import Assertion, Verdict
from core.evals.assertions.case import Case, Finding, Judged
from core.evals.assertions.looking import looked_at
from core.evals.assertions.needs import Needs


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of assertion."""

    name: str
    """As it is written in files, without "not-"."""
    what: str
    """When it passes, in one sentence."""
    source: str
    """Where its meaning comes from."""
    needs: Needs
    """What its value must be."""
    look: Callable[[Judged], Finding]
    """What it says of an output, before negation; raises LoupeError where nothing can be said."""
    expects: bool = False
    """Whether the row's `expected` is its value where it has none."""
    usual: float | None = None
    """The threshold where none is given; `None` where the type has none or needs none."""
    threshold: tuple[float, float] | None = None
    """Least and most that a threshold may be; `None`: a threshold means nothing to it."""
    options: tuple[str, ...] = ()
    """Names in `Assertion.options` that it acts on."""
    asks_model: bool = False
    """Whether it costs a call of a model."""
    together: Callable[[Mapping[str, Judged]], Mapping[str, Finding]] | None = None
    """For a type that compares the outputs of all variants of a row: a finding for each, by the variant's name."""
    refuse: Callable[[Assertion], str | None] | None = None
    """What else can be wrong with an assertion before anything runs, as the rest of a sentence."""

    @property
    def compares(self) -> bool:
        """Whether it looks at the outputs of all variants of a row together: see `judge_together`."""
        return self.together is not None

    def check(self, assertion: Assertion, case: Case) -> Verdict:
        """What this type says of the output of a case; never raises for what an output or a row holds."""
        return looked_at(self, assertion, {"": case}, self._one)[""]

    def check_together(self, assertion: Assertion, cases: Mapping[str, Case]) -> dict[str, Verdict]:
        """What a type that compares says of the outputs of a row, by variant; never raises, as `check`."""
        return looked_at(self, assertion, cases, self.together or self._one)

    def _one(self, judged: Mapping[str, Judged]) -> Mapping[str, Finding]:
        return {name: self.look(each) for name, each in judged.items()}
