"""Reports to download, and the command and the file that repeat the run."""

from __future__ import annotations

import re
from collections.abc import Callable

import streamlit as st

from core.evals.report import REPORTS, Report
from core.store.evals import EvalRecord
from pages.shared.lab.blocks import block


def downloads(record: EvalRecord) -> None:
    """Draw them. A report is made when somebody asks for it, outside of the script."""
    from core.evals.running import command_of  # only where it is looked at: it knows of models and jobs

    name = file_name(record)
    with st.container(horizontal=True):
        for report in REPORTS.values():
            st.download_button(
                report.title,
                _maker(report, record.id),
                report.file,
                report.mime,
                key=f"results_report_{report.name}",
                icon=":material/download:",
                on_click="ignore",
            )
        st.download_button(
            "Eval file",
            record.file,
            name,
            "application/yaml",
            key="results_file",
            icon=":material/description:",
            disabled=not record.file,
            on_click="ignore",
        )
    st.caption(
        "HTML opens anywhere and runs no script; CSV has a line a cell; JSON has everything; JUnit is for CI. "
        "This repeats the run from the shell or in CI; answers that are there already are used again, unless "
        "`--no-cache` is there:"
    )
    st.code(command_of(record, name), language="bash")
    if record.file:
        with st.expander("The eval file", type="compact"):
            block(record.file, "yaml")


def file_name(record: EvalRecord) -> str:
    """What the eval's file is called when it is downloaded."""
    words = re.findall(r"[a-z0-9]+", record.name.casefold())
    return f"{'-'.join(words)[:60] or 'eval'}.yaml"


def _maker(report: Report, eval_id: str) -> Callable[[], bytes]:
    return lambda: "".join(report.render(eval_id)).encode("utf-8", "replace")
