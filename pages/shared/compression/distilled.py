"""A distilled student beside its twin: the same student, trained as long on the same text without the teacher."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import jobs
from core.compression import KIND, CompressRequest
from core.errors import LoupeError
from core.jobs import JobView
from pages.shared.compression import draft
from pages.shared.compression.session import ask_start
from pages.shared.text import plain

APART = ("name", "hard_only", "temperature", "alpha")
"""What may differ between a student and its twin: the twin reads no soft labels."""
STUDENT, TWIN = "with the teacher", "on the text alone"
HELD_OUT = "held-out loss"


def distilled(job: JobView) -> None:
    """Draw it.

    Raises:
        StoreError: the store cannot be read.
    """
    try:
        request = CompressRequest.parse(**job.request)
    except LoupeError:  # of another version; its curves are there all the same
        return
    twin = twin_of(job, request)
    pair = {TWIN if request.hard_only else STUDENT: job}
    if twin is not None:
        pair[STUDENT if request.hard_only else TWIN] = twin
    _chart(pair, job.result.get("teacher_held_out"))
    if twin is not None:
        st.markdown(told(pair))
    elif job.status == "finished":
        other = request.model_copy(
            update={
                "hard_only": not request.hard_only,
                "name": draft.suggested_name(f"{request.name[:55]}-{'soft' if request.hard_only else 'hard'}"),
            }
        )
        if other.hard_only:  # it reads neither
            other = other.model_copy(update={name: draft.FIELDS[name].default for name in ("temperature", "alpha")})
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                "What was the teacher worth? The same student, trained as long on the same text "
                + ("with the teacher's probabilities, tells." if request.hard_only else "alone, tells."),
                width="stretch",
            )
            st.button(
                "Train its twin", icon=":material/compare_arrows:", key="compress_twin", on_click=ask_start,
                args=(other,),
            )  # fmt: skip


def twin_of(job: JobView, request: CompressRequest) -> JobView | None:
    """The latest finished distillation that differs by the teacher alone."""
    wanted = request.model_dump(exclude=set(APART))
    for other in jobs.list_jobs(KIND, "finished"):
        if other.id == job.id or other.request.get("method") != "distill":
            continue
        try:
            theirs = CompressRequest.parse(**other.request)
        except LoupeError:
            continue
        if theirs.hard_only != request.hard_only and theirs.model_dump(exclude=set(APART)) == wanted:
            return other
    return None


def told(pair: dict[str, JobView]) -> str:
    """Which of the two predicts the held-out text better, by how much."""
    student, twin = (pair[name].result.get("held_out") for name in (STUDENT, TWIN))
    if not isinstance(student, float) or not isinstance(twin, float):
        return "One of the two has no held-out loss."
    pieces = pair[STUDENT].result.get("held_out_pieces")
    on = f"on {pieces} held-out pieces" if pieces else "on held-out text"
    if student == twin:
        return f"Student and twin have the same loss {on}: **{student:.4f}** nats a token."
    better = "The student of the teacher" if student < twin else "The twin, on the text alone,"
    return (
        f"{better} predicts better {on}: **{student:.4f}** against **{twin:.4f}** nats a token {TWIN}, a difference of "
        f"**{abs(student - twin):.4f}**."
    )


def _chart(pair: dict[str, JobView], teacher: Any) -> None:
    import altair as alt

    values = []
    for name, job in pair.items():
        curve = {row.step: row.value for row in jobs.metrics(job.id) if row.name == HELD_OUT}
        values += [{"who": name, "step": step, "loss": curve[step]} for step in sorted(curve)]
    if not values:
        return
    lines = (
        alt.Chart(alt.Data(values=values))
        .mark_line(point=True, strokeWidth=1.8)
        .encode(
            x=alt.X("step:Q", title="update", axis=alt.Axis(format=",d", tickMinStep=1)),
            y=alt.Y("loss:Q", title="held-out loss (nats a token)", scale=alt.Scale(zero=False)),
            color=alt.Color("who:N", sort=[STUDENT, TWIN], scale=alt.Scale(domain=[STUDENT, TWIN]),
                            legend=alt.Legend(title=None, orient="top")),
            tooltip=["who:N", "step:Q", alt.Tooltip("loss:Q", format=".4f")],
        )
    )  # fmt: skip
    chart = lines
    if isinstance(teacher, float):
        rule = alt.Chart(alt.Data(values=[{"loss": teacher}])).mark_rule(strokeDash=[4, 4], color="#7d8b91")
        chart = lines + rule.encode(y="loss:Q", tooltip=[alt.Tooltip("loss:Q", title="teacher", format=".4f")])
    ends = {each["who"]: each["loss"] for each in values}
    facts = "; ".join(f"{name} {loss:.4f}" for name, loss in ends.items())
    st.altair_chart(chart.properties(height=280), key="compress_twins", alt=f"Held-out loss by update: {facts}")
    if isinstance(teacher, float):
        st.caption(plain(f"Dashed: the teacher, {teacher:.4f}."))
