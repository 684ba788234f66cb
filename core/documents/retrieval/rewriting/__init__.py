"""One file a way to rewrite the question before the search; each has a function `rewrite`.

Knows nothing of what is searched.
"""

from __future__ import annotations

from core.documents.retrieval.rewriting import hyde, multi_query
from core.documents.retrieval.rewriting.asking import Rewritten

REWRITES = {"multi-query": multi_query.rewrite, "hyde": hyde.rewrite}
"""By the names of `core.documents.settings.Rewrite`, but for "none"."""

__all__ = ["REWRITES", "Rewritten"]
