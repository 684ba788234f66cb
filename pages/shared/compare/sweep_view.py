"""A sweep's results: a heat map of any figure, the outputs as a grid, and the texts of one cell.

Knows nothing of how cells are run.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.evals.compare import figures, sweeping
from core.evals.compare.axes import Value
from core.evals.compare.figures import FIGURES, Cell, Figure
from core.evals.compare.sweep import SweepRequest, Taken
from core.store.export import defuse
from pages.shared.compare.sweep_session import CELL
from pages.shared.lab.blocks import block
from pages.shared.text import plain

POLL_S = 0.8
FIGURE = "sweep_figure"
LOW_TO_HIGH = ["#d3eaed", "#075763"]
"""The same in both themes, so that the words in the cells can be read."""
EMPTY = "#8a979c"
LABEL = 26
PREVIEW = 160
"""Characters of an output in the grid."""


def sweep_view(view: sweeping.RunView) -> None:
    """Draw it; while it runs, polled."""
    if view.running:
        st.fragment(_poll, run_every=POLL_S)(view.id)
    else:
        _draw(view, live=False)


def _poll(sweep_id: str) -> None:
    now = sweeping.get(sweep_id)
    _draw(now, live=True)
    if not now.running:
        st.rerun()  # the whole page: Stop is over


def _draw(view: sweeping.RunView, *, live: bool) -> None:
    request, samples = view.request, view.result.samples
    total = request.outputs
    if view.running:
        st.progress(len(samples) / max(1, total), text=f"{len(samples)} of {total} outputs")
    elif len(samples) < total:
        st.caption(f"{view.status.capitalize()} with {len(samples)} of {total} outputs; what is there stays.")
    if view.result.error:
        st.error(plain(view.result.error))
    cells = figures.cells(request, samples)
    known = [each for each in FIGURES.values() if any(each.of(cell) is not None for cell in cells)]
    if not any(cell.failed for cell in cells):
        known = [each for each in known if each.name != "failed"]
    if not samples:
        st.caption(plain(view.result.doing) or "Waiting for the first output…")
        return
    if st.session_state.get(FIGURE) not in [each.name for each in known]:
        st.session_state[FIGURE] = known[0].name
    picture, texts = st.columns([7, 5], gap="medium")
    with picture:
        name = st.segmented_control(
            "Figure",
            [each.name for each in known],
            key=FIGURE,
            format_func=lambda each: FIGURES[each].title,
            required=True,
            label_visibility="collapsed",
            persist_state="session",
        )
        _heat_map(request, cells, FIGURES[name or known[0].name], view.id, live)
    with texts:
        _cell(view, cells)
    _grid(request, view, cells, live)


def _heat_map(request: SweepRequest, cells: list[Cell], figure: Figure, sweep_id: str, live: bool) -> None:
    import altair as alt

    values = []
    for place, (cell, at) in enumerate(zip(cells, request.cells(), strict=True)):
        value = figure.of(cell)
        between = figures.interval(figure, cell)
        values.append(
            {
                "cell": place,
                "x": _label(at[-1]),
                "y": _label(at[0]) if len(at) > 1 else "",
                "name": cell.name,
                "value": value,
                "words": figures.shown(figure, value),
                "between": "" if between is None else f"{between[0]:.2f} to {between[1]:.2f}",
                "outputs": f"{len(cell.samples)} of {cell.draws}" + (f", {cell.failed} failed" if cell.failed else ""),
            }
        )
    numbers = [each["value"] for each in values if each["value"] is not None]
    middle = (min(numbers) + max(numbers)) / 2 if numbers else 0
    order = {
        name: [_label(value) for value in axis.values] for name, axis in zip(_names(request), request.axes, strict=True)
    }
    x = alt.X("x:N", sort=order["x"], title=request.axes[-1].title, axis=alt.Axis(labelAngle=0, labelLimit=180))
    y = alt.Y("y:N", sort=order.get("y"), title=request.axes[0].title if len(request.axes) > 1 else None)
    base = alt.Chart(alt.Data(values=values)).encode(x=x, y=y if len(request.axes) > 1 else alt.Undefined)
    chosen = alt.selection_point(name="cell", fields=["cell"], on="click", clear=False)
    boxes = base.mark_rect(cursor="pointer", stroke="#ffffff", strokeWidth=1).encode(
        color=alt.condition(
            "isValid(datum.value)",
            alt.Color("value:Q", scale=alt.Scale(zero=False, range=LOW_TO_HIGH), legend=None),
            alt.value(EMPTY),
        ),
        tooltip=[
            alt.Tooltip("name:N", title="cell"),
            alt.Tooltip("words:N", title=figure.title),
            alt.Tooltip("between:N", title="95 % interval"),
            alt.Tooltip("outputs:N", title="outputs"),
        ],
    )
    dark = f"isValid(datum.value) && datum.value > {middle}"
    words = base.mark_text(fontSize=13).encode(
        text="words:N", color=alt.condition(dark, alt.value("#ffffff"), alt.value("#10171a"))
    )
    rows = len(request.axes[0].values) if len(request.axes) > 1 else 1
    chart = alt.layer(boxes if live else boxes.add_params(chosen), words).properties(height=70 + 44 * rows)
    said = "; ".join(f"{each['name']}: {each['words']}" for each in values)
    options: dict[str, Any] = {} if live else {"on_select": _chosen(f"sweep_map_{sweep_id}"), "selection_mode": "cell"}
    st.altair_chart(
        chart, key=f"sweep_map_{sweep_id}{'_live' if live else ''}", alt=f"{figure.title}: {said}", **options
    )
    best = [each for each in values if each["value"] is not None]
    if figure.best and len(best) > 1:
        top = (max if figure.best == "high" else min)(best, key=lambda each: float(each["value"]))
        ties = sum(each["value"] == top["value"] for each in best)
        between = f" (95 % {top['between']})" if top["between"] else ""
        more = f", as {ties - 1} other{'' if ties == 2 else 's'}" if ties > 1 else ""
        st.caption(f"Best here: {plain(top['name'])}, {top['words']}{between}{more}. {figure.what}")
    else:
        st.caption(figure.what)


def _names(request: SweepRequest) -> list[str]:
    """Which axis of the picture each axis of the sweep is."""
    return ["y", "x"] if len(request.axes) > 1 else ["x"]


def _chosen(key: str) -> Any:
    def choose() -> None:
        picked = st.session_state[key].selection.get("cell") or []
        if picked:
            st.session_state[CELL] = int(picked[0]["cell"])

    return choose


def _cell(view: sweeping.RunView, cells: list[Cell]) -> None:
    """The texts of one cell."""
    places = list(range(len(cells)))
    if st.session_state.get(CELL) not in places:
        st.session_state[CELL] = 0
    place = st.selectbox("Cell", places, key=CELL, format_func=lambda each: cells[each].name)
    drawn = view.result.of(place)
    if not drawn:
        st.caption("Nothing yet.")
    with st.container(height=360, border=False):
        for each in drawn:
            _sample(each, len(drawn))


def _sample(taken: Taken, many: int) -> None:
    parts = [f"**{taken.number + 1}**"] if many > 1 else []
    if taken.passed is not None and taken.error is None:
        score = "" if taken.score is None else f" · score {taken.score:.2f}"
        parts.append(f"{':material/task_alt: passed' if taken.passed else ':material/close: failed'}{score}")
    elif taken.unjudged is not None:
        parts.append(":material/help: no verdict")
    parts.append(f"{taken.completion_tokens:,} tokens · {taken.seconds:.1f} s")
    st.caption(" · ".join(parts))
    if taken.error:
        st.error(plain(taken.error))
    else:
        block(taken.text or "(empty)")
    if why := taken.unjudged or (taken.reason if taken.passed is False else ""):
        st.caption(plain(why))
    if taken.run:
        st.page_link(
            "pages/try/compare.py",
            label="Open as a column",
            icon=":material/compare:",
            query_params={"columns": taken.run},
        )


def _grid(request: SweepRequest, view: sweeping.RunView, cells: list[Cell], live: bool) -> None:
    """The first output of every cell, as a table like the heat map; a cell of it opens its texts."""
    two = len(request.axes) > 1
    across = request.axes[-1].values
    columns = [_label(value) for value in across]
    rows: list[dict[str, str]] = []
    for row in range(len(cells) // len(across)):
        line = {request.axes[0].title: _label(request.axes[0].values[row])} if two else {}
        for place, column in enumerate(columns):
            first = next((each for each in view.result.of(row * len(across) + place) if each.error is None), None)
            line[column] = "" if first is None else defuse(" ".join(first.text.split())[:PREVIEW])
        rows.append(line)
    key = f"sweep_grid_{view.id}{'_live' if live else ''}"

    def choose() -> None:
        for row, column in st.session_state[key].selection.cells:
            if column in columns:
                st.session_state[CELL] = row * len(across) + columns.index(column)

    st.caption(f"The first output of every cell, by {request.axes[-1].title}")
    st.dataframe(
        rows,
        key=key,
        hide_index=True,
        row_height=58,
        alt="The first output of every cell",
        **({} if live else {"on_select": choose, "selection_mode": "single-cell"}),
    )


def _label(value: Value) -> str:
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return shown if len(shown) <= LABEL else f"…{shown[1 - LABEL :]}"
