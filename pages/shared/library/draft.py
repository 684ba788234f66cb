"""A prompt while it is edited: what the file held, what it is to hold, and whether somebody else changed it meanwhile.

Messages and fields, and the file's text, are two views of one draft; what is saved is always the text. Knows nothing of
Streamlit, and never writes a file.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from core.errors import InvalidInput, LoupeError
from core.prompts import library
from core.prompts.file import PromptFile
from core.prompts.formats import FORMATS, format_of, read_prompt, write_prompt

_seeds = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Base:
    """A prompt's file as it was read or saved."""

    name: str
    text: str
    digest: str
    shipped: bool
    format: str
    """A key of `FORMATS`."""
    file_name: str
    prompt: PromptFile | None
    problem: str | None = None
    """Why it is no valid prompt, in one sentence."""


@dataclass(frozen=True, slots=True)
class Theirs:
    """What the file holds now, when it is not what was read and the draft has changes of its own."""

    text: str | None
    """`None` when it is gone."""
    digest: str


@dataclass
class Draft:
    """One prompt that is open."""

    base: Base
    prompt: PromptFile | None = None
    """As it is edited; `None` while the text is no valid prompt."""
    text: str = ""
    """The file as it would be saved."""
    problem: str | None = None
    """Why it cannot be saved, in one sentence."""
    lost: tuple[str, ...] = ()
    """What the file's format cannot hold of the edits."""
    theirs: Theirs | None = None
    kept: str | None = None
    """Text that was put aside for another one and can be put back."""
    unwritten: bool = False
    """Whether `prompt` holds edits that its format cannot write, so that `text` lacks them."""
    seed: int = field(default_factory=lambda: next(_seeds))
    """Part of the keys of the fields' widgets: a new one when their values come from elsewhere."""
    text_seed: int = field(default_factory=lambda: next(_seeds))
    """The same for the widget of the text."""

    def __post_init__(self) -> None:
        self.take(self.base)

    @property
    def dirty(self) -> bool:
        """Whether something would be lost if it were closed now."""
        return self.unwritten or self.text != self.base.text

    def take(self, base: Base) -> None:
        """Show what the file holds; edits are gone."""
        self.base, self.prompt, self.text, self.problem = base, base.prompt, base.text, base.problem
        self.lost, self.theirs, self.unwritten = (), None, False
        self.seed, self.text_seed = next(_seeds), next(_seeds)

    def saved(self, base: Base) -> None:
        """Go on from a file that holds this draft's text; fields keep their widgets, and so the focus."""
        kept, prompt, seeds = self.kept, self.prompt, (self.seed, self.text_seed)
        self.take(base)
        self.kept = kept
        if base.prompt and prompt and _fields(base.prompt) == _fields(prompt):
            self.seed, self.text_seed = seeds

    def set_prompt(self, prompt: PromptFile, *, redraw: bool = False) -> None:
        """Edit the fields; the text follows.

        Args:
            prompt: from now on.
            redraw: it does not come from the fields' widgets, so they must show it anew.
        """
        self.prompt, self.text_seed = prompt, next(_seeds)
        if redraw:
            self.seed = next(_seeds)
        try:
            written = write_prompt(prompt, self.base.format)
        except LoupeError as error:
            self.problem, self.unwritten, self.lost = str(error), True, ()
            return
        self.text, self.lost = written.content.decode(), written.lost
        self.problem, self.unwritten = None, False

    def set_text(self, text: str, *, redraw: bool = False) -> None:
        """Edit the text; the fields follow if it is a valid prompt."""
        if "\r\n" in self.base.text and "\r\n" not in text:  # a browser's text box knows one kind of line end
            text = text.replace("\n", "\r\n")
        if redraw:
            self.text_seed = next(_seeds)
        self.text, self.lost, self.unwritten, self.seed = text, (), False, next(_seeds)
        self.prompt, self.problem = _parsed(text, self.base.file_name)

    def put_aside(self) -> None:
        """Keep the text where it can be had back."""
        self.kept = self.text if self.dirty else self.kept

    def meet(self, now: Base | None) -> bool:
        """Compare with what the file holds now; whether the draft shows other content than before.

        Args:
            now: `None` when it is gone.
        """
        if now is None:
            self.theirs = Theirs(None, "")
            return False
        if (now.digest, now.file_name) == (self.base.digest, self.base.file_name):
            self.theirs = None
        elif not self.dirty:
            self.take(now)
            return True
        elif now.text == self.text and not self.unwritten:
            self.saved(now)
        else:
            self.theirs = Theirs(now.text, now.digest)
        return False


def read_base(name: str) -> Base:
    """The prompt's file as it is now, a valid prompt or not.

    Raises:
        NotFound: there is no such prompt.
        InvalidInput: it is not even text, or the name is malformed.
    """
    try:
        return base_of(library.load(name))
    except InvalidInput as error:
        problem = str(error)
        text, digest = library.load_text(name)
    entry = next((each for each in library.list_prompts() if each.name == name), None)
    if entry is None:
        raise InvalidInput(problem)
    known = format_of(entry.file.name)
    return Base(name, text, digest, entry.shipped, known.id if known else "github", entry.file.name, None, problem)


def base_of(loaded: library.Loaded) -> Base:
    """What `core` read or saved."""
    return Base(loaded.name, loaded.text, loaded.digest, loaded.shipped, loaded.format, loaded.file.name, loaded.prompt)


def title_of(format_id: str) -> str:
    """What people call a format."""
    return FORMATS[format_id].title if format_id in FORMATS else format_id


def _parsed(text: str, file_name: str) -> tuple[PromptFile | None, str | None]:
    try:
        return read_prompt(text.encode("utf-8", "replace"), file_name), None
    except LoupeError as error:
        return None, str(error)


def _fields(prompt: PromptFile) -> PromptFile:
    return prompt.model_copy(update={"original": "", "notes": (), "extra": {}})
