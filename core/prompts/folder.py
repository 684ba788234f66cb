"""Where prompt files are: the shipped `prompts/` and a person's own folder; find, walk, and write under a lock.

A prompt's name is its path inside one of these folders without the ending, such as `everyday/summarise`. Links are not
followed, so nothing outside is read or written. Knows nothing of what a file holds, nor of versions.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import Busy, Conflict, InvalidInput, NotFound
from core.prompts import files
from core.prompts.formats import suffix_of
from core.prompts.formats.base import MAX_BYTES
from core.prompts.names import MAX_DEPTH, check_prompt_name
from core.settings import ensure_home, get_settings

SHIPPED = Path(__file__).resolve().parents[2] / "prompts"
COLLECTIONS = "collections"
"""Texts that ship for the tools to search lie beside the shipped prompts, but are none."""
DEFAULT_SUFFIX = ".prompt.yml"
MAX_FILES = 5000
MAX_ENTRIES = 50_000
"""How much of a folder is looked at: one that was chosen by mistake must not hold up the page."""
LOCK_TIMEOUT_S = 10
_NOT_PROMPTS, _PLAIN = ("readme", "license", "changelog", "contributing"), (".md", ".txt")


class PromptConflict(Conflict):
    """A prompt was changed, deleted or created by somebody else meanwhile; nothing was written.

    Attributes:
        name: the prompt.
        theirs: the text of the file as it is now; `None` when it is gone.
        theirs_digest: hand it to `save` to write yours over theirs after all; "" when the file is gone.
        yours: the text that was not written.
    """

    def __init__(self, message: str, *, name: str, theirs: str | None, theirs_digest: str, yours: str) -> None:
        super().__init__(message)
        self.name = name
        self.theirs = theirs
        self.theirs_digest = theirs_digest
        self.yours = yours


@dataclass(frozen=True, slots=True)
class Place:
    """A prompt file that exists, or a name that cannot be used."""

    name: str
    file: Path
    suffix: str
    shipped: bool
    problem: str | None = None
    """One sentence, if it cannot be used."""


def own_folder() -> Path:
    """The person's folder; made when something is saved."""
    return get_settings().prompts_dir


def find(name: str) -> Place:
    """The file of the prompt called `name`, a shipped one first.

    Raises:
        InvalidInput: the name is malformed, or a folder in it is a link.
        NotFound: there is none.
    """
    if (place := find_in(SHIPPED, name) or find_in(own_folder(), name)) is None:
        raise NotFound(f"There is no prompt “{name}”.")
    return place


def find_in(root: Path, name: str) -> Place | None:
    """The file of the prompt called `name` in one of the two folders, if there is one."""
    *folders, stem = check_prompt_name(name).split("/")
    if root == SHIPPED and folders[:1] == [COLLECTIONS]:
        return None
    folder = _inside(root, folders)
    with files.one_sentence(folder, "folder", str(folder), "read"):
        names = sorted(os.listdir(folder)) if folder.is_dir() else []
    for file_name in names:
        suffix = suffix_of(file_name)
        if suffix and file_name == stem + suffix:
            return Place(name, folder / file_name, suffix, shipped=root == SHIPPED)
    return None


def refuse_twin(root: Path, name: str) -> None:
    """Nothing, unless a prompt's name differs from `name` only in small and capital letters.

    Raises:
        Conflict: there is one, and systems such as macOS and Windows would take both for the same file.
        InvalidInput: the name is malformed.
    """
    *parts, stem = check_prompt_name(name).lower().split("/")
    folders = [root]
    with files.one_sentence(root, "folder", str(root), "read"):
        for part in parts:
            inside = [each for folder in folders if folder.is_dir() for each in folder.iterdir()]
            folders = [each for each in inside if each.name.lower() == part and not each.is_symlink()]
        found = [file for folder in folders if folder.is_dir() for file in folder.iterdir()]
    for file in found:
        suffix = suffix_of(file.name)
        twin = "/".join([*file.parent.relative_to(root).parts, file.name.removesuffix(suffix)])
        if suffix and twin != name and twin.lower() == "/".join([*parts, stem]):
            raise Conflict(
                f"There is a prompt “{twin}” already, and many systems do not tell capital letters from small ones; "
                "choose another name."
            )


