"""The steps of a technique, in the order they happened: one small rendering for each kind.

Whatever a model, a program or a tool wrote is shown letter by letter: in code blocks, or escaped. Knows nothing of
which technique took a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from core.techniques import StepResult
from pages.shared.lab.blocks import block
from pages.shared.text import plain

ENGINES = {"monty": "Monty", "bubblewrap": "full Python in bubblewrap"}
MOST_VOTES = 6
"""Most different answers shown of a vote; the others are counted."""


def steps(taken: Sequence[StepResult]) -> None:
    """Draw them; the answer itself stands at the top of its column."""
    for step in taken:
        if step.kind != "answer":
            _RENDER.get(step.kind, _other)(step)


def _label(icon: str, words: str, *details: object) -> None:
    shown = [plain(str(detail)) for detail in details if detail not in (None, "")]
    st.caption(f":material/{icon}: " + " · ".join([f"**{plain(words)}**", *shown]))


def _examples(step: StepResult) -> None:
    """Folded: they are the same in every column, and the prompt as sent has them in full."""
    questions: list[str] = step.data.get("questions", [])
    with st.expander(
        f":material/format_list_numbered: {len(questions)} example{'' if len(questions) == 1 else 's'} shown",
        type="compact",
    ):
        st.text("\n".join(f"{number}. {question}" for number, question in enumerate(questions, 1)) or step.text)


def _thought(step: StepResult) -> None:
    if sample := step.data.get("sample"):  # one of many: folded, or the vote is a screen away
        answer = step.data.get("answer")
        with st.expander(
            f"Sample {sample} · {'no answer found' if answer is None else plain(str(answer))}", type="compact"
        ):
            st.text(step.text)
        return
    _label("psychology", "Thought")
    st.text(step.text)


def _program(step: StepResult) -> None:
    attempt = step.data.get("attempt")
    _label("code", "Program", f"attempt {attempt}" if attempt and attempt > 1 else None)
    block(step.text, "python")


def _output(step: StepResult) -> None:
    data = step.data
    engine, status = str(data.get("engine") or ""), data.get("status")
    _label("terminal", "Output", ENGINES.get(engine, engine), None if status == "ok" else status, _seconds(data))
    block(step.text or "(nothing)")


def _action(step: StepResult) -> None:
    tool = step.data.get("tool")
    _label("build", "Action", tool)
    block(str(step.data.get("argument", step.text)) if tool else step.text)


def _observation(step: StepResult) -> None:
    _label("visibility", "Observation", None if step.data.get("ok", True) else "the tool could not do it")
    block(step.text or "(nothing)")


def _votes(step: StepResult) -> None:
    """A bar for every different answer, the most frequent first; `null` is an answer in which none was found."""
    groups: list[dict[str, Any]] = step.data.get("groups", [])
    total = step.data.get("total") or sum(group["count"] for group in groups)
    agreement = step.data.get("agreement")
    _label("how_to_vote", "Votes", None if agreement is None else f"agreement {agreement:.0%}")
    for group in groups[:MOST_VOTES]:
        answer = "no answer found" if group["answer"] is None else plain(str(group["answer"]))
        st.progress(group["count"] / total if total else 0.0, text=f"{answer} · {group['count']} of {total}")
    if len(groups) > MOST_VOTES:
        rest = sum(group["count"] for group in groups[MOST_VOTES:])
        st.caption(f"and {len(groups) - MOST_VOTES} other answers with {rest} votes together")


def _extraction(step: StepResult) -> None:
    found = step.data.get("found", True)
    _label("filter_alt", "Answer taken from the text" if found else "No answer in the text", step.data.get("rule"))
    if found:
        block(step.text)


def _retry(step: StepResult) -> None:
    _label("replay", "Retry", "the model is shown its error")
    if step.text:
        block(step.text)


def _trimmed(step: StepResult) -> None:
    st.info(plain(step.text), icon=":material/content_cut:", title="Left out to fit the context window")


def _problem(step: StepResult) -> None:
    st.warning(plain(step.text), icon=":material/warning:")


def _note(step: StepResult) -> None:
    st.caption(f":material/info: {plain(step.text)}")


def _other(step: StepResult) -> None:
    _label("chevron_right", step.kind)
    block(step.text)


def _seconds(data: dict[str, Any]) -> str | None:
    took = data.get("duration_s")
    if took is None:
        return None
    return f"{took * 1000:.0f} ms" if took < 1 else f"{took:.1f} s"


_RENDER: dict[str, Callable[[StepResult], None]] = {
    "examples": _examples,
    "thought": _thought,
    "program": _program,
    "output": _output,
    "action": _action,
    "observation": _observation,
    "votes": _votes,
    "extraction": _extraction,
    "retry": _retry,
    "trimmed": _trimmed,
    "problem": _problem,
    "note": _note,
}
