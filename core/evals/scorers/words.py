"""A text as question answering compares it: lower case, no punctuation, no articles, single spaces.

Source: the evaluation scripts of SQuAD (Rajpurkar et al. 2016) and HotpotQA (Yang et al. 2018), which agree. Knows
nothing of metrics.
"""

from __future__ import annotations

import re
import string

_PUNCTUATION = dict.fromkeys(map(ord, string.punctuation))
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def normalise(text: str) -> str:
    """`text` in the form that is compared; "" when nothing is left of it."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())
