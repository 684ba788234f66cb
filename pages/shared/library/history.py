"""A prompt's versions: who made each and why, labels that point at them, two of them side by side, restore.

Messages and labels are somebody else's text. Knows nothing of how a prompt is edited.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.prompts import versions
from core.prompts.versions import Version
from pages.shared.library import saving
from pages.shared.library.desk import act
from pages.shared.library.diff import diff_view
from pages.shared.library.draft import Draft
from pages.shared.text import plain

MOST = 30
"""Versions with a line of their own; older ones are in the lists of the comparison."""
USUAL = ("production", "staging")
NOW = 0
"""Stands for the text as it is edited, in the lists of versions; real ones begin at 1."""
_ORIGINS = {
    "page": ("saved here", ":material/save:"),
    "disk": ("editor or git", ":material/code:"),
    "import": ("imported", ":material/upload:"),
    "shipped": ("shipped with Loupe", ":material/inventory_2:"),
}


def history(draft: Draft) -> None:
    """Draw all of it."""
    found = versions.history(draft.base.name)
    left, right = st.columns([7, 5], gap="medium")
    with left:
        _list(draft, found)
    with right:
        _labels(draft, found)
    _compare(draft, found)


def _list(draft: Draft, found: Sequence[Version]) -> None:
    for version in found[:MOST]:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"library_v_{version.number}"):
            st.markdown(f"**{version.number}**", width=28)
            words, icon = _ORIGINS[version.origin]
            said = plain(version.message or words[0].upper() + words[1:])
            words = f"{words} · " if version.message else ""
            marks = " ".join(f":blue-badge[{plain(label)}]" for label in version.labels)
            with st.container(gap=None, width="stretch"):
                st.markdown(f"{said} {marks}".strip())
                st.caption(f"{icon} {words}{version.created_at.astimezone():%Y-%m-%d %H:%M} · {_size(version.size)}")
            st.button(
                "Compare",
                key=f"library_compare_{version.number}",
                type="tertiary",
                icon=":material/compare_arrows:",
                help=f"Version {version.number} beside what is open now",
                on_click=_beside,
                args=(draft, version.number, NOW),
            )
            st.button(
                "Restore",
                key=f"library_restore_{version.number}",
                type="tertiary",
                icon=":material/history:",
                on_click=act(saving.restore, once=True),
                args=(draft, version.number),
                disabled=draft.base.shipped or version is found[0],
                help="Save what this version held as the newest one",
            )
    if len(found) > MOST:
        st.caption(f"{len(found) - MOST:,} older versions are in the lists below.")


def _labels(draft: Draft, found: Sequence[Version]) -> None:
    st.markdown("**Labels**", help="A name such as production that points at one version, whatever is saved later.")
    labels = {label: version.number for version in found for label in version.labels}
    for place, (label, number) in enumerate(sorted(labels.items())):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":blue-badge[{plain(label)}] version {number}", width="stretch")
            st.button(
                "Remove",
                key=f"library_unlabel_{place}",
                type="tertiary",
                icon=":material/label_off:",
                help=f"Take the label {plain(label)} away",
                on_click=act(saving.remove_label),
                args=(draft, label),
            )
    at = f"library_label_at_{draft.base.name}_{found[0].number}"  # after a new version, that one is offered
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Label",
            list(dict.fromkeys([*USUAL, *sorted(labels)])),
            key="library_label",
            accept_new_options=True,
            persist_state="session",
            width="stretch",
        )
        st.selectbox("Version", [version.number for version in found], key=at, width=85)
        st.button(
            "Set",
            key="library_set_label",
            icon=":material/sell:",
            on_click=act(saving.set_label),
            args=(draft, "library_label", at),
        )


def _compare(draft: Draft, found: Sequence[Version]) -> None:
    name = draft.base.name
    numbers = [version.number for version in found]
    titles = {NOW: "Unsaved changes" if draft.dirty else "As it is now"} | {
        version.number: _title(version) for version in found
    }
    before = found[0] if draft.dirty or len(found) < 2 else found[1]
    left_key, right_key = _side_keys(draft)
    for key, first in ((left_key, before.number), (right_key, NOW)):
        if st.session_state.get(key) not in titles:
            st.session_state[key] = first
    left, right = st.columns(2)
    with left:
        a = st.selectbox("Compare", [*numbers, NOW], key=left_key, format_func=titles.__getitem__)
    with right:
        b = st.selectbox("with", [NOW, *numbers], key=right_key, format_func=titles.__getitem__)
    texts = [draft.text if number == NOW else versions.get(name, number)[1] for number in (a, b)]
    diff_view(texts[0], texts[1], titles[a], titles[b], key=f"library_diff_{name}")


def _side_keys(draft: Draft) -> tuple[str, str]:
    return f"library_left_{draft.base.name}", f"library_right_{draft.base.name}"


def _beside(draft: Draft, left: int, right: int) -> None:
    for key, number in zip(_side_keys(draft), (left, right), strict=True):
        st.session_state[key] = number


def _title(version: Version) -> str:
    """For a list of options, which shows text as it is."""
    said = version.message or _ORIGINS[version.origin][0]
    return f"Version {version.number} · {said[:60]}"


def _size(size: int) -> str:
    return f"{size:,} B" if size < 10_000 else f"{size / 1024:,.0f} kB"
