"""A folder of text files as a collection: passages ranked by BM25, documents by their best passage.

BM25 is Robertson et al. 1994, as bm25s computes it, with English stop words and the Snowball stemmer. The index is kept
in memory until a file in the folder changes. Knows nothing of tools.
"""

from __future__ import annotations

import difflib
import re
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import InvalidInput
from core.tools.collections.collection import Hit
from core.tools.collections.reading import Listed, listing, named, read
from core.tools.collections.titles import MAX_QUERY, plain_title
from core.tools.page import Page, sentences, shortened

if TYPE_CHECKING:
    import bm25s

KEPT = 4
"""Indexes in memory."""
PASSAGE = 700
"""Characters; a paragraph that is longer is split between sentences."""


class FolderCollection:
    """The text files of one folder, as they were when it was opened."""

    def __init__(self, name: str, pages: list[Page], notes: tuple[str, ...]) -> None:
        self.name = name
        self.notes = notes
        self._pages = pages
        self._passages = [(number, passage) for number, page in enumerate(pages) for passage in passages(page.text)]
        self._titles = {plain_title(page.title): number for number, page in reversed(list(enumerate(pages)))}
        self._index = _index([f"{pages[number].title}\n{passage}" for number, passage in self._passages])

    def search(self, query: str, k: int) -> list[Hit]:
        """The `k` best documents; see `Collection.search`."""
        query = query[:MAX_QUERY]
        hits: list[Hit] = []
        exact = self._titles.get(plain_title(query))
        if exact is not None:
            hits.append(Hit(self._pages[exact], self._pages[exact].opening(), float("inf"), exact=True))
        seen = {exact}
        for place, score in self._ranked(query):
            if len(hits) >= k:
                break
            number, passage = self._passages[place]
            if number not in seen:
                seen.add(number)
                hits.append(Hit(self._pages[number], passage, score))
        return hits[:k]

    def similar(self, title: str, k: int) -> list[str]:
        """Titles spelt alike; see `Collection.similar`."""
        near = difflib.get_close_matches(plain_title(title[:MAX_QUERY]), list(self._titles), n=k, cutoff=0.6)
        return [self._pages[self._titles[each]].title for each in near]

    def _ranked(self, query: str) -> list[tuple[int, float]]:
        """Places of passages that hold a word of the query, the best first."""
        if self._index is None:
            return []
        words = [word for word in _words([query])[0] if word in self._index.vocab_dict]
        if not words:
            return []
        scores = self._index.get_scores(words)
        found = [(place, float(scores[place])) for place in scores.nonzero()[0] if scores[place] > 0]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def open_folder(folder: Path, name: str) -> FolderCollection:
    """The collection in `folder`; an unchanged one is not read again.

    Raises:
        InvalidInput: nothing in it can be read; the sentence says why.
    """
    files, left_out = listing(folder)
    state = (name, tuple(files), tuple(left_out))
    with _lock:
        known = _cache.get(folder)
        if known is not None and known[0] == state:
            _cache.move_to_end(folder)
            return known[1]
        collection = _read(name, files, left_out)
        _cache[folder] = (state, collection)
        while len(_cache) > KEPT:
            _cache.popitem(last=False)
        return collection


def passages(text: str) -> list[str]:
    """The paragraphs of `text`, each on one line; long ones in parts of whole sentences."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        if len(" ".join(paragraph.split())) <= PASSAGE:
            found.append(" ".join(paragraph.split()))
            continue
        part = ""
        for sentence in sentences(paragraph):
            if part and len(part) + len(sentence) >= PASSAGE:
                found.append(part)
                part = ""
            part = f"{part} {sentence}".strip()
        found.append(part)
    return [shortened(passage) for passage in found if passage]


def _read(name: str, files: list[Listed], left_out: list[tuple[str, str]]) -> FolderCollection:
    pages: list[Page] = []
    for file in files:
        page, reason = read(file)
        if page is None:
            left_out.append((file.name, reason))
        else:
            pages.append(page)
    notes = named(left_out)
    if not pages:
        why = f" {notes[0]}" if notes else ""
        raise InvalidInput(f"The collection {name} holds no readable .txt or .md file.{why}", "collection")
    return FolderCollection(name, pages, notes)


def _index(texts: list[str]) -> bm25s.BM25 | None:
    """The index of `texts`; `None` when they hold no word that counts."""
    import bm25s

    tokens = _words(texts)
    if not any(tokens):
        return None
    index = bm25s.BM25()
    index.index(tokens, show_progress=False)
    return index


def _words(texts: list[str]) -> list[list[str]]:
    """The stems that count in each text. One letter or digit is a word too: “Apollo 8”, “vitamin C”."""
    import bm25s
    import Stemmer

    stemmer: Any = Stemmer.Stemmer("english")
    return list(
        bm25s.tokenize(
            texts, token_pattern=r"(?u)\b\w+\b", stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False
        )
    )


_lock = threading.Lock()
_cache: OrderedDict[Path, tuple[tuple[object, ...], FolderCollection]] = OrderedDict()
