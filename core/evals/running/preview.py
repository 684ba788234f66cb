"""What an eval would do, before it does it: rows, cells, calls that are missing, the first prompts as they are sent.

Reading a large data set takes a while, so a look is taken in a thread of its own and found again by what it is of.
Asks no model. Knows nothing of pages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from core.errors import LoupeError
from core.evals.datasets import BrokenRow, Checked, check, rows_of
from core.evals.eval_file import EvalFile
from core.evals.row import Row
from core.evals.running.fingerprints import Fingerprints
from core.evals.running.keys import key_of
from core.evals.running.start import check_models
from core.evals.variant import Request
from core.generation.request import GenerationRequest
from core.live.looks import Looks, Pending, stamp
from core.store import evals as store

FIRST_ROWS = 3
MOST_COUNTED = 20_000
"""Cells of which it is counted how many need a call: about ten seconds."""
BATCH = 500


@dataclass(frozen=True, slots=True)
class Sent:
    """What a variant would send for a row."""

    variant: str
    messages: tuple[tuple[str, str], ...]
    """Role and text; with a technique or documents the question and the system prompt."""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class FirstRow:
    """One of the first rows."""

    row: Row
    sent: tuple[Sent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What an eval would do."""

    checked: Checked
    missing: dict[str, str]
    """Why a variant's model is not here, by the variant's name."""
    cells: int
    calls: int
    """Different calls whose output is not there, among the `counted` cells."""
    cached: int
    """Of the `counted` cells, those whose output is there, or the same as another one's."""
    counted: int
    """Cells that were looked at: all, or the first `MOST_COUNTED`."""
    first: tuple[FirstRow, ...]


def look_at(file: EvalFile, *, use_cache: bool = True) -> Look:
    """Read everything once, and say what would be done.

    Raises:
        InvalidInput, NotFound: as `core.evals.running.start`.
        StoreError: the store cannot be read.
    """
    missing = check_models(file)
    checked = check(file)
    first: list[FirstRow] = []
    known: set[str] = set()
    calls = counted = 0
    cells = (checked.rows - checked.broken) * len(file.variants) * file.repeat
    for row in islice((each for each in rows_of(file) if isinstance(each, Row)), FIRST_ROWS):
        first.append(FirstRow(row, tuple(_sent(file, place, row) for place in range(len(file.variants)))))
    keys = islice(_keys(file), MOST_COUNTED)
    while batch := list(islice(keys, BATCH)):
        fresh = set(batch) - known
        there = store.known_outputs(fresh) if use_cache else set()
        calls += len(fresh - there)
        counted += len(batch)
        known |= fresh
    return Look(
        checked=checked,
        missing=missing,
        cells=cells,
        calls=calls,
        cached=counted - calls,
        counted=counted,
        first=tuple(first),
    )


def look(file: EvalFile, *, use_cache: bool = True) -> Pending[Look]:
    """The look at this very file, with this very data; it is being taken if it is new."""
    times = [stamp(each) for each in (file.data.path, *file.data.more) if each]  # zeros: of the hub, or gone
    key = hashlib.sha256(f"{file.model_dump_json()} {times} {use_cache}".encode()).hexdigest()
    return _looks.look(key, lambda: look_at(file, use_cache=use_cache))


def forget() -> None:
    """Take every look anew: outputs have come since."""
    _looks.forget()


_looks: Looks[Look] = Looks("evals", 8)


def _keys(file: EvalFile) -> Iterator[str]:
    """The key of every cell that can be asked."""
    fingerprints = Fingerprints()
    for row in rows_of(file):
        if isinstance(row, BrokenRow):
            continue
        for variant in file.variants:
            for repeat in range(file.repeat):
                try:
                    yield key_of(variant.request(row.vars, repeat), fingerprints)
                except LoupeError:  # its cell will say why
                    continue


def _sent(file: EvalFile, place: int, row: Row) -> Sent:
    variant = file.variants[place]
    try:
        return Sent(variant.name, _messages(variant.request(row.vars)))
    except LoupeError as error:
        return Sent(variant.name, (), str(error))


def _messages(request: Request) -> tuple[tuple[str, str], ...]:
    if isinstance(request, GenerationRequest):
        if request.mode == "completion":
            return (("prompt", request.prompt),)
        return tuple((each["role"], each["content"]) for each in request.chat)
    system = (("system", request.system),) if request.system else ()
    return (*system, ("question", request.question))
