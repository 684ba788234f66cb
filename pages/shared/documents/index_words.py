"""The state of a collection's search index in a few words. Knows nothing of how it is kept."""

from __future__ import annotations

from core.documents import index
from core.documents.collections import CollectionView

_WORDS = {
    "current": "index current",
    "behind": "index behind: exact search",
    "resting": "exact search",
    "failing": "index failing: exact search",
    "elsewhere": "in use by another process: exact search",
}


def index_words(collection: CollectionView) -> str:
    """`index current`, `rebuilding 40 %`, `in use by another process: exact search`.

    Raises:
        LoupeError: the collection was deleted, or the store cannot be read.
    """
    if not collection.chunks:
        return "empty"
    state = index.state(collection.name)
    if state.status == "building":
        return f"rebuilding {state.done / state.total:.0%}".replace("%", " %") if state.total else "rebuilding"
    return _WORDS[state.status]
