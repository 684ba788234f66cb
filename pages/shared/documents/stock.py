"""What a collection holds, read once for every change of it: a page is drawn anew with every click.

Knows nothing of how it is drawn.
"""

from __future__ import annotations

import streamlit as st

from core.documents import collections
from core.documents.collections import CollectionView, DocumentView
from core.documents.measuring.recut import PREFIX

MOST_SOURCES = 1000
"""Files that a filter offers by name."""


def listed() -> list[CollectionView]:
    """All collections, without those that a grid of chunk sizes is measured in just now.

    Raises:
        StoreError: the store cannot be read.
    """
    return [view for view in collections.list_collections() if not view.name.startswith(PREFIX)]


def documents_of(collection: CollectionView) -> list[DocumentView]:
    """Its documents in the order in which they were added; not to be changed."""
    return _documents(collection.name, collection.id, collection.revision)


def chunks_by_path(collection: CollectionView) -> dict[str, int]:
    """How many chunks each document has; not to be changed."""
    return _counts(collection.name, collection.id, collection.revision)


def sources_of(collection: CollectionView) -> list[str]:
    """Paths that a filter can offer."""
    return [each.path for each in documents_of(collection)[:MOST_SOURCES]]


@st.cache_resource(max_entries=4, ttl=900, show_spinner=False)
def _documents(name: str, collection: str, revision: int) -> list[DocumentView]:
    return collections.documents(name)


@st.cache_resource(max_entries=4, ttl=900, show_spinner=False)
def _counts(name: str, collection: str, revision: int) -> dict[str, int]:
    return collections.chunk_counts(name)
