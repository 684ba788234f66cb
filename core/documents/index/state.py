"""Where the index of a collection stands, in words a person understands. Knows nothing of how it is kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["current", "building", "behind", "elsewhere", "resting", "failing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """The index of one collection, as this process sees it. Searches are right in every state."""

    status: Status
    """current: searched by Chroma; building: being brought up to date; behind: about to be; elsewhere: another process
    keeps it; resting: no process does; failing: Chroma cannot be used. In all but the first this process searches the
    store exactly."""
    where: str
    """The folder in the data directory, or the server's address."""
    owner_pid: int | None = None
    """The process that keeps the index."""
    done: int = 0
    total: int | None = None
    """Chunks, while it is being built."""
    note: str = ""
    """One sentence."""

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return asdict(self)
