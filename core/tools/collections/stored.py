"""A collection of documents, made on the page Collections or with `loupe docs`, as Search and Lookup use one.

Ranked as `core.documents.retrieval` ranks it, documents by their best passage; a document whose title or file name is
the query comes first. Knows nothing of tools, nor of how passages are found.
"""

from __future__ import annotations

import difflib
import threading
from collections import OrderedDict
from pathlib import PurePosixPath

from core.documents import collections as stored
from core.documents.answering.refusal import DEFAULT_RETRIEVAL
from core.documents.collections import DocumentView
from core.tools.collections.collection import Hit
from core.tools.collections.titles import MAX_QUERY, plain_title
from core.tools.page import Page, shortened

KEPT = 4
"""Collections whose titles stay in memory."""
PASSAGES = 4
"""Passages that are looked at for every document that is wanted: several may be of one."""


class StoredCollection:
    """One collection of the store, as it was when it was opened."""

    def __init__(self, name: str) -> None:
        """Read the titles of its documents.

        Raises:
            NotFound: there is no such collection.
        """
        self.name = name
        self.notes: tuple[str, ...] = ()
        self._documents = stored.documents(name)
        self._titles: dict[str, DocumentView] = {}
        for each in reversed(self._documents):
            self._titles[plain_title(PurePosixPath(each.path).stem)] = each
        for each in reversed(self._documents):
            self._titles[plain_title(each.title)] = each
        self._titles.pop("", None)

    def search(self, query: str, k: int) -> list[Hit]:
        """The `k` best documents; see `Collection.search`. Only the first one comes with its text."""
        from core.documents import retrieval

        query = query[:MAX_QUERY]
        hits: list[Hit] = []
        seen: set[int] = set()
        exact = self._titles.get(plain_title(query))
        if exact is not None:
            page = _page(exact)
            hits.append(Hit(page, page.opening(), float("inf"), exact=True))
            seen.add(exact.id)
        for found in retrieval.search(self.name, query, DEFAULT_RETRIEVAL.model_copy(update={"k": PASSAGES * k})).hits:
            if len(hits) >= k:
                break
            if found.document in seen:
                continue
            seen.add(found.document)
            page = Page(found.title, "", found.source)
            if not hits:
                page = Page(found.title, stored.document(found.document)[1], found.source)
            hits.append(Hit(page, shortened(" ".join(found.text.split())), found.score))
        return hits[:k]

    def similar(self, title: str, k: int) -> list[str]:
        """Titles spelt alike; see `Collection.similar`."""
        near = difflib.get_close_matches(plain_title(title[:MAX_QUERY]), list(self._titles), n=k, cutoff=0.6)
        return list(dict.fromkeys(_name(self._titles[each]) for each in near))


def open_stored(name: str) -> StoredCollection:
    """The collection of this name; the titles of an unchanged one are not read again.

    Raises:
        NotFound: there is no such collection.
    """
    now = stored.get(name)
    state = (now.id, now.revision)
    with _lock:
        known = _cache.get(name)
        if known is not None and known[0] == state:
            _cache.move_to_end(name)
            return known[1]
        collection = StoredCollection(name)
        _cache[name] = (state, collection)
        while len(_cache) > KEPT:
            _cache.popitem(last=False)
        return collection


def _page(document: DocumentView) -> Page:
    return Page(_name(document), stored.document(document.id)[1], document.path)


def _name(document: DocumentView) -> str:
    return document.title or document.path


_lock = threading.Lock()
_cache: OrderedDict[str, tuple[tuple[str, int], StoredCollection]] = OrderedDict()
