"""The page on assertions names every type, its default threshold, and what is not here."""

from __future__ import annotations

import re
from pathlib import Path

from core.evals.assertions import ASSERTIONS
from core.evals.assertions.registry import UNSUPPORTED

PAGE = (Path(__file__).parents[4] / "docs" / "evals_assertions.md").read_text(encoding="utf-8")
TYPES, _, AFTER = PAGE.partition("## Differences from promptfoo")


def test_every_type_is_in_a_table_or_has_a_paragraph() -> None:
    named = set(re.findall(r"`([a-z0-9-]+)`", TYPES.partition("## Types")[2]))
    assert set(ASSERTIONS) - named == set()


def test_thresholds_are_those_of_the_code() -> None:
    rows = [line for line in TYPES.splitlines() if line.startswith("| `")]
    for name, kind in ASSERTIONS.items():
        row = next((line for line in rows if f"`{name}`" in line.split("|")[1]), "")
        written = re.search(r"`threshold` \(([\d.]+)\)", row)
        assert (float(written[1]) if written else None) == kind.usual, name
        if row:
            assert ("○" in row.split("|")[1]) is kind.expects, name


def test_what_is_not_here_is_not_here() -> None:
    absent = re.search(r"Not here: (.*?)\.\n", AFTER, re.DOTALL)
    assert absent is not None
    names = set(re.findall(r"`([a-z0-9-]+)`", absent[1]))
    assert names <= set(UNSUPPORTED)
    assert not names & set(ASSERTIONS)
