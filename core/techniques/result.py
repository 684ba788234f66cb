"""A technique's result: calls, steps, an answer and what it cost, as `core.generation.calls` folds them.

Knows nothing of any technique.
"""

from __future__ import annotations

from core.generation.calls import CallResult, CallsResult, StepResult


class TechniqueResult(CallsResult):
    """Everything a run of a technique produced; grows as events are folded in."""


__all__ = ["CallResult", "StepResult", "TechniqueResult"]
