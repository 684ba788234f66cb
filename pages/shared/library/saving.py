"""What the Library's buttons do to files: save, copy, rename, delete, restore, import; all of it is core's work.

All are callbacks, wrapped in `act` by whoever draws the button. Draws nothing.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.errors import InvalidInput
from core.prompts import library, versions
from core.prompts.file import PromptFile, PromptMessage
from core.prompts.formats import FORMATS
from pages.shared.library.desk import desk, show
from pages.shared.library.draft import Draft, base_of, read_base

STARTER = PromptFile(
    description="What this prompt is for",
    messages=(PromptMessage(role="user", content="Explain {{topic}} to a ten-year-old in three sentences."),),
    test_data=({"topic": "rainbows"},),
)


def message_key(draft: Draft) -> str:
    """Session key of why the draft is saved."""
    return f"library_message_{draft.base.name}"


def save(draft: Draft, *, over: str | None = None) -> None:
    """Write the draft's text as a new version.

    Args:
        draft: what to write.
        over: digest of the file that is there instead of the one that was read, to write over it; "" when it is gone.

    Raises:
        LoupeError: it cannot be written; the draft stays as it is.
    """
    if draft.unwritten and draft.problem:
        raise InvalidInput(draft.problem)
    if over is None and not draft.dirty:
        desk().notice = "Nothing has changed since it was saved."
        return
    digest = draft.base.digest if over is None else over
    message = st.session_state.get(message_key(draft), "").strip()
    loaded = library.save_text(draft.base.name, draft.text, digest=digest, message=message, format_id=draft.base.format)
    draft.saved(base_of(loaded))
    draft.kept = None
    st.session_state[message_key(draft)] = ""
    desk().notice = f"Saved as version {loaded.version}."


def discard(draft: Draft) -> None:
    """Back to what the file held; the text can be put back."""
    draft.put_aside()
    draft.take(draft.base)


def take_theirs(draft: Draft) -> None:
    """Go on from what somebody else wrote; one's own text can be put back."""
    draft.put_aside()
    draft.take(read_base(draft.base.name))


def give_up(draft: Draft) -> None:
    """Close a prompt whose file is gone, without its text."""
    desk().drafts.pop(draft.base.name, None)
    show(None)


def put_back(draft: Draft) -> None:
    """Edit the text again that was put aside; what was there instead is put aside in its place."""
    kept, draft.kept = draft.kept, draft.text if draft.dirty else None
    if kept is not None:
        draft.set_text(kept, redraw=True)


def forget_kept(draft: Draft) -> None:
    """Let go of the text that was put aside."""
    draft.kept = None


def convert_braces(draft: Draft) -> None:
    """Turn `{name}` into `{{name}}`."""
    if draft.prompt:
        draft.set_prompt(draft.prompt.with_double_braces(), redraw=True)


def create(name_key: str, format_key: str) -> None:
    """Make a small prompt that works and open it."""
    name = st.session_state.get(name_key, "").strip()
    library.save(name, STARTER, message="New prompt", format_id=st.session_state.get(format_key) or "github")
    st.session_state[name_key] = ""
    show(name)


def save_copy(draft: Draft, name_key: str) -> None:
    """Write what is shown, edits included, as another prompt and open that."""
    name = st.session_state.get(name_key, "").strip()
    if draft.unwritten and draft.problem:
        raise InvalidInput(draft.problem)
    if draft.problem is None and not draft.dirty:
        library.copy(draft.base.name, name)
    else:
        message = f"Copy of {draft.base.name}, edited"
        library.save_text(name, draft.text, message=message, format_id=draft.base.format)
    draft.take(draft.base)
    show(name)
    desk().notice = f"This is your own copy of {draft.base.name}: a file to change as you like."


def rename(draft: Draft, name_key: str) -> None:
    """Another name; versions, labels and unsaved edits go with it."""
    name, old = st.session_state.get(name_key, "").strip(), draft.base.name
    loaded = library.rename(old, name, digest=draft.base.digest)
    text = draft.text if draft.dirty and not draft.unwritten else None
    here = desk()
    here.drafts.pop(old, None)
    here.drafts[loaded.name] = renamed = Draft(base_of(loaded))
    if text is not None:
        renamed.set_text(text, redraw=True)
    show(loaded.name)
    here.notice = f"Renamed from {old}."


def delete(draft: Draft) -> None:
    """Take the file away; its versions stay."""
    name = draft.base.name
    library.delete(name, digest=draft.base.digest)
    here = desk()
    here.drafts.pop(name, None)
    show(None)
    here.notice = f"Deleted {name}. Its versions are kept: restore it under “Deleted” in the list."


def undelete(name: str) -> None:
    """Bring a deleted prompt back as it was last, and open it."""
    newest = versions.history(name)[0]
    versions.restore(name, newest.number)
    desk().drafts.pop(name, None)
    show(name)
    desk().notice = f"Restored version {newest.number}."


def restore(draft: Draft, number: int) -> None:
    """Save what a version held as the newest one; unsaved edits can be put back."""
    loaded = versions.restore(draft.base.name, number, digest=draft.base.digest)
    draft.put_aside()
    draft.take(base_of(loaded))
    desk().notice = f"Version {number} is the newest again, as version {loaded.version}."


def set_label(draft: Draft, label_key: str, number_key: str) -> None:
    """Point a label at a version."""
    label, number = (st.session_state.get(label_key) or "").strip(), st.session_state.get(number_key)
    if number is not None:
        versions.set_label(draft.base.name, label, number)
        desk().notice = f"{label} is version {number} now."


def remove_label(draft: Draft, label: str) -> None:
    """Take a label away."""
    versions.remove_label(draft.base.name, label)


def take_upload(upload_key: str, name_key: str) -> None:
    """Import the uploaded file byte for byte and open it."""
    upload: Any = st.session_state.get(upload_key)
    if upload is None:
        raise InvalidInput("Choose a file first.", "file")
    loaded = library.import_file(upload.getvalue(), upload.name, name=st.session_state.get(name_key, "").strip())
    st.session_state[name_key] = ""
    show(loaded.name)
    desk().notice = f"Imported as {FORMATS[loaded.format].title}; the file is kept as it came."
