"""The registry as a table, with what each model holds in memory; one of them can be chosen. Loads nothing."""

from __future__ import annotations

import streamlit as st

from core.models.pool import PoolEntry
from core.models.registry import ModelInfo
from pages.shared.transfers import mib

STATES = {"ready": "loaded", "loading": "loading…", "unloading": "unloading…", "failed": "failed"}


def model_table(infos: dict[str, ModelInfo], held: dict[str, PoolEntry]) -> str | None:
    """Draw it and return the reference of the ticked row; the first one is ticked to begin with.

    Args:
        infos: the registry by reference.
        held: the pool by reference; a model that is loaded with options has a row of its own.
    """
    refs = [*infos, *(ref for ref in held if ref not in infos)]
    table = st.dataframe(
        [_row(ref, infos.get(ref), held.get(ref)) for ref in refs],
        key=f"models_table_{hash(tuple(refs))}",  # a selection is by place: other rows, other table
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [0]}} if refs else None,
        hide_index=True,
        placeholder="",
        alt="Models that can run here, with parameters, size, context, source and state",
        column_config={
            "Model": st.column_config.TextColumn(width="medium"),
            "Parameters": st.column_config.NumberColumn(format="compact", width="small"),
            "On disk": st.column_config.NumberColumn(format="%.1f MiB", width="small"),
            "Context": st.column_config.NumberColumn(format="localized", width="small", help="Tokens"),
            "State": st.column_config.TextColumn(width="small"),
            "In memory": st.column_config.NumberColumn(format="%.1f MiB", width="small"),
            "In use by": st.column_config.NumberColumn(width="small", help="Requests that hold it now"),
        },
    )
    return next((refs[place] for place in table.selection.rows if place < len(refs)), None)


def _row(ref: str, info: ModelInfo | None, entry: PoolEntry | None) -> dict[str, str | float | None]:
    return {
        "Model": info.name if info else "",
        "Reference": ref,
        "Parameters": info.parameters if info else None,
        "On disk": mib(info.size_bytes) if info else None,
        "Context": info.context_length if info else None,
        "Source": info.source if info else "loaded with options",
        "State": STATES[entry.state] if entry else "",
        "In memory": mib(entry.memory_bytes) if entry else None,
        "In use by": entry.in_use if entry else None,
    }
