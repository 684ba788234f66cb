"""Prompting techniques, one file each: a question and a model in, steps and an answer out.

What they have in common: `technique.py` (the shape), `lab.py` (what each works with), `request.py` and `result.py`
(what goes in and comes out), `runs.py` (started, stored, found again). Knows nothing of pages.
"""

from core.techniques.first_prompt import Preview, preview
from core.techniques.questions import EXAMPLE_QUESTIONS, ExampleQuestion
from core.techniques.registry import TECHNIQUES
from core.techniques.request import TechniqueRequest
from core.techniques.result import CallResult, StepResult, TechniqueResult
from core.techniques.runs import start
from core.techniques.technique import Paper, Technique

__all__ = [
    "EXAMPLE_QUESTIONS",
    "TECHNIQUES",
    "CallResult",
    "ExampleQuestion",
    "Paper",
    "Preview",
    "StepResult",
    "Technique",
    "TechniqueRequest",
    "TechniqueResult",
    "preview",
    "start",
]
