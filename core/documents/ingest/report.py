"""What a job tells while it works: a line for every file, and how far all of them are. Knows nothing of how."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from core.documents.ingest.sources import Item
from core.jobs import JobContext

PARTIAL_EVERY_S = 1.0
MOST_PARTS = 200
"""Parts of one file that are listed by name when they cannot be read; the rest is counted."""
UNIT = "kB"


@dataclass
class _File:
    item: Item
    chunks: int = 0
    added: int = 0
    replaced: int = 0
    same: int = 0
    failed: int = 0
    listed: int = 0
    weight: float = 0
    waiting: int = 0
    ended: bool = False
    reason: str | None = None


class Report:
    """The result so far, and the progress in kilobytes of the sources, which are known before anything is read."""

    def __init__(self, collection: str, items: list[Item], job: JobContext) -> None:
        self._collection = collection
        self._job = job
        self._total = sum(item.size for item in items)
        self._done = 0.0
        self._chunks = 0
        self._count = len(items)
        self._order = {item.name: number for number, item in enumerate(items)}
        self._lines: dict[int, list[dict[str, Any]]] = {}
        self._files: dict[str, _File] = {}
        self._number = 0
        self._next = 0.0
        self._shown = 0.0
        self.show("")

    def begin(self, item: Item) -> None:
        """The next source."""
        self._files[item.name] = _File(item)
        self._number += 1
        self.show(item.name)

    def wait(self, name: str) -> None:
        """A document of the source is on its way to the store."""
        self._files[name].waiting += 1

    def stored(self, name: str, chunks: int, weight: int, *, replaced: bool) -> None:
        """A document is in the store."""
        file = self._files[name]
        file.waiting -= 1
        file.chunks += chunks
        self._chunks += chunks
        if replaced:
            file.replaced += 1
        else:
            file.added += 1
        self._advance(file, weight)

    def same(self, name: str, chunks: int, weight: int) -> None:
        """A document was in the store already."""
        file = self._files[name]
        file.same += 1
        file.chunks += chunks
        self._advance(file, weight)

    def failed(self, name: str, path: str, reason: str, *, status: str = "failed", waited: bool = False) -> None:
        """A document could not be read or embedded."""
        file = self._files[name]
        file.waiting -= waited
        file.failed += 1
        if path == name:
            file.reason = reason
        elif file.listed < MOST_PARTS:
            file.listed += 1
            self._line(name, {"path": path, "status": status, "chunks": 0, "reason": reason})
        self._settle(name)

    def end(self, name: str, reason: str | None) -> None:
        """The source is through."""
        file = self._files[name]
        file.ended = True
        file.reason = reason or file.reason
        self._settle(name)

    def show(self, note: str, extra: float = 0) -> None:
        """Tell how far it is; `extra` are bytes of a document that is being embedded."""
        self._shown = max(self._shown, min(self._done + extra, self._total))
        text = f"{self._chunks:,} chunks" + (f" · {self._number:,} of {self._count:,} · {note}" if note else "")
        self._job.progress(self._shown // 1000, max(self._total // 1000, self._shown // 1000), UNIT, text)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + PARTIAL_EVERY_S
            self._job.partial(self.result())

    def result(self) -> dict[str, Any]:
        """What has come of the sources that are through, in their order."""
        files = [line for number in sorted(self._lines) for line in self._lines[number]]
        return {"collection": self._collection, "files": files, "chunks": sum(each["chunks"] for each in files)}

    def _line(self, name: str, line: dict[str, Any]) -> None:
        self._lines.setdefault(self._order[name], []).append(line)

    def _advance(self, file: _File, weight: float) -> None:
        weight = min(weight, file.item.size - file.weight)
        file.weight += weight
        self._done += weight
        self._settle(file.item.name)

    def _settle(self, name: str) -> None:
        """Write the file's line once nothing of it is on its way any more."""
        file = self._files[name]
        if not file.ended or file.waiting:
            return
        self._done += file.item.size - file.weight
        line: dict[str, Any] = {"path": name, "status": _status(file), "chunks": file.chunks, "reason": _reason(file)}
        if (documents := file.added + file.replaced + file.same) > 1:
            line["documents"] = documents
        self._line(name, line)
        del self._files[name]


def _status(file: _File) -> str:
    if file.reason and not file.added + file.replaced + file.same:
        return "failed"
    if file.replaced or (file.added and file.same):
        return "replaced"
    if file.added:
        return "added"
    if file.same:
        return "unchanged"
    return "refused"


def _reason(file: _File) -> str | None:
    if file.reason:
        return file.reason
    if file.failed:
        return f"{file.failed:,} of its parts could not be read."
    if not file.added + file.replaced + file.same:
        return "It holds nothing that can be read."
    return None
