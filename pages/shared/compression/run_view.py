"""One compression: how far it is, its curves while it teaches a student, and what came of it with what to do next."""

from __future__ import annotations

import shlex

import streamlit as st

from core import jobs
from core.compression import CompressRequest
from core.errors import LoupeError
from core.jobs import JobView
from pages.shared.compression.distilled import distilled
from pages.shared.compression.session import MADE, choose_to_measure, fine_tune, show, try_it
from pages.shared.compression.words import megabytes
from pages.shared.jobs import job_line
from pages.shared.jobs.curves import curves
from pages.shared.text import percent, plain

POLL_S = 2.0


def run_view(job: JobView) -> None:
    """Draw it."""
    with st.container(border=True):
        job_line(job.id, key="compress_line")
        if job.status == "finished":
            _outcome(job)
        if job.request.get("method") == "distill":
            if job.active:
                st.fragment(_curves, run_every=POLL_S)(job.id)
            else:
                distilled(job)
                with st.expander("All curves", type="compact", key="compress_curves", on_change="rerun") as more:
                    if more.open:
                        _curves(job.id)
        _command(job)


def _outcome(job: JobView) -> None:
    result = job.result
    ref, source = str(result["ref"]), str(result["source"])
    parts = [
        f"**{megabytes(result['source_bytes'])} → {megabytes(result['size_bytes'])}** on disk",
        f"{result['seconds']:,.0f} s",
    ]
    if bits := result.get("linear_bits_per_weight") or result.get("bits_per_weight"):
        parts.append(
            f"{bits:.4g} bits a weight" + (" of the packed layers" if "linear_bits_per_weight" in result else "")
        )
    if result.get("kept") is not None and result.get("of"):
        parts.append(f"{result['kept']} of {result['of']} {plain(str(job.request.get('structure', 'parts')))} kept")
    elif result.get("zeros"):
        parts.append(f"{percent(result['zeros'] / result['weights'])} of the layers' weights are zero, counted")
    if result.get("parameters"):
        parts.append(f"{result['parameters']:,} of {result['teacher_parameters']:,} numbers")
    st.markdown(" · ".join(parts))
    with st.container(horizontal=True):
        st.button(
            "Measure against the original",
            icon=":material/straighten:",
            key="compress_measure_made",
            type="primary",
            on_click=choose_to_measure,
            args=([source, ref],),
        )
        st.button("Try in Playground", icon=":material/experiment:", key="compress_try", on_click=try_it, args=(ref,))
        if result["method"] in ("prune", "distill"):
            st.button(
                "Train on in Fine-tune", icon=":material/tune:", key="compress_tune", on_click=fine_tune,
                args=(ref, "full"),
            )  # fmt: skip
        st.button("Close", key="compress_close", type="tertiary", on_click=show, args=(MADE, None))


def _curves(job_id: str) -> None:
    try:
        curves(jobs.metrics(job_id))
    except LoupeError as error:
        st.error(plain(str(error)))


def _command(job: JobView) -> None:
    """The command that does the same."""
    try:
        request = CompressRequest.parse(**job.request)
    except LoupeError:  # made by another version of Loupe; Jobs shows it all the same
        return
    words = ["loupe", "compress", request.method, "--model", request.model, "--name", request.name]
    for name in CompressRequest.model_fields:
        if name not in request.changed or name in ("method", "model", "name"):
            continue
        held = getattr(request, name)
        if isinstance(held, bool):
            words.append(_switch(name, held))
        else:
            words += [f"--{name.replace('_', '-')}", ",".join(map(str, held)) if isinstance(held, tuple) else str(held)]
    with st.expander("The same as a command", type="compact", key="compress_command", on_change="rerun") as card:
        if card.open:
            st.code(shlex.join(words), language=None, wrap_lines=True)


def _switch(name: str, on: bool) -> str:
    special = {("calibrated", False): "--round-to-nearest", ("symmetric", False): "--asymmetric"}
    return special.get((name, on), f"--{'' if on else 'no-'}{name.replace('_', '-')}")
