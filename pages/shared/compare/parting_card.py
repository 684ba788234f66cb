"""Where two columns part: the text that both begin with, the token each took, and how likely both were under either.

What the runs do not tell is computed in a thread of core's, on models that are loaded, or when somebody asks for it.
Knows nothing of how it is found.
"""

from __future__ import annotations

import streamlit as st

from core.errors import LoupeError
from core.evals.compare import probing
from core.evals.compare.columns import Column
from core.evals.compare.parting import Parting, Piece, part
from core.evals.compare.probing import Chance, Chances
from pages.shared.bars import Rest, Row, bars
from pages.shared.compare import draft
from pages.shared.compare.draft import LEFT, RIGHT
from pages.shared.model_picker import is_loaded
from pages.shared.text import percent, plain, visible

POLL_S = 0.4
TAIL = 90
"""Characters of the common text that are shown before the place."""


def parting_card(shown: dict[int, Column], names: dict[int, str]) -> None:
    """Draw it for two of the columns that have run; nothing while there are fewer.

    Args:
        shown: the runs by their slots, from left to right.
        names: what tells the columns apart.
    """
    slots = [slot for slot, each in shown.items() if each.text or each.tokens]
    if len(slots) < 2:
        return
    for key, first in ((LEFT, slots[0]), (RIGHT, slots[1])):
        if st.session_state.get(key) not in slots:
            st.session_state[key] = first
    with st.container(border=True, key="compare_parting"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown("**Where they part**", width="stretch")
            for key, label in ((LEFT, "One"), (RIGHT, "The other")):
                st.selectbox(
                    label,
                    slots,
                    key=key,
                    format_func=draft.letters().__getitem__,
                    label_visibility="collapsed",
                    width=80,
                    persist_state="session",
                )
        left, right = st.session_state[LEFT], st.session_state[RIGHT]
        if left == right:
            st.caption("Choose two different columns.")
            return
        titles = [f"{draft.letter(slot)} · {names[slot]}" for slot in (left, right)]
        _place(shown[left], shown[right], (titles[0], titles[1]))


def _place(left: Column, right: Column, titles: tuple[str, str]) -> None:
    found = part(left, right)
    one, other = titles[0][0], titles[1][0]
    if not found.parted:
        st.caption(plain(found.note.replace("the first", one).replace("the second", other)))
        return
    if found.left is None or found.right is None:
        return
    tokens, letters = found.left.first, len(found.same)
    many = f"{tokens:,} token{'' if tokens == 1 else 's'}" if found.by == "token" else f"{letters:,} characters"
    st.caption(
        f"The same for {many}, then each goes its own way:" if letters or tokens else "They differ from the start:"
    )
    tail = found.same[-TAIL:].replace("\n", "⏎")
    st.code(
        f"{'…' if len(found.same) > TAIL else ''}{tail} ▸ {one}: {visible(found.left.name)}   "
        f"{other}: {visible(found.right.name)}",
        language=None,
        wrap_lines=True,
    )
    known = probing.reported(left, right, found)
    if known is None:
        return
    if not known.computable:
        _chances(known, found, titles)
    elif probing.known(left, right) or _allowed(left, right, known):
        st.fragment(_compute, run_every=None if probing.known(left, right) else POLL_S)(left, right, found, titles)
    else:
        _chances(known, found, titles)
        st.button(
            "Compute what is missing",
            icon=":material/function:",
            key=f"compare_probe_{left.id}_{right.id}",
            on_click=_ask,
            args=(left.id, right.id),
            help="Loads the model and computes the text so far once.",
        )
    if left.prompt != right.prompt:
        st.caption("The prompts differ: each column's probabilities are after its own prompt.")
    if found.by == "text":
        st.caption("The vocabularies differ or are not known: letters were compared, and a text may be several tokens.")
    if found.note:
        st.caption(plain(found.note))


def _allowed(left: Column, right: Column, known: Chances) -> bool:
    """Whether to compute without being asked: on models that are in memory."""
    asked = st.session_state.get("compare_probed") == (left.id, right.id)
    needed = [
        column.request.model
        for column, chance in ((left, known.right_under_left), (right, known.left_under_right))
        if chance.computable
    ]
    return asked or all(is_loaded(model) for model in needed)


def _ask(left: str, right: str) -> None:
    st.session_state["compare_probed"] = (left, right)


def _compute(left: Column, right: Column, found: Parting, titles: tuple[str, str]) -> None:
    was_known = probing.known(left, right)
    try:
        chances = probing.computed(left, right, found)
    except LoupeError as error:
        st.error(plain(str(error)))
        chances = probing.reported(left, right, found)
    if chances is None:
        st.caption("Computing the probabilities…")
        return
    _chances(chances, found, titles)
    if not was_known:
        st.rerun()  # once more without polling


def _chances(chances: Chances, found: Parting, titles: tuple[str, str]) -> None:
    if found.left is None or found.right is None:
        return
    sides = (
        (titles[0], chances.left_under_left, chances.right_under_left, 0),
        (titles[1], chances.left_under_right, chances.right_under_right, 1),
    )
    for place, (title, first, second, own) in zip(st.columns(2, gap="medium"), sides, strict=True):
        with place:
            st.caption(f"**Under {plain(title)}**")
            _side((found.left, first), (found.right, second), (titles[0][0], titles[1][0]), own, title[0])
    st.caption("First number: the model's own probability. Second: after the column's samplers.")


def _side(
    first: tuple[Piece, Chance], second: tuple[Piece, Chance], letters: tuple[str, str], own: int, under: str
) -> None:
    rows, said = [], []
    for number, ((piece, chance), letter) in enumerate(zip((first, second), letters, strict=True)):
        if chance.probability is not None:
            name = f"{letter}:{piece.name}"
            rows.append(Row(number, name, chance.probability, chance.sampled, None, number == own))
        elif chance.at_most is not None:
            said.append(f"{letter}'s {piece.name}: under {percent(chance.at_most)}, not among the reported rivals.")
        else:
            said.append(f"{letter}'s {piece.name}: {chance.why_not}")
    if rows:
        total = sum(row.before for row in rows)
        after = [row.after for row in rows if row.after is not None]
        rest = None if len(rows) < 2 else max(0.0, 1 - total)
        rest_after = max(0.0, 1 - sum(after)) if rest is not None and len(after) == len(rows) else None
        label = f"Under {under}: " + ", ".join(f"{row.text} {percent(row.before)}" for row in rows)
        bars(rows, Rest(rest, rest_after), label=label, key=f"compare_bars_{under}_{'_'.join(letters)}")
    for sentence in said:
        st.caption(plain(sentence))
