"""Retrieval as a number: question sets, metrics with intervals, chunks against known spans, grids of settings.

Knows nothing of pages.
"""

from __future__ import annotations

from core.documents.measuring.chunking import SpansMeasured, measure_spans
from core.documents.measuring.measurement import Item, Measured, measure
from core.documents.measuring.question_sets import Question, QuestionSet, read, write
from core.documents.measuring.spans import read_spans

__all__ = [
    "measure",
    "Measured",
    "Item",
    "measure_spans",
    "SpansMeasured",
    "read_spans",
    "read",
    "write",
    "Question",
    "QuestionSet",
]
