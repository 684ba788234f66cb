"""Worked examples of eval files that ship with Loupe and run on the bundled model.

Knows nothing of what an eval file holds beyond its description.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from core.prompts import files, strict_yaml

SHIPPED = Path(__file__).resolve().parents[2] / "prompts" / "evals"
_ORDER = ("capitals", "sentiment", "arithmetic")
"""The one to begin with first; others by name."""
_MAX_BYTES = 2**20


class Example(NamedTuple):
    """One eval file that ships with Loupe."""

    name: str
    description: str
    """What it asks, in one line."""
    path: Path


def examples() -> list[Example]:
    """All of them, the one to begin with first.

    Raises:
        InvalidInput: a file was damaged.
    """
    return list(_examples())


@lru_cache(maxsize=1)
def _examples() -> tuple[Example, ...]:
    paths = sorted(
        SHIPPED.glob("*.yaml"),
        key=lambda path: (_ORDER.index(path.stem) if path.stem in _ORDER else len(_ORDER), path.stem),
    )
    return tuple(Example(path.stem, _description(path), path) for path in paths)


def _description(path: Path) -> str:
    text = files.read(path, "eval file", path.name, _MAX_BYTES).decode("utf-8")
    return str(strict_yaml.load(text, path.name).get("description", ""))
