"""How the page Compress names models and writes figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.compression import CompressRequest
from core.errors import LoupeError
from core.models.reference import parse_ref
from core.store.export import defuse

FIELDS = CompressRequest.model_fields
TELLING = ("bits", "precision", "criterion", "structure", "sparsity", "keep", "steps")
"""Settings that say how a version was made even where they are the usual ones."""


def megabytes(count: float) -> str:
    """Bytes in the unit that files are counted in: `94.1 MB`."""
    return f"{count / 1e9:,.2f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def short(ref: str) -> str:
    """The last part of a reference, with its options; not safe for Markdown."""
    try:
        parsed = parse_ref(ref)
    except LoupeError:  # its files are gone; the reference still says which it was
        return ref.rstrip("/").rpartition("/")[2] or ref
    return str(parsed).removeprefix(parsed.base[: -len(_last(parsed.base))] if parsed.path else "")


def names_of(refs: Sequence[str]) -> dict[str, str]:
    """A short name for each, the whole reference where two would be the same."""
    names = {ref: short(ref) for ref in refs}
    return {ref: name if list(names.values()).count(name) == 1 else ref for ref, name in names.items()}


def how(method: str, settings: dict[str, Any]) -> str:
    """In one line how a version was made: `gptq · bits 4 · group size 64`; others may have written it."""
    parts = [method]
    for name, value in settings.items():
        usual = name in FIELDS and value == FIELDS[name].default and name not in TELLING
        if usual or value in ("", None, [], ()):
            continue
        if name == "calibration":
            value = str(value).rpartition("/")[2]
        words = name.replace("_", " ")
        parts.append(
            words if value is True else f"{words} {value:g}" if isinstance(value, float) else f"{words} {value}"
        )
    return defuse(" · ".join(parts)[:400])


def _last(base: str) -> str:
    return base.rstrip("/").rpartition("/")[2]
