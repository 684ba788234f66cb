"""What a person must know about the open prompt: conflicts, text that was put aside, what the format cannot hold.

Every conflict shows both versions and loses neither. Knows nothing of how files are written.
"""

from __future__ import annotations

import streamlit as st

from pages.shared.library import saving
from pages.shared.library.desk import act
from pages.shared.library.diff import diff_view
from pages.shared.library.draft import Draft
from pages.shared.text import plain

NOTES = 5
"""Most notes about a file that are shown at once."""


def notices(draft: Draft) -> None:
    """Draw what there is to say."""
    if draft.theirs is not None:
        _conflict(draft)
    if draft.kept is not None:
        _kept(draft)
    if draft.problem:
        words = draft.problem if draft.dirty else f"{draft.problem} Repair it in the tab File."
        st.error(plain(words), title="Not a valid prompt")
    for sentence in draft.lost:
        st.warning(plain(sentence), icon=":material/content_cut:")
    prompt = draft.prompt
    if prompt is None:
        return
    if names := prompt.single_braces:
        with st.container(horizontal=True, vertical_alignment="center"):
            shown = ", ".join(f"{{{name}}}" for name in names[:NOTES])
            st.info(
                f"This prompt is written with single braces ({plain(shown)}), which Loupe does not fill in.",
                width="stretch",
            )
            st.button(
                "Convert to {{ }}",
                icon=":material/data_object:",
                key="library_convert",
                on_click=act(saving.convert_braces),
                args=(draft,),
            )
    if prompt.notes:
        with st.expander(
            f"What Loupe does not act on ({len(prompt.notes)})",
            icon=":material/info:",
            type="compact",
            key=f"library_notes_{draft.base.name}",
        ):
            for note in prompt.notes[:100]:
                st.caption(plain(note))


def _conflict(draft: Draft) -> None:
    theirs = draft.theirs
    if theirs is None:
        return
    gone = theirs.text is None
    with st.container(border=True, key="library_conflict"):
        if gone:
            st.warning(
                "Somebody deleted or renamed this prompt while you were editing it. Your text is here, unsaved.",
                title="The file is gone",
            )
        else:
            st.warning(
                "Somebody changed the file while you were editing it. Both versions are below; nothing is lost until "
                "you choose.",
                title="Two versions of this prompt",
            )
        with st.container(horizontal=True, vertical_alignment="center"):
            if draft.base.shipped:
                st.caption("To keep yours, save it as a copy above.")
            else:
                st.button(
                    "Save mine again" if gone else "Keep mine (overwrite)",
                    icon=":material/save:",
                    key="library_keep_mine",
                    type="primary",
                    on_click=act(saving.save, once=True),
                    args=(draft,),
                    kwargs={"over": theirs.digest},
                    help=None if gone else "Theirs stays in the history as a version.",
                )
            st.button(
                "Discard mine" if gone else "Take theirs",
                icon=":material/close:" if gone else ":material/download_done:",
                key="library_take_theirs",
                on_click=act(saving.give_up if gone else saving.take_theirs, once=True),
                args=(draft,),
                help=None if gone else "Yours is put aside and can be put back.",
            )
            if not gone:
                st.caption("You can also go on editing below until yours holds both.")
        if theirs.text is not None:
            diff_view(theirs.text, draft.text, "Theirs, in the file now", "Yours, unsaved", key="library_conflict_diff")


def _kept(draft: Draft) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="library_kept"):
        st.info("Your other text was put aside.", icon=":material/inventory_2:", width="stretch")
        st.button(
            "Put it back",
            icon=":material/undo:",
            key="library_put_back",
            on_click=act(saving.put_back, once=True),
            args=(draft,),
        )
        st.button("Let it go", key="library_forget", type="tertiary", on_click=act(saving.forget_kept), args=(draft,))
