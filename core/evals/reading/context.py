"""One eval file being read: where it lies, what is said of it, what may be left out.

Knows nothing of any format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from core.errors import InvalidInput, NotFound
from core.evals.reading.folder import Folder
from core.prompts.names import short

MOST_NOTES = 200
_HOPS = 20


@dataclass(slots=True)
class Reading:
    """What the readers of parts share."""

    name: str
    """What the file is called in messages."""
    folder: Folder
    models: tuple[str, ...] = ()
    """Models that replace the file's own."""
    usual_judge: bool = False
    """Whether the usual model judges in place of one that nobody here knows; else that is an error."""
    skip_unsupported: bool = False
    """Whether an assertion that Loupe cannot check is left out with a note instead of being an error."""
    judge: Mapping[str, Any] = field(default_factory=dict)
    """`provider` and `rubricPrompt` for assertions that name none."""
    document: Mapping[str, Any] = field(default_factory=dict)
    """The whole file, into which `$ref: "#/…"` points."""
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        """Name something that Loupe does not act on, once."""
        if sentence not in self.notes and len(self.notes) < MOST_NOTES:
            self.notes.append(sentence)

    def unsupported(self, place: str, what: str, then: str = "left out") -> None:
        """Something without which a result would mean something else: an error, or a note where it may be left out.

        Args:
            place: where it stands, such as “Test 3”.
            what: the rest of the sentence.
            then: what happens to it where it is no error.

        Raises:
            InvalidInput: it may not be left out.
        """
        if not self.skip_unsupported:
            raise InvalidInput(f"{self.name}: {place} {what}; remove it, or use --skip-unsupported.")
        self.note(f"{place} {what}: {then}.")

    def unknown_keys(self, found: Mapping[str, Any], known: Iterator[str] | set[str], place: str) -> None:
        """Note keys that mean nothing here; their values are not repeated, since some are secrets."""
        if names := [short(str(each)) for each in found if each not in set(known)]:
            shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
            self.note(f"{place}: {shown} {'is' if len(names) == 1 else 'are'} not acted on.")

    def resolved(self, part: Any, place: str) -> Any:
        """`part`, or what it refers to by `$ref: "#/key/…"`.

        Raises:
            InvalidInput: it refers to nothing, to another file, or to itself.
        """
        for _ in range(_HOPS):
            if not isinstance(part, Mapping) or "$ref" not in part:
                return part
            reference = part["$ref"]
            file, mark, path = str(reference).partition("#/")
            if not mark or file not in ("", self.name):
                raise InvalidInput(f"{self.name}: {place} refers to {short(str(reference))}; only #/… is followed.")
            target: Any = self.document
            for key in path.split("/"):
                key = key.replace("~1", "/").replace("~0", "~")
                if isinstance(target, list) and key.isdecimal() and int(key) < len(target):
                    target = target[int(key)]
                elif isinstance(target, Mapping) and key in target:
                    target = target[key]
                else:
                    raise InvalidInput(f"{self.name}: {place} refers to {short(str(reference))}, which is not there.")
            part = target
        raise InvalidInput(f"{self.name}: {place} refers to itself by $ref.")

    @contextmanager
    def at(self, place: str) -> Iterator[None]:
        """Say where a value stands that something else found wrong."""
        try:
            yield
        except (InvalidInput, NotFound) as error:
            if str(error).startswith(f"{self.name}:"):
                raise
            raise InvalidInput(f"{self.name}: {place}: {error}") from None


def mapping(value: Any, place: str, what: str) -> dict[str, Any]:
    """A value that must be a mapping; nothing is an empty one.

    Raises:
        InvalidInput: it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{place}: {what} must be a mapping.")
    return {str(key): each for key, each in value.items()}


def text(value: Any, place: str, what: str) -> str:
    """A value that must be a text; numbers become text, nothing is "".

    Raises:
        InvalidInput: it is a list or a mapping.
    """
    if isinstance(value, Mapping | list):
        raise InvalidInput(f"{place}: {what} must be a text.")
    return "" if value is None else value if isinstance(value, str) else str(value)


def number(value: Any, place: str, what: str) -> float | None:
    """A value that must be a number, or a text that is one; `None` for nothing.

    Raises:
        InvalidInput: it is no finite number.
    """
    if value is None or value == "":
        return None
    try:
        found = None if isinstance(value, bool | list | Mapping) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = None
    if found is None or found != found or abs(found) == float("inf"):
        raise InvalidInput(f"{place}: {what} is {short(str(value))}; it must be a number.")
    return found


def strings(value: Any, place: str, what: str) -> list[str]:
    """A value that must be a text or a list of texts; nothing is an empty list.

    Raises:
        InvalidInput: it is something else.
    """
    found = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) for each in found):
        raise InvalidInput(f"{place}: {what} must be a text or a list of texts.")
    return list(found)
