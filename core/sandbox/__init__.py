"""Runs Python that a model or a stranger wrote, where it can do no harm. Knows nothing of models, prompts or pages."""

from core.sandbox.engine import run, run_many, status
from core.sandbox.program import EngineStatus, Execution, Limits, Program

__all__ = ["EngineStatus", "Execution", "Limits", "Program", "run", "run_many", "status"]
