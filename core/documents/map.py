"""The map: every chunk of a collection as a point in two dimensions, by principal components of its vectors.

Points that lie together are alike, but two dimensions of several hundred keep only a part of that: `kept` says how
much. The components are found in one pass over the store in flat memory; a query is placed with the same components.
Knows nothing of pages, nor of how anything is searched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import NotFound
from core.store import collections as store
from core.store import documents, vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_POINTS = 5000
"""Of a larger collection every nth chunk is drawn."""
EXCERPT = 160
"""Characters of a chunk that a point tells."""


@dataclass(frozen=True, slots=True)
class Point:
    """One chunk."""

    id: int
    document: int
    source: str
    page: int | None
    text: str
    """The beginning of it, on one line."""
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Map:
    """The points of a collection, and what places further vectors among them."""

    points: tuple[Point, ...]
    chunks: int
    """Of the collection; more than there are points when it is large."""
    kept: float
    """Share of the vectors' variance that the two dimensions keep, 0–1."""
    mean: NDArray[np.float32]
    """Shape [dimension]."""
    axes: NDArray[np.float32]
    """Shape [2, dimension], orthonormal."""

    def place(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where vectors of shape [n, dimension] lie: shape [n, 2]."""
        import numpy as np

        return ((matrix - self.mean) @ self.axes.T).astype(np.float32, copy=False)


def draw(collection: str, most: int = MOST_POINTS) -> Map:
    """The map of a collection.

    Args:
        collection: its name.
        most: points to draw.

    Raises:
        NotFound: there is no such collection, or it holds no chunk with a vector.
    """
    import numpy as np

    row = store.get(collection)
    count, total, products = 0, None, None
    ids: list[int] = []
    for some, block in vectors.blocks(row.id):
        wide = block.astype(np.float64)
        total = wide.sum(0) if total is None else total + wide.sum(0)
        products = wide.T @ wide if products is None else products + wide.T @ wide
        count += len(wide)
        ids += some.tolist()
    if total is None or products is None:
        raise NotFound(f"The collection “{row.name}” holds nothing that could be drawn yet; add files to it.")
    mean = total / count
    values, columns = np.linalg.eigh(products / count - np.outer(mean, mean))
    axes = columns[:, ::-1][:, :2].T
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(1)])[:, None]  # the same picture every time
    spread = float(np.clip(values, 0, None).sum())
    kept = float(np.clip(values[::-1][:2], 0, None).sum()) / spread if spread > 1e-12 else 1.0
    shown = ids[:: -(-len(ids) // most)]
    found = Map((), count, kept, mean.astype(np.float32), axes.astype(np.float32))
    return Map(tuple(_points(row.id, shown, found)), count, kept, found.mean, found.axes)


def _points(collection: str, shown: list[int], blank: Map) -> list[Point]:
    rows = documents.chunks(shown)
    sources = {each.id: each.path for each in documents.documents(row.document for row in rows.values()).values()}
    found = []
    for some, block in vectors.blocks(collection, ids=shown):
        for number, (x, y) in zip(some.tolist(), blank.place(block).tolist(), strict=True):
            chunk = rows.get(number)
            if chunk is None or chunk.document not in sources:  # removed meanwhile
                continue
            text = " ".join(chunk.text.split())
            text = text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"
            found.append(Point(number, chunk.document, sources[chunk.document], chunk.page, text, x, y))
    return found
