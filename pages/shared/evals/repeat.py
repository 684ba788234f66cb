"""The file and the command that repeat what the page would run."""

from __future__ import annotations

import streamlit as st

from core.evals.running.overrides import Overrides
from pages.shared.evals.starting import overrides_of, path_of
from pages.shared.evals.state import Draft


def repeat_card(draft: Draft, said: Overrides) -> None:
    """Draw them, folded.

    Raises:
        LoupeError: the file cannot be written.
    """
    with st.expander("The file and the command", type="compact", key="evals_repeat_card", on_change="rerun") as card:
        if not card.open:
            return
        st.code(overrides_of(said).command(str(path_of(draft))), language=None, wrap_lines=True)
        st.caption(
            "Exit code 100 when an assertion fails; --out DIR writes HTML, CSV, JSON and JUnit, --resume does what is "
            "missing, --json prints the figures."
        )
        st.code(draft.text, language="yaml", wrap_lines=True, height=360)
        st.download_button(
            "Download the file",
            draft.text,
            file_name=draft.name,
            mime="application/yaml",
            icon=":material/download:",
            key="evals_download",
            on_click="ignore",
        )