def walk(root: Path) -> Iterator[Place]:
    """Every prompt file in the folder by name; what cannot be used comes with its one sentence."""
    seen: set[str] = set()
    entries = 0
    unreadable: list[OSError] = []
    for folder, folders, names in os.walk(root, onerror=unreadable.append):
        here = Path(folder)
        depth = len(here.relative_to(root).parts)
        folders[:] = sorted(each for each in folders if not each.startswith(".")) if depth < MAX_DEPTH - 1 else []
        if root == SHIPPED and depth == 0:
            folders[:] = [each for each in folders if each != COLLECTIONS]
        for file_name in sorted(names):
            entries += 1
            if entries > MAX_ENTRIES or len(seen) >= MAX_FILES:
                yield Place(
                    "…", here, "", root == SHIPPED, f"The folder {root} holds too many files; some are left out."
                )
                return
            suffix = suffix_of(file_name)
            stem = file_name.removesuffix(suffix) if suffix else ""
            if not stem or file_name.startswith(".") or (suffix in _PLAIN and stem.lower() in _NOT_PROMPTS):
                continue
            name = "/".join([*here.relative_to(root).parts, stem])
            yield Place(name, here / file_name, suffix, root == SHIPPED, _problem(name, here / file_name, root, seen))
            seen.add(name)
    for error in unreadable:
        if not isinstance(error, FileNotFoundError):  # the person's folder is made when something is saved
            where = Path(str(error.filename))
            yield Place("…", where, "", root == SHIPPED, f"The folder {where} cannot be read: {error.strerror}.")


def read(place: Place) -> bytes:
    """The file's content.

    Raises:
        InvalidInput: it is a link, too large or cannot be read.
        NotFound: it is gone.
    """
    return files.read(place.file, "prompt", place.name, MAX_BYTES)


@contextlib.contextmanager
def locked() -> Iterator[Path]:
    """The person's folder, made if it is missing, with all others who save kept out.

    Raises:
        Busy: somebody else holds it for long.
        InvalidInput: it cannot be written.
    """
    folder = own_folder()
    ensure_home()
    with files.one_sentence(folder, "folder", str(folder), "written"):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=LOCK_TIMEOUT_S)
        try:
            lock.acquire()
        except Timeout:
            raise Busy(f"Somebody else is writing to {folder}; try again in a moment.") from None
    try:
        yield folder
    finally:
        lock.release()


def write(file: Path, name: str, content: bytes) -> None:
    """Write a file of the person's folder, all of it or nothing, with the folder `locked`; folders on the way are made.

    Raises:
        InvalidInput: it cannot be written; the old file is untouched.
    """
    with files.one_sentence(file, "prompt", name, "written"):
        file.parent.mkdir(parents=True, exist_ok=True)
        files.remove_leftovers(file)
        files.replace(file, content)


def new_file(root: Path, name: str, suffix: str) -> Path:
    """Where a new prompt called `name` goes.

    Raises:
        InvalidInput: the name is malformed, or a folder in it is a link.
    """
    *folders, stem = check_prompt_name(name).split("/")
    return _inside(root, folders) / f"{stem}{suffix}"


def remove(place: Place, root: Path) -> None:
    """Delete the file, and folders above it that are empty then.

    Raises:
        InvalidInput: it cannot be deleted.
        NotFound: it is gone already.
    """
    with files.one_sentence(place.file, "prompt", place.name, "deleted"):
        place.file.unlink()
    for folder in place.file.parents:
        if folder == root or root not in folder.parents:
            return
        with contextlib.suppress(OSError):  # something else is in it
            folder.rmdir()


def _inside(root: Path, folders: list[str]) -> Path:
    """The folder below `root`, none of its parts a link."""
    folder = root
    for part in folders:
        folder = folder / part
        if folder.is_symlink():
            raise InvalidInput(f"The folder {folder} is a link; put the folder itself there.")
    return folder


def _problem(name: str, file: Path, root: Path, seen: set[str]) -> str | None:
    if file.is_symlink():
        return f"The prompt {file} is a link; put the file itself there."
    try:
        check_prompt_name(name)
    except InvalidInput as error:
        return str(error)
    if name in seen:
        return f"There are two files for the prompt “{name}”; rename {file.name}."
    if root != SHIPPED and find_in(SHIPPED, name) is not None:
        return f"“{name}” is the name of a prompt that ships with Loupe; rename {file}."
    return None
