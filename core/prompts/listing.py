"""The list of all prompts, shipped and own: search, and one sentence for a file that cannot be used.

A file is read again only when it changed. Knows nothing of saving.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from core.errors import InvalidInput, LoupeError
from core.prompts import files, folder
from core.prompts.folder import SHIPPED, Place, own_folder
from core.prompts.formats import read_prompt
from core.store import prompts as store

_CACHE_FILES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A prompt in the list."""

    name: str
    file: Path
    shipped: bool
    changed_at: datetime
    format: str = ""
    """A key of `FORMATS`."""
    title: str = ""
    description: str = ""
    variables: tuple[str, ...] = ()
    digest: str = ""
    labels: tuple[str, ...] = ()
    problem: str | None = None
    """One sentence, if the file cannot be used; then the fields about its content are empty."""
    text: str = field(default="", repr=False)
    """What a search looks through, case folded."""


_cache: dict[Path, tuple[tuple[int, int, int], Entry]] = {}


def list_prompts(search: str = "") -> list[Entry]:
    """All prompts by name, shipped and own, files that cannot be used among them.

    Args:
        search: words that must all occur in name, title, description or messages, whatever their case.
    """
    places = [place for root in (SHIPPED, own_folder()) for place in folder.walk(root)]
    labels = store.labels()
    words = search.casefold().split()
    entries = []
    for entry in map(_entry, places):
        if entry is not None and all(word in entry.text for word in words):
            entries.append(replace(entry, labels=tuple(labels.get(entry.name, ()))))
    return sorted(entries, key=lambda entry: (entry.name.lower(), entry.name, entry.shipped))


def _entry(place: Place) -> Entry | None:
    """The list's line for a file, read again only when it changed; `None` when it is gone."""
    try:
        status = place.file.lstat()
    except OSError:
        return None
    state = (status.st_mtime_ns, status.st_size, status.st_ino)
    changed_at = datetime.fromtimestamp(status.st_mtime, UTC)
    known = _cache.get(place.file)
    if known is not None and known[0] == state and place.problem is None:
        return known[1]
    bare = Entry(name=place.name, file=place.file, shipped=place.shipped, changed_at=changed_at)
    try:
        if place.problem is not None:
            raise InvalidInput(place.problem)
        content = folder.read(place)
        prompt = read_prompt(content, place.file.name)
    except LoupeError as error:
        return replace(bare, problem=str(error), text=f"{place.name} {error}".casefold())
    texts = (place.name, prompt.name, prompt.description, *(message.content for message in prompt.messages))
    entry = replace(
        bare,
        format=prompt.format,
        title=prompt.name,
        description=prompt.description,
        variables=prompt.variables,
        digest=files.digest(content),
        text="\n".join(texts).casefold(),
    )
    if len(_cache) >= _CACHE_FILES:
        _cache.clear()
    _cache[place.file] = (state, entry)
    return entry
