"""The error of a judge that gave no verdict. Knows nothing of prompts."""

from __future__ import annotations

from typing import Any

from core.errors import ModelFailed


class JudgeFailed(ModelFailed):
    """A judge that could not be reached, or whose replies hold no verdict.

    Attributes:
        details: its prompt and replies, as they are kept with a verdict.
    """

    def __init__(self, message: str, details: dict[str, Any]) -> None:
        super().__init__(message)
        self.details = details
