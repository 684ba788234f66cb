"""Answers from documents: a question and a collection in, an answer with citations that hold out.

`request.py` and `result.py` (what goes in and comes out), `runs.py` (started, stored, found again), `answer.py` (how),
`groundedness` (how much of an answer stands in passages). Knows nothing of pages.
"""

from core.documents.answering.passages import Passage
from core.documents.answering.refusal import DEFAULT_RETRIEVAL, REFUSAL
from core.documents.answering.request import AnswerRequest
from core.documents.answering.result import AnswerResult, Citation, Sentence
from core.documents.answering.runs import start
from core.documents.answering.support import groundedness

__all__ = [
    "DEFAULT_RETRIEVAL",
    "REFUSAL",
    "AnswerRequest",
    "AnswerResult",
    "Citation",
    "Passage",
    "Sentence",
    "groundedness",
    "start",
]
