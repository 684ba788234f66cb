"""The cells of an eval that are missing, as tasks: the same call for several cells is one task.

Rows are read page by page, and no output is held that is not being judged, so that memory stays flat. Knows nothing of
threads, judging or jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from core.errors import LoupeError
from core.evals.assertions import compares
from core.evals.datasets import BrokenRow, rows_of
from core.evals.eval_file import EvalFile
from core.evals.output import Output
from core.evals.row import Row
from core.evals.running.fingerprints import Fingerprints
from core.evals.running.keys import key_of
from core.evals.variant import Request
from core.models.reference import parse_ref
from core.store import evals as store
from core.store.evals import CellId

CELLS_A_PAGE = 512
MOST_POSTPONED = 2048


@dataclass(frozen=True, slots=True)
class Place:
    """A cell that is missing."""

    row: Row
    variant: int
    repeat: int

    @property
    def id(self) -> CellId:
        """As the store names it."""
        return self.row.number, self.variant, self.repeat


@dataclass(slots=True)
class Task:
    """One output, and the cells that show it."""

    key: str
    """"" where there is nothing to ask."""
    places: list[Place] = field(default_factory=list)
    request: Request | None = None
    """What to ask; `None` where the output is there."""
    kept: str = ""
    """The output as JSON, where it is there."""
    problem: Output | None = None
    """Instead of an output, where the row cannot be asked."""


class Matrix:
    """Variants × rows × repeats of one eval."""

    def __init__(
        self,
        eval_id: str,
        file: EvalFile,
        fingerprints: Fingerprints,
        salt: str = "",
        ready: Callable[[list[Task]], None] = lambda tasks: None,
    ) -> None:
        """Set up.

        Args:
            eval_id: whose cells.
            file: what is compared.
            fingerprints: of what requests depend on.
            salt: see `key_of`.
            ready: told of tasks whose outputs are there, many at once, before they are given out.
        """
        self._eval, self._file = eval_id, file
        self._fingerprints, self._salt = fingerprints, salt
        self._ready = ready
        self.compares = False
        """Whether a row that was given out has an assertion that compares the outputs of all variants."""

    def groups(self) -> list[tuple[str, list[int]]]:
        """Places of the variants of each model, models in the order of the file, so that weights are loaded once."""
        found: dict[str, list[int]] = {}
        for place, variant in enumerate(self._file.variants):
            found.setdefault(canonical(variant.model), []).append(place)
        return list(found.items())

    def tasks(self, variants: Sequence[int], busy: Container[str]) -> Iterator[Task | None]:
        """What is to be done for some variants; `None` asks to wait until all tasks before it are stored.

        Cells without an answer from an earlier attempt are asked again.

        Args:
            variants: their places.
            busy: keys of tasks that are under way or not stored yet, at any moment.
        """
        postponed: list[Place] = []
        for page in self._pages(len(variants)):
            numbers = [row.number for row in page]
            done = store.done_cells(self._eval, first=numbers[0], last=numbers[-1], errors=False)
            wanted = (
                Place(row, variant, repeat)
                for row in page
                for variant in variants
                for repeat in range(self._file.repeat)
            )
            missing = [place for place in wanted if place.id not in done]
            again, postponed = postponed, []
            yield from self._planned([*again, *missing], busy, postponed)
            if len(postponed) > MOST_POSTPONED:
                yield None
        while postponed:
            yield None
            again, postponed = postponed, []
            yield from self._planned(again, busy, postponed)

    def _pages(self, variants: int) -> Iterator[list[Row]]:
        size = max(1, CELLS_A_PAGE // (variants * self._file.repeat))
        page: list[Row] = []
        for row in rows_of(self._file):
            if not isinstance(row, BrokenRow):
                page.append(row)
                self.compares = self.compares or compares(row.assertions)
            if len(page) == size:
                yield page
                page = []
        if page:
            yield page

    def _planned(self, places: Iterable[Place], busy: Container[str], postponed: list[Place]) -> Iterator[Task]:
        by_key: dict[str, Task] = {}
        for place in places:
            try:
                request = self._file.variants[place.variant].request(place.row.vars, place.repeat)
                key = key_of(request, self._fingerprints, self._salt)
            except LoupeError as error:
                yield Task("", [place], problem=Output(error=str(error)))
                continue
            if key in busy:
                postponed.append(place)  # the same call is under way: its answer will do
                continue
            by_key.setdefault(key, Task(key, request=request)).places.append(place)
        for key, output in store.outputs(by_key).items():
            by_key[key].request, by_key[key].kept = None, output
        self._ready([task for task in by_key.values() if task.kept])
        for key, task in by_key.items():
            if key in busy:  # since it was looked at
                postponed += task.places
            else:
                yield task


def canonical(reference: str) -> str:
    """The reference as the pool knows it; as it is, where it is none or its files are gone."""
    try:
        return str(parse_ref(reference))
    except LoupeError:
        return reference
