"""The library: load, save, rename, delete, copy and import prompt files.

Every change is a plain file for git and a version in the store; a change made elsewhere becomes a version when it is
seen. Nobody's edit is lost: saving over a file that is not the one that was read is a `PromptConflict`. Knows nothing
of pages, and of formats only their ids.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import Conflict, InvalidInput, LoupeError, NotFound
from core.prompts import files, folder
from core.prompts.file import PromptFile
from core.prompts.folder import DEFAULT_SUFFIX, SHIPPED, Place, PromptConflict, own_folder
from core.prompts.formats import FORMATS, format_of, read_prompt, suffix_of, write_prompt
from core.prompts.formats.base import decode
from core.prompts.listing import Entry, list_prompts
from core.prompts.names import LATEST, check_prompt_name, safe_prompt_name, short
from core.store import prompts as store


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A prompt as it was read or saved."""

    name: str
    prompt: PromptFile
    text: str
    """The file's text, as it is edited raw."""
    digest: str
    """Of the file; hand it to `save`, so that a change meanwhile is noticed."""
    file: Path
    shipped: bool
    format: str
    """A key of `FORMATS`."""
    version: int | None = None
    """Its number in the history; `None` for a shipped prompt whose history nobody has looked at."""
    lost: tuple[str, ...] = ()
    """After saving: one sentence for everything that the file's format cannot hold."""


def load(name: str, *, version: int | None = None, label: str | None = None) -> Loaded:
    """The prompt called `name`: the file as it is now, or one of its versions.

    Args:
        name: also `NAME@LABEL`, `NAME@NUMBER` and `NAME@latest`.
        version: number of a version.
        label: the version that this label points at.

    Raises:
        InvalidInput: the name is malformed, or the file is not a prompt.
        NotFound: there is no such prompt, version or label.
    """
    name, version, label = _reference(name, version, label)
    if label is not None and label != LATEST and (version := store.labels_of(name).get(label)) is None:
        raise NotFound(f"The prompt “{name}” has no label {short(label)}; set it in the Library.")
    if version is not None:
        return _load_version(name, version)
    place = folder.find(name)
    content = folder.read(place)
    loaded = _loaded(place, content)
    return loaded if place.shipped else replace(loaded, version=_note(place, content))


def load_text(name: str) -> tuple[str, str]:
    """Text and digest of a prompt's file, so that one that is no valid prompt can be repaired by `save_text`.

    Raises:
        InvalidInput: it is not text.
        NotFound: there is no such prompt.
    """
    place = folder.find(name)
    content = folder.read(place)
    return decode(content, f"The prompt {place.file}"), files.digest(content)


def save(
    name: str,
    prompt: PromptFile,
    *,
    digest: str = "",
    message: str = "",
    format_id: str = "github",
) -> Loaded:
    """Write a prompt of the person's own folder and add a version; an existing file keeps its format.

    Args:
        name: where it goes.
        prompt: what to write; lines of unchanged parts stay as they are, comments included.
        digest: of the file that was read; "" for a new one.
        message: why, for the history.
        format_id: of a new file, a key of `FORMATS`.

    Raises:
        InvalidInput: the name, the prompt or the folder cannot be used; the old file is untouched.
        PromptConflict: the file is not the one that was read; it carries both versions.
    """
    check_prompt_name(name)
    place = folder.find_in(own_folder(), name)
    known = format_of(place.file.name) if place else FORMATS.get(format_id)
    if known is None:
        raise InvalidInput(f"{short(format_id)} is no format of prompts; choose one of {', '.join(FORMATS)}.")
    written = write_prompt(prompt, known.id)
    loaded = _write(name, written.content, digest=digest, message=message, suffix=known.suffixes[0])
    return replace(loaded, lost=written.lost)


def save_text(name: str, text: str, *, digest: str = "", message: str = "", format_id: str = "github") -> Loaded:
    """`save` for a file edited as text; every character stays.

    Raises:
        InvalidInput: the text is not a prompt in the file's format, or as for `save`.
        PromptConflict: as for `save`.
    """
    if (known := FORMATS.get(format_id)) is None:
        raise InvalidInput(f"{short(format_id)} is no format of prompts; choose one of {', '.join(FORMATS)}.")
    return _write(name, _encoded(text), digest=digest, message=message, suffix=known.suffixes[0])


