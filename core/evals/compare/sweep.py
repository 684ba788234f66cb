"""A sweep: one variant with one or two of its settings moved over values, and what came out of every cell.

Request and result are stored as a run of their own, so that a link shows the sweep to anybody; each output in it is a
run too. Knows nothing of how cells are run (`core.evals.compare.sweeping`) or drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import InvalidInput
from core.evals.assertion import Assertion
from core.evals.assertions import check_known, kind_of
from core.evals.compare.axes import Value, setting_of
from core.evals.compare.scoring import assertions_of
from core.evals.scorers.extraction import rule_of
from core.evals.variant import Variant
from core.events import Event, Failed, Finished, Progress, Step
from core.generation.params import invalid
from core.generation.result import Timing, Usage
from core.store.runs import RunStatus

SAMPLE = "sample"
"""Kind of the step that tells one output."""
MOST_CELLS = 72
MOST_OUTPUTS = 512
MOST_SAMPLES = 32
_CHANCE = ("top_p", "top_k", "min_p", "typical_p", "seed")
"""What has no effect on a greedy answer."""
TEXT_CHARACTERS = 20_000
"""Of each output kept with the sweep; its run has all of it."""


class Axis(BaseModel):
    """One setting and its values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    setting: str
    """A key of `core.evals.compare.axes.SETTINGS`."""
    values: tuple[Value, ...] = Field(min_length=1)

    @property
    def title(self) -> str:
        """For a person."""
        return setting_of(self.setting).title


class SweepRequest(BaseModel):
    """What is swept. Build it with `SweepRequest.parse(...)` for readable errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: Variant
    """Everything that does not move."""
    values: dict[str, str] = {}
    """By variable of the prompt."""
    axes: tuple[Axis, ...] = Field(min_length=1, max_length=2)
    variants: tuple[Variant, ...] = ()
    """That of every cell, in the order of `cells`; `parse` makes them, so that a prompt of the library that changes
    later changes no sweep."""
    samples: int = Field(1, ge=1, le=MOST_SAMPLES)
    """Outputs a cell, each with the next seed; a cell that can only say the same again draws one."""
    score: str = ""
    """What scores an output, as it was typed, see `core.evals.compare.scoring`."""
    assertions: tuple[Assertion, ...] = ()
    """The same, read; `parse` does it."""
    expected: str = ""
    """The variable `expected`, for assertions that compare with it."""
    extract: str | None = None
    """The rule that finds the answer whose agreement is counted; `None`: the whole output is the answer."""
    parent: str | None = None
    """Id of the sweep that this one completes: what that one finished is taken over."""

    @property
    def model(self) -> str:
        """The reference of the variant that is swept."""
        return self.base.model

    @property
    def question(self) -> str:
        """The sweep's title."""
        asked = next((each.content for each in reversed(self.base.messages) if each.role == "user"), "")
        return f"Sweep of {' × '.join(axis.title for axis in self.axes)}: {asked}"

    @property
    def outputs(self) -> int:
        """How many outputs it will have."""
        return sum(self.draws(variant) for variant in self.variants)

    def cells(self) -> list[tuple[Value, ...]]:
        """The values of every cell, the last axis changing fastest."""
        return list(product(*(axis.values for axis in self.axes)))

    def draws(self, variant: Variant) -> int:
        """How many outputs a cell gets: one where every further one would be the same."""
        draws_itself = variant.technique == "self-consistency" or variant.model.startswith("api:")
        return self.samples if draws_itself or not variant.params.greedy else 1

    @classmethod
    def parse(cls, **values: Any) -> SweepRequest:
        """The validated sweep.

        Raises:
            LoupeError: a value is missing, malformed or out of range, a setting is moved twice, an assertion cannot be
                judged, or there is too much of it; one sentence.
        """
        try:
            request = cls(**values)
        except ValidationError as error:
            raise invalid(error, "fields of a sweep") from None
        names = [axis.setting for axis in request.axes]
        for name in names:
            setting_of(name)
        if len(set(names)) < len(names):
            raise InvalidInput(f"{request.axes[0].title} is swept twice; choose another setting.", "axes")
        cells = request.cells()
        if len(cells) > MOST_CELLS:
            raise InvalidInput(f"The grid has {len(cells)} cells; a sweep takes at most {MOST_CELLS}.", "axes")
        request = request.model_copy(update={"variants": tuple(_variant(request, each) for each in cells)})
        for variant in request.variants:
            variant.request(request.values)
        if (total := request.outputs) > MOST_OUTPUTS:
            raise InvalidInput(
                f"The sweep would draw {total:,} outputs; it takes at most {MOST_OUTPUTS}: fewer values or samples.",
                "samples",
            )
        if request.score and not request.assertions:
            request = request.model_copy(update={"assertions": assertions_of(request.score)})
        check_known(request.assertions)
        for each in request.assertions:
            if (kind := kind_of(each.type)) is not None and kind.compares:
                raise InvalidInput(f"{each.type} compares variants on one row; a sweep scores each output by itself.")
        if request.extract is not None:
            rule_of(request.extract)
        return request

    def notes(self) -> list[str]:
        """One sentence for everything that makes cells alike, before they run."""
        found = []
        sampling = [axis.title for axis in self.axes if axis.setting in _CHANCE]
        if sampling and all(variant.params.greedy for variant in self.variants):
            found.append(f"At temperature 0 {sampling[0]} changes nothing: raise the temperature, or sweep it too.")
        greedy = sum(self.draws(variant) == 1 for variant in self.variants)
        if self.samples > 1 and greedy:
            found.append(
                f"{greedy} of {len(self.variants)} cells take no chance: each draws one output instead of "
                f"{self.samples}."
            )
        return found


