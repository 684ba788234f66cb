"""Files that an eval file refers to: found in its own folder and nowhere else, read within bounds.

An eval file may come from anybody; what it names is looked for below the folder in which it stands, links followed and
checked. Knows nothing of what the files hold.
"""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import InvalidInput
from core.prompts import files
from core.prompts.names import short

SCHEME = "file://"
MOST_BYTES = 4 * 1024 * 1024
"""Of a prompt, a schema, a text for a variable."""
MOST_FILES = 1000
"""That one pattern may stand for."""
_WILD = set("*?[")


class Folder:
    """The folder of an eval file; "" for an eval that has none, such as one pasted on a page."""

    def __init__(self, path: str) -> None:
        self._root = Path(path).resolve() if path else None

    def files(self, reference: str, what: str) -> list[Path]:
        """The files that `reference` stands for, in alphabetical order: one, or all that match a pattern with `*`.

        A folder stands for the files in it.

        Args:
            reference: relative to the folder, with or without `file://`.
            what: who refers to it, for messages.

        Raises:
            InvalidInput: it leads out of the folder, or there is no such file.
        """
        name = reference.removeprefix(SCHEME)
        root = self._checked(name, what)
        if not set(name) & _WILD:
            path = self._inside(root, root / name, name, what)
            found = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
        else:
            found = self._matching(root, name, what)
        if not found:
            raise InvalidInput(f"{what} refers to {short(name)}, and no file is there.")
        if len(found) > MOST_FILES:
            raise InvalidInput(f"{what} refers to {short(name)}, more than {MOST_FILES:,} files; name fewer.")
        return found

    def file(self, reference: str, what: str) -> Path:
        """The one file that `reference` stands for.

        Raises:
            InvalidInput: it leads out of the folder, there is no such file, or there are several.
        """
        found = self.files(reference, what)
        if len(found) > 1:
            raise InvalidInput(f"{what} refers to {short(reference.removeprefix(SCHEME))}, which is several files.")
        return found[0]

    def text(self, path: Path, what: str, most_bytes: int = MOST_BYTES) -> str:
        """The text of a file that `files` found.

        Raises:
            InvalidInput: it cannot be read, is too large or is not UTF-8 text.
        """
        content = files.read(path, "file", path.name, most_bytes)
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InvalidInput(f"{what} refers to {short(path.name)}, which is not UTF-8 text.") from None
        if "\0" in text:
            raise InvalidInput(f"{what} refers to {short(path.name)}, which holds a NUL character.")
        return text

    def shown(self, path: Path) -> str:
        """A path for messages: relative to the folder where it lies in it."""
        return str(path.relative_to(self._root)) if self._root and path.is_relative_to(self._root) else path.name

    def _checked(self, name: str, what: str) -> Path:
        if self._root is None:
            raise InvalidInput(f"{what} refers to the file {short(name)}, but this eval lies in no folder.")
        if not name or "\0" in name or len(name) > 1000:
            raise InvalidInput(f"{what} refers to a file without a usable name.")
        return self._root

    def _inside(self, root: Path, path: Path, name: str, what: str) -> Path:
        try:
            resolved = path.resolve(strict=True)
        except (OSError, RuntimeError):  # missing, a loop of links, a name that is too long
            # whether something is there is nobody's business outside of the folder
            if not Path(os.path.normpath(path)).is_relative_to(root):
                raise self._outside(name, what) from None
            raise InvalidInput(f"{what} refers to {short(name)}, and there is no such file.") from None
        if not resolved.is_relative_to(root):
            raise self._outside(name, what)
        return resolved

    def _matching(self, root: Path, name: str, what: str) -> list[Path]:
        if os.path.isabs(name) or ".." in Path(name).parts:
            raise self._outside(name, what)
        try:
            found = sorted(each for each in root.glob(name) if each.is_file())
        except (ValueError, NotImplementedError, OSError):
            raise InvalidInput(f"{what} refers to {short(name)}, which is no pattern of files.") from None
        return [self._inside(root, each, name, what) for each in found]

    @staticmethod
    def _outside(name: str, what: str) -> InvalidInput:
        return InvalidInput(
            f"{what} refers to {short(name)}, which lies outside of the folder of the eval file; copy it there."
        )
