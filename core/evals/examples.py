"""The evals that ship with Loupe: worked examples that run on the bundled model. Knows nothing of running them."""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[2] / "prompts" / "evals"
FIRST = "capitals.yaml"


def shipped_evals() -> list[Path]:
    """The files, the one for a first visit first."""
    found = [each for each in SHIPPED.glob("*") if each.name.endswith((".yaml", ".yml"))]
    return sorted(found, key=lambda each: (each.name != FIRST, each.name))