def _variant(request: SweepRequest, values: Sequence[Value]) -> Variant:
    """The base with the values of one cell; named by them.

    Raises:
        LoupeError: a value is none that the setting can have; one sentence.
    """
    variant, moved = request.base, list(zip(request.axes, values, strict=True))
    for axis, value in sorted(moved, key=lambda pair: _order(pair[0])):
        variant = setting_of(axis.setting).apply(variant, value)
    words = " · ".join(f"{axis.title} {_shown(value)}" for axis, value in moved)
    return variant.model_copy(update={"name": words[:200]})


def _order(axis: Axis) -> int:
    """What a technique or a collection allows is known only after it is chosen."""
    return ("technique", "collection").index(axis.setting) if axis.setting in ("technique", "collection") else 2


def _shown(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


class Taken(BaseModel):
    """One output of a cell."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")

    cell: int
    """Its place in `SweepRequest.cells`."""
    number: int
    """Which of the cell's samples, from 0."""
    run: str | None = None
    """The run that made it; `None` when none could be started."""
    text: str = ""
    error: str | None = None
    seconds: float = 0.0
    """In the crowd of the sweep: comparable within it, not with a run alone."""
    prompt_tokens: int | None = None
    completion_tokens: int = 0
    tokens_per_s: float | None = None
    cost_usd: float | None = None
    passed: bool | None = None
    """Whether all assertions hold; `None` without any, and for an output that could not be judged."""
    score: float | None = None
    """Their weighted mean, 0–1."""
    unjudged: str | None = None
    """Why the assertions say nothing of it, such as that a judge did not reply; it is then no part of any score."""
    reason: str = ""
    """What the first assertion that failed says, else what the first one says."""


class SweepResult(BaseModel):
    """Everything a sweep produced; grows as outputs come in."""

    samples: list[Taken] = []
    total_s: float = 0.0
    doing: str = ""
    """What it does beside drawing outputs, for a person."""
    error: str | None = None
    error_kind: str | None = None

    def fold(self, event: Event) -> None:
        """Add one event."""
        match event:
            case Step(kind=kind) if kind == SAMPLE:
                self.samples.append(Taken.model_validate(event.data))
            case Progress():
                self.doing = event.note
            case Finished():
                self.total_s, self.doing = event.total_s, ""
            case Failed():
                self.error, self.error_kind = event.message, event.kind
            case _:
                pass

    def of(self, cell: int) -> list[Taken]:
        """The outputs of one cell, in the order of their seeds."""
        return sorted((each for each in self.samples if each.cell == cell), key=lambda each: each.number)

    @property
    def usage(self) -> Usage:
        """Tokens of all outputs."""
        prompts = [each.prompt_tokens for each in self.samples if each.error is None]
        return Usage(
            prompt_tokens=None if None in prompts else sum(each or 0 for each in prompts),
            completion_tokens=sum(each.completion_tokens for each in self.samples),
        )

    @property
    def timing(self) -> Timing:
        """Of the whole sweep."""
        rate = self.usage.completion_tokens / self.total_s if self.total_s else None
        return Timing(total_s=self.total_s, tokens_per_s=rate)

    @property
    def text(self) -> str:
        """The beginnings of its outputs, which a search finds."""
        return "\n".join(each.text[:200] for each in self.samples[:5])

    def snapshot(self) -> SweepResult:
        """A copy that later events leave alone."""
        return self.model_copy(update={"samples": list(self.samples)})

    def ended(self, cancelled: bool) -> RunStatus:
        """How it ended when its events are over; `cancelled` says that somebody asked it to stop."""
        return "cancelled" if cancelled else "finished"

    def close(self) -> None:
        """What is there stays as it is."""


def missing(request: SweepRequest, samples: Sequence[Taken]) -> list[tuple[int, int]]:
    """Which outputs are still to be drawn, as (cell, number); one that failed is drawn again.

    The first of every cell come first, so that the grid fills evenly.
    """
    done = {(each.cell, each.number) for each in samples if each.error is None}
    wanted = [
        (cell, number) for cell, variant in enumerate(request.variants) for number in range(request.draws(variant))
    ]
    return sorted(set(wanted) - done, key=lambda place: (place[1], place[0]))
