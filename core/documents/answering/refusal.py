"""When an answer is “not in the documents”: the words, the thresholds, and how a model's own refusal is recognised.

Every constant that decides it stands here. Knows nothing of how passages are found or compared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from core.documents.answering.support import SentenceSupport
from core.documents.settings import RetrievalSettings

REFUSAL = "This is not in the documents."
"""What is shown instead of an answer, and what the wording asks a model to say."""
LEAST_SIMILARITY = 0.25
"""Cosine of question and passage, by all-MiniLM-L6-v2, below which a passage is none; the docs say how it was found."""
DEFAULT_RETRIEVAL = RetrievalSettings(threshold=LEAST_SIMILARITY)
"""How a question finds passages unless somebody says otherwise."""

Reason = Literal["no passages", "the model", "no support"]
"""Nothing passed the threshold; the model said so; nothing of what it said is in the passages."""

_SAYS_SO = re.compile(
    r"\b(?:"
    r"(?:is|are|was|were) not (?:in|mentioned in|found in|given in|stated in|specified in|provided in|answered in|"
    r"available in|included in|part of) (?:the|these|any of the|your)? ?(?:given |provided )?"
    r"(?:documents?|passages?|text|context|sources?)"
    r"|(?:documents?|passages?|text|context|sources?) (?:do|does|did)(?: not|n['’]t) "
    r"(?:explicitly |directly |specifically )?(?:say|state|mention|contain|answer|provide|specify|include|give|tell)"
    r"|(?:there is )?no (?:information|mention|answer|evidence)(?: \w+){0,6} in (?:the|these|any of the)? ?"
    r"(?:given |provided )?(?:documents?|passages?|text|context|sources?)"
    r"|(?:cannot|can['’]?t|could not|unable to) (?:be )?(?:answer|answered|find|found|determine|determined)\b"
    r")",
    re.IGNORECASE,
)


def says_so(answer: str) -> bool:
    """Whether the model itself says that the passages do not answer."""
    return bool(_SAYS_SO.search(" ".join(answer.split())))


def reason_of(answer: str, support: Sequence[SentenceSupport]) -> Reason | None:
    """Why this answer is none; `None` when it is one.

    A model that refuses and then says something that the passages do support has answered in part: that stays.
    """
    claims = [each for each in support if each.claim]
    supported = [each for each in claims if each.supported]
    if says_so(answer) and not any(not says_so(answer[each.start : each.end]) for each in supported):
        return "the model"
    if not answer.strip() or (claims and not supported):
        return "no support"
    return None
