"""Which chunks meet a condition on their fields: source, title, kind, page and the document's own metadata.

The condition is evaluated here rather than by Chroma, so that every search has the same answer, and because Chroma
takes longer for it than the exact search. Knows nothing of vectors.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from core.store import documents
from core.store.collections import CollectionRow
from core.store.documents import DocumentRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KEPT = 32
_kept: OrderedDict[tuple[str, int, str], NDArray[np.int64]] = OrderedDict()
_lock = threading.Lock()


def fields(document: DocumentRow, page: int | None) -> dict[str, Any]:
    """What a condition can ask of a chunk: Loupe's own fields hide metadata of the same name."""
    own = {"document": document.id, "source": document.path, "title": document.title, "kind": document.kind}
    return {**document.metadata, **own, **({} if page is None else {"page": page})}


def matching(row: CollectionRow, where: dict[str, Any]) -> NDArray[np.int64]:
    """Ids of the chunks that meet the condition, ascending.

    Raises:
        InvalidInput: it is no condition.
    """
    import numpy as np

    from core.documents.retrieval.filters import matches, normalised

    condition = normalised(where)
    key = (row.id, row.revision, json.dumps(condition, sort_keys=True))
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    known = {each.id: each for each in documents.list_documents(row.id)}
    decided: dict[tuple[int, int | None], bool] = {}
    found = []
    for chunk, document, page in documents.chunk_places(row.id):
        place = (document, page)
        if place not in decided:
            decided[place] = document in known and matches(condition, fields(known[document], page))
        if decided[place]:
            found.append(chunk)
    ids = np.asarray(found, np.int64)
    with _lock:
        _kept[key] = ids
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return ids