def copy(name: str, new_name: str, *, message: str = "") -> Loaded:
    """Copy a prompt, a shipped one or a version too, into the person's folder.

    Raises:
        InvalidInput: a name is malformed.
        NotFound: there is no such prompt.
        PromptConflict: the new name is taken.
    """
    source = load(name)
    message = message or f"Copy of {name}"
    return _write(new_name, _encoded(source.text), digest="", message=message, suffix=suffix_of(source.file.name))


def import_file(content: bytes, file_name: str, *, name: str = "", message: str = "") -> Loaded:
    """Take over a file in any format, byte for byte; `prompt.notes` says what Loupe does not act on.

    Args:
        content: the whole file.
        file_name: as it was called; its ending says the format.
        name: where it goes; by default the file's name.
        message: why, for the history.

    Raises:
        InvalidInput: it is no prompt.
        PromptConflict: the name is taken.
    """
    file_name = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    read_prompt(content, file_name)
    suffix = suffix_of(file_name)
    stem = file_name.removesuffix(suffix) if suffix else file_name.rsplit(".", 1)[0]
    name = name or safe_prompt_name(stem)
    message = message or f"Imported from {file_name[:200]}"
    return _write(name, content, digest="", message=message, suffix=suffix.lower() or DEFAULT_SUFFIX, origin="import")


def rename(name: str, new_name: str, *, digest: str = "") -> Loaded:
    """Give a prompt of the person's folder another name; its history and labels go with it.

    Args:
        name: the name so far.
        new_name: the name from now on.
        digest: of the file that was read; "" renames it as it is.

    Raises:
        Conflict: it ships with Loupe, or the new name is taken.
        PromptConflict: the file is not the one that was read.
        NotFound: there is no such prompt.
    """
    check_prompt_name(new_name)
    _refuse_shipped(name, "renamed")
    with folder.locked() as root:
        place, content = _current(root, name, digest, "")
        if folder.find_in(SHIPPED, new_name) or folder.find_in(root, new_name):
            raise Conflict(f"There is a prompt “{new_name}” already; choose another name.")
        _refuse_twins(root, new_name)
        _note(place, content)
        target = Place(new_name, folder.new_file(root, new_name, place.suffix), place.suffix, shipped=False)
        written = False

        def move() -> None:
            nonlocal written
            folder.write(target.file, new_name, content)
            written = True
            folder.remove(place, root)

        try:
            store.rename(name, new_name, before_commit=move)
        except LoupeError:
            if written:
                _put_back(target, place, content, root)
            raise
        return replace(_loaded(target, content), version=None)


def delete(name: str, *, digest: str = "") -> None:
    """Delete a prompt of the person's folder; its versions stay, so that it can be restored.

    Raises:
        Conflict: it ships with Loupe.
        PromptConflict: the file is not the one that was read (`digest`).
        NotFound: there is no such prompt.
    """
    _refuse_shipped(name, "deleted")
    with folder.locked() as root:
        place, content = _current(root, name, digest, "")
        _note(place, content)
        folder.remove(place, root)


def deleted() -> list[str]:
    """Names of prompts that have versions but no file."""
    return [name for name in store.prompts() if not folder.find_in(SHIPPED, name) and not _own(name)]


def sync(name: str) -> None:
    """Make what is on disk now a version, if it is none yet.

    Raises:
        InvalidInput: the name is malformed or the file cannot be read.
    """
    place = folder.find_in(SHIPPED, name) or _own(name)
    if place is not None:
        _note(place, folder.read(place))


def write_version(name: str, content: bytes, *, suffix: str, digest: str, message: str) -> Loaded:
    """Write a former content again, whatever format the file has now; for `core.prompts.versions.restore`."""
    return _write(name, content, digest=digest, message=message, suffix=suffix, keep_suffix=False)


