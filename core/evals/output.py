"""What came out of one call of a variant: what assertions look at, what is kept and used again.

Knows nothing of variants, assertions or the store.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Output(BaseModel):
    """One answer, whatever asked for it: a plain generation, a technique, documents."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")

    text: str = ""
    """The answer: what assertions judge."""
    error: str | None = None
    """One sentence on why there is none; such an output is never used again for another run."""
    prompt: str = ""
    """The first prompt exactly as it was sent."""
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    """`None` where an endpoint does not count them."""
    completion_tokens: int = 0
    seconds: float = 0.0
    """From the call to the end, waiting in a shared batch included."""
    ttft_s: float | None = None
    cost_usd: float | None = None
    steps: tuple[dict[str, Any], ...] = ()
    """Of a technique or of documents: `{"kind", "text", "data"}`, in order."""
    kept: str | None = Field(None, exclude=True)
    """Key under which it is kept without belonging to a cell; no part of what is kept."""
