"""Models: what can run here, what is loaded and what it holds in memory; load, unload, download, delete."""

from collections.abc import Callable

import streamlit as st

from core.errors import LoupeError
from core.models import bundled
from core.models.hub import dismiss, downloads, start_download
from core.models.pool import get_pool
from core.models.registry import delete_model, list_models, local_dir
from core.settings import get_settings
from pages.shared.endpoint_table import endpoint_table
from pages.shared.model_table import model_table
from pages.shared.text import plain
from pages.shared.transfers import memory_text, transfer_text

pool = get_pool()


def attempt(action: Callable[..., object], *arguments: object) -> None:
    """Do it from a button; what went wrong is shown until the next button."""
    st.session_state.pop("models_error", None)
    try:
        action(*arguments)
    except LoupeError as error:
        st.session_state["models_error"] = str(error)


def moving() -> bool:
    """Whether something changes by itself, so that the page has to look again."""
    loading = any(entry.state in ("loading", "unloading") for entry in pool.status())
    return loading or any(download.progress().state == "running" for download in downloads())


st.title("Models", anchor=False)
watching = moving()


@st.fragment(run_every=0.5 if watching else None)
def inventory() -> None:
    """The registry with what is in memory, and what can be done with the chosen model."""
    if moving() != watching:
        st.rerun()  # start or stop looking again
    if error := st.session_state.get("models_error"):
        st.error(plain(error))
    try:
        models, limit = list_models(), pool.limit()
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    held = {entry.ref: entry for entry in pool.status()}
    memory = sum(entry.memory_bytes for entry in held.values())
    st.progress(min(memory / limit, 1.0) if limit else 0.0, text=memory_text(memory, limit))
    infos = {info.ref: info for info in models}
    chosen = model_table(infos, held)
    entry = held.get(chosen or "")
    loaded = entry is not None and entry.state != "failed"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Load",
            key="models_load",
            icon=":material/upload:",
            type="primary",
            disabled=chosen is None or loaded,
            on_click=attempt,
            args=(pool.start_loading, chosen),
        )
        st.button(
            "Unload",
            key="models_unload",
            icon=":material/eject:",
            disabled=entry is None or entry.state != "ready" or entry.in_use > 0,
            on_click=attempt,
            args=(pool.unload, chosen),
        )
        with st.popover("Delete…", icon=":material/delete:", disabled=chosen is None or loaded):
            st.markdown(f"Delete the files of {plain(chosen or '')}? The bundled model is unpacked again on next use.")
            st.button(
                "Delete for good", key="models_delete", type="primary", on_click=attempt, args=(delete_model, chosen)
            )
        st.caption(plain(chosen) if chosen else "Tick a model to load, unload or delete it.")
    if chosen == bundled.REF and loaded and not bundled.converted():
        st.caption("The bundled weights are unpacked once, which takes about 20 seconds.")
    if chosen in infos and infos[chosen].problem:
        st.warning(plain(infos[chosen].problem))
    for failed in (each for each in held.values() if each.error):
        st.error(plain(failed.error or ""))
        st.button("Dismiss", key=f"dismiss_{failed.ref}", on_click=attempt, args=(pool.unload, failed.ref))
    for download in downloads():
        now = download.progress()
        with st.container(horizontal=True, vertical_alignment="center"):
            if now.error:
                st.error(plain(now.error))
            else:
                share = min(now.done_bytes / now.total_bytes, 1.0) if now.total_bytes else 0.0
                st.progress(share, text=plain(transfer_text(now)))
            if now.state == "running":
                st.button("Cancel", key=f"cancel_{now.ref}", icon=":material/close:", on_click=download.cancel)
            else:
                st.button("Dismiss", key=f"dismiss_{now.ref}", on_click=dismiss, args=(now.ref,))


inventory()

left, right = st.columns(2, gap="large")
with left.form("models_download", border=True):
    st.markdown("**Download from the hub**")
    name = st.text_input(
        "Hub model",
        placeholder="HuggingFaceTB/SmolLM2-360M-Instruct",
        help="ORG/NAME, with @REVISION if need be. Safetensors only; HF_TOKEN opens gated models.",
    )
    if st.form_submit_button("Download", icon=":material/download:"):
        attempt(start_download, name)
        st.rerun()
with right.form("models_open", border=True):
    st.markdown("**Load a folder, a file or other settings**")
    ref = st.text_input(
        "Reference",
        placeholder="path:FOLDER, gguf:FILE, smollm2?dtype=fp32",
        help=f"What lies in {local_dir()} is listed above by itself.",
    )
    if st.form_submit_button("Load", icon=":material/upload:"):
        attempt(pool.start_loading, ref)
        st.rerun()

st.subheader("Endpoints", anchor=False)
try:
    endpoint_table(get_settings().endpoints)
except LoupeError as error:
    st.error(plain(str(error)))