def _write(
    name: str,
    content: bytes,
    *,
    digest: str,
    message: str,
    suffix: str,
    origin: store.Origin = "page",
    keep_suffix: bool = True,
) -> Loaded:
    """File and version together: both, or neither."""
    check_prompt_name(name)
    _refuse_shipped(name, "changed")
    with folder.locked() as root:
        place, current = folder.find_in(root, name), b""
        if place is not None or digest:
            place, current = _current(root, name, digest, decode(content, f"The prompt “{name}”"), new=not digest)
            _note(place, current)
        file = place.file if place and keep_suffix else folder.new_file(root, name, suffix)
        if place is None:
            _refuse_twins(root, name)
        target = Place(name, file, suffix_of(file.name), shipped=False)
        loaded = _loaded(target, content)  # it must be a prompt before it is written

        written = False

        def put() -> None:
            nonlocal written
            if place is None or place.file != file or current != content:
                folder.write(file, name, content)
                written = True
            if place is not None and place.file != file:
                folder.remove(place, root)

        try:
            row = store.append(
                name,
                content,
                digest=loaded.digest,
                suffix=target.suffix,
                origin=origin,
                message=message,
                before_commit=put,
            )
        except LoupeError:  # at the very last, when the file was there already
            if written:
                _put_back(target, place, current, root)
            raise
    return replace(loaded, version=row.number)


def _put_back(target: Place, place: Place | None, content: bytes, root: Path) -> None:
    """The folder as it was before `target` was written."""
    if place is not None:
        folder.write(place.file, place.name, content)
    if place is None or place.file != target.file:
        folder.remove(target, root)


def _current(root: Path, name: str, digest: str, yours: str, *, new: bool = False) -> tuple[Place, bytes]:
    """The own file called `name` and its content, if it is the one with this digest."""
    place = folder.find_in(root, name)
    if place is None:
        if digest and yours:
            said = f"The prompt “{name}” was deleted or renamed by somebody else meanwhile; save yours as a new one."
            raise PromptConflict(said, name=name, theirs=None, theirs_digest="", yours=yours)
        raise NotFound(f"There is no prompt “{name}” of yours.")
    content = folder.read(place)
    found = files.digest(content)
    if new or (digest and digest != found):
        said = (
            f"There is a prompt “{name}” already; choose another name."
            if new
            else f"The prompt “{name}” was changed by somebody else meanwhile; compare both versions."
        )
        theirs = content.decode("utf-8", "replace")
        raise PromptConflict(said, name=name, theirs=theirs, theirs_digest=found, yours=yours)
    return place, content


def _note(place: Place, content: bytes) -> int:
    """The version that has this content: the newest, or a new one since the file changed on disk."""
    found = files.digest(content)
    row = store.newest(place.name)
    if row is None or (row.digest, row.suffix) != (found, place.suffix):
        origin: store.Origin = "shipped" if place.shipped else "disk"
        row = store.append(place.name, content, digest=found, suffix=place.suffix, origin=origin)
    return row.number


def _refuse_shipped(name: str, done: str) -> None:
    if folder.find_in(SHIPPED, name) is not None:
        raise Conflict(f"“{name}” ships with Loupe and cannot be {done}; copy it under another name.")


def _refuse_twins(root: Path, name: str) -> None:
    for each in (SHIPPED, root):
        folder.refuse_twin(each, name)


def _own(name: str) -> Place | None:
    return folder.find_in(own_folder(), name)


def _loaded(place: Place, content: bytes) -> Loaded:
    prompt = read_prompt(content, place.file.name)
    return Loaded(
        name=place.name,
        prompt=prompt,
        text=decode(content, f"The prompt {place.file.name}"),
        digest=files.digest(content),
        file=place.file,
        shipped=place.shipped,
        format=prompt.format,
    )


def _load_version(name: str, number: int) -> Loaded:
    row, content = store.get(name, number)
    shipped = folder.find_in(SHIPPED, name) is not None
    file = folder.new_file(SHIPPED if shipped else own_folder(), name, row.suffix)
    return replace(_loaded(Place(name, file, row.suffix, shipped), content), version=number)


def _reference(name: str, version: int | None, label: str | None) -> tuple[str, int | None, str | None]:
    name, at, wanted = name.partition("@")
    if at and (version is not None or label is not None):
        raise InvalidInput(f"Say which version once: {short(name + at + wanted)} names one already.", "name")
    if at and wanted.isdecimal():
        version = int(wanted[:9])
    elif at:
        label = wanted
    return check_prompt_name(name), version, label


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidInput("The prompt holds half a character (a lone surrogate); remove it.") from None


__all__ = [
    "Entry",
    "Loaded",
    "PromptConflict",
    "copy",
    "delete",
    "deleted",
    "import_file",
    "list_prompts",
    "load",
    "load_text",
    "rename",
    "save",
    "save_text",
    "sync",
    "write_version",
]
