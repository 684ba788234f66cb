"""Models as judges: a rubric, two answers beside each other, the facts of a reference; prompts and reasoning are kept.

What is judged is data from anybody: it stands between marks that it cannot contain. Knows nothing of assertions, files
or what is kept where.
"""

from __future__ import annotations

from core.evals.judging.means import Judging

__all__ = ["Judging"]
