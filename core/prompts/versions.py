"""Versions of prompts: history, labels, restore, and two of them side by side.

A version is what the file held at some time, kept in the store; deleting a prompt keeps its versions. Knows nothing of
pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.prompts import library
from core.prompts.diff import DiffRow, diff
from core.prompts.formats.base import decode
from core.prompts.library import Loaded
from core.prompts.names import check_label, check_prompt_name
from core.store import prompts as store
from core.store.prompts import Origin, VersionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version in a prompt's history."""

    prompt: str
    number: int
    """From 1; a number is never used again."""
    created_at: datetime
    digest: str
    origin: Origin
    """`page`: saved in Loupe; `disk`: an editor or git; `import`: an uploaded file; `shipped`: came with Loupe."""
    message: str
    size: int
    """Bytes."""
    suffix: str
    labels: tuple[str, ...] = ()


def history(name: str) -> list[Version]:
    """All versions, newest first; a file changed on disk since the last look becomes one now.

    Raises:
        InvalidInput: the name is malformed or the file cannot be read.
    """
    library.sync(check_prompt_name(name))
    labels = store.labels_of(name)
    return [_version(row, labels) for row in store.versions(name)]


def get(name: str, number: int) -> tuple[Version, str]:
    """One version and its text.

    Raises:
        NotFound: there is none with this number.
        InvalidInput: it is not text.
    """
    row, content = store.get(check_prompt_name(name), number)
    return _version(row, store.labels_of(name)), decode(content, f"Version {number} of the prompt “{name}”")


def labels(name: str) -> dict[str, int]:
    """Label → number of the version it points at."""
    return store.labels_of(check_prompt_name(name))


def set_label(name: str, label: str, number: int) -> None:
    """Point a label such as `production` at a version; it leaves the one it was on.

    Raises:
        InvalidInput: the label is malformed.
        NotFound: there is no such version.
    """
    check_label(label)
    library.sync(check_prompt_name(name))
    store.set_label(name, label, number)


def remove_label(name: str, label: str) -> None:
    """Take a label away.

    Raises:
        NotFound: the prompt has no such label.
    """
    store.remove_label(check_prompt_name(name), label)


def restore(name: str, number: int, *, digest: str = "", message: str = "") -> Loaded:
    """Save what a version held as the newest one; also brings a deleted prompt back.

    Args:
        name: the prompt.
        number: the version to go back to.
        digest: of the file that was read; "" when the prompt was deleted.
        message: why, for the history.

    Raises:
        NotFound: there is no such version.
        PromptConflict: the file is not the one that was read.
    """
    row, content = store.get(check_prompt_name(name), number)
    message = message or f"Restored version {number}"
    return library.write_version(name, content, suffix=row.suffix, digest=digest, message=message)


def _version(row: VersionRow, labels: dict[str, int]) -> Version:
    return Version(
        prompt=row.prompt,
        number=row.number,
        created_at=row.created_at,
        digest=row.digest,
        origin=row.origin,
        message=row.message,
        size=row.size,
        suffix=row.suffix,
        labels=tuple(label for label, number in labels.items() if number == row.number),
    )


__all__ = ["DiffRow", "Version", "diff", "get", "history", "labels", "remove_label", "restore", "set_label"]
