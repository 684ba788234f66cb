"""Worked examples: read from a file, chosen, and put in order.

A file has one JSON object a line: `question` and `answer`, and where a technique shows them `reasoning`, `program` or
`transcript` (with the `tools` that it calls). Knows nothing of how an example is worded in a prompt.
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import InvalidInput, NotFound
from core.techniques.request import Choice, Order

SHIPPED = Path(__file__).resolve().parents[2] / "prompts" / "examples"
SUFFIX = ".jsonl"
MAX_BYTES = 16 * 2**20
MAX_ROWS = 20_000
MAX_NEAREST = 2_000
"""Questions that are embedded to find the nearest: some 200 a second on two cores."""
SHOWN = 60


class Example(BaseModel):
    """One worked example."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    reasoning: str = ""
    program: str = ""
    transcript: str = ""
    """Thoughts, actions and observations, as ReAct writes them."""
    tools: tuple[str, ...] = ()
    """Tools that the transcript calls."""

    @field_validator("answer", mode="before")
    @classmethod
    def _numbers_are_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _whole_characters(self) -> Example:
        if any("\ud800" <= char <= "\udfff" for text in self.values().values() for char in text):
            raise ValueError("half a character (a lone surrogate) is not valid text")
        return self

    @property
    def title(self) -> str:
        """The beginning of its question."""
        question = " ".join(self.question.split())
        return question if len(question) <= SHOWN else question[: SHOWN - 1] + "…"

    def values(self) -> dict[str, str]:
        """Its texts, by the name of the variable that stands for each."""
        return {name: getattr(self, name) for name in ("question", "answer", "reasoning", "program", "transcript")}


def shipped_sets() -> tuple[str, ...]:
    """Names of the sets that ship with Loupe."""
    return tuple(sorted(file.name.removesuffix(SUFFIX) for file in SHIPPED.glob(f"*{SUFFIX}")))


def load(source: str) -> list[Example]:
    """All examples of a shipped set, or of a file.

    Args:
        source: name of a shipped set, else a path.

    Raises:
        NotFound: there is no such set and no such file.
        InvalidInput: it cannot be read, or a row is no example; the sentence names the row.
    """
    try:
        path = SHIPPED / f"{source}{SUFFIX}" if source in shipped_sets() else Path(source).expanduser()
        if not path.is_file():
            raise NotFound(
                f"There are no examples {_short(source)}: give a .jsonl file, or one of {', '.join(shipped_sets())}."
            )
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:  # a NUL in the name, ~NAME of nobody
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput(f"The examples {_short(source)} cannot be read: {reason}.", "examples") from None
    if len(content) > MAX_BYTES:
        raise InvalidInput(f"The examples {_short(source)} are larger than {MAX_BYTES // 2**20} MB.", "examples")
    try:
        lines = content.decode("utf-8-sig").split("\n")  # nothing else ends a row: JSON may hold U+2028 as it is
    except UnicodeDecodeError:
        raise InvalidInput(f"The examples {_short(source)} are not UTF-8 text.", "examples") from None
    rows = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not rows:
        raise InvalidInput(f"The examples {_short(source)} are empty; write one JSON object a line.", "examples")
    if len(rows) > MAX_ROWS:
        raise InvalidInput(f"The examples {_short(source)} have more than {MAX_ROWS:,} rows.", "examples")
    return [_example(line, f"Row {number} of the examples {_short(source)}") for number, line in rows]


def usable(
    rows: Sequence[Example], needs: Collection[str], tools: Collection[str] | None, source: str
) -> list[Example]:
    """The examples that have the texts a wording shows, and call no tool that is off.

    Args:
        rows: examples of `source`.
        needs: names of variables that stand in the wording of an example.
        tools: names of the tools that are on; `None` when the technique calls none.
        source: name of the set or file, for the sentence.

    Raises:
        InvalidInput: there is none; the sentence says what they lack.
    """
    found = [row for row in rows if all(row.values().get(name) for name in needs)]
    if not found:
        never = [name for name in needs if not any(row.values().get(name) for row in rows)]
        lacking = f"have no {never[0]}" if never else f"have no row with all of {', '.join(needs)}"
        raise InvalidInput(f"The examples {_short(source)} {lacking}, which this prompt shows.", "examples")
    return [row for row in found if tools is None or set(row.tools) <= set(tools)]


def choose(rows: Sequence[Example], question: str, shots: int, how: Choice, order: Order, seed: int) -> list[Example]:
    """The examples to show, in the order in which the prompt has them.

    Nearest examples are Liu et al. 2021, “What Makes Good In-Context Examples for GPT-3?”, with embeddings of
    all-MiniLM-L6-v2; that their order matters is Lu et al. 2021, “Fantastically Ordered Prompts”.

    Args:
        rows: all that can be shown, as in the file.
        question: what is asked; an example with the very same question is left out, it would give the answer away.
        shots: how many.
        how: the first ones, random ones, or the nearest to the question.
        order: of the chosen ones.
        seed: of a random choice and a random order.

    Raises:
        InvalidInput: there are more than `MAX_NEAREST` to compare.
    """
    asked = " ".join(question.split()).casefold()
    rows = [row for row in rows if " ".join(row.question.split()).casefold() != asked]
    near = _similarity(rows, question) if how == "nearest" else [0.0] * len(rows)
    places = list(range(len(rows)))
    if how == "random":
        places = random.Random(seed).sample(places, min(shots, len(places)))
    elif how == "nearest":
        places = sorted(places, key=lambda place: (-near[place], place))[:shots]
    places = sorted(places[:shots])
    if order == "reversed":
        places.reverse()
    elif order == "random":
        random.Random(f"order {seed}").shuffle(places)
    elif order == "nearest-last":
        likeness = _similarity([rows[place] for place in places], question)
        places = [place for _, place in sorted(zip(likeness, places, strict=True))]
    return [rows[place] for place in places]


def _similarity(rows: Sequence[Example], question: str) -> list[float]:
    """Cosine of each example's question with `question`."""
    if len(rows) > MAX_NEAREST:
        raise InvalidInput(
            f"The nearest of {len(rows):,} examples take minutes to find; give at most {MAX_NEAREST:,} or choose "
            "fixed or random ones.",
            "choose",
        )
    from core.models.embedding import embed

    likeness = _vectors(tuple(row.question for row in rows)) @ embed([question])[0]
    return [float(value) for value in likeness]


@lru_cache(maxsize=4)
def _vectors(questions: tuple[str, ...]) -> Any:
    """Kept: every column and every preview asks for the same ones."""
    from core.models.embedding import embed

    return embed(questions)


def _example(line: str, where: str) -> Example:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise InvalidInput(f"{where} is not JSON.", "examples") from None
    if not isinstance(row, dict):
        raise InvalidInput(f"{where} is not an object with question and answer.", "examples")
    try:
        return Example(**{str(key): value for key, value in row.items()})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "it"
        said = str(first["msg"]).removeprefix("Value error, ")
        what = "is missing" if first["type"] == "missing" else f"is not usable: {said}"
        raise InvalidInput(f"{where} cannot be used: {field} {what}.", "examples") from None


def _short(source: str) -> str:
    return source if len(source) <= 200 else f"…{source[-199:]}"
