"""One prompt's messages and fields in widgets, and its file as text. Knows nothing of saving.

Widgets report nothing by themselves: `collect` compares them with the draft, whenever the page is drawn and before
every action, so that what was typed last counts whatever came with it. They persist, since the click that ends a word
can be the one that leaves the page.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.prompts.file import ROLES, PromptFile, PromptMessage
from core.prompts.formats.base import MAX_MESSAGES
from pages.shared.library.draft import Draft, title_of
from pages.shared.text import plain

MANY = 40
"""Most messages with widgets; a longer file is edited as text."""
_NUMBERS: dict[str, tuple[str, type]] = {
    "temperature": ("Temperature", float),
    "top_p": ("Top-p", float),
    "top_k": ("Top-k", int),
    "max_tokens": ("Max tokens", int),
    "seed": ("Seed", int),
}
"""Parameters with a widget; the others are edited as text."""


def key(draft: Draft, name: str) -> str:
    """Session key of the widget for a field."""
    return f"library_{draft.seed}_{name}"


def text_key(draft: Draft) -> str:
    """Session key of the widget for the file's text."""
    return f"library_text_{draft.text_seed}"


def collect(draft: Draft) -> None:
    """Take what the widgets hold into the draft."""
    typed = st.session_state.get(text_key(draft))
    if typed is not None and typed != draft.text.replace("\r\n", "\n"):
        draft.set_text(typed)
        return
    prompt = draft.prompt
    if prompt is None:
        return
    changes: dict[str, Any] = {
        name: st.session_state.get(key(draft, name), getattr(prompt, name)) for name in ("name", "description", "model")
    }
    changes["messages"] = tuple(_message(draft, place, each) for place, each in enumerate(prompt.messages))
    changes["parameters"] = _parameters(draft, prompt)
    changed = prompt.model_copy(update=changes)
    if changed != prompt:
        draft.set_prompt(changed)


def fields(draft: Draft) -> None:
    """Draw messages, description and parameters."""
    prompt = draft.prompt
    if prompt is None:
        return
    if len(prompt.messages) > MANY:
        st.info(plain(f"This prompt has {len(prompt.messages)} messages. Edit it as text, in the tab File."))
        return
    for place, message in enumerate(prompt.messages):
        with st.container(gap="xsmall"):
            _draw_message(draft, place, message, len(prompt.messages))
    st.button(
        "Add message",
        icon=":material/add:",
        key=key(draft, "add"),
        on_click=_add,
        args=(draft,),
        disabled=len(prompt.messages) >= min(MANY, MAX_MESSAGES),
    )
    with st.expander("Title, description, model and parameters", icon=":material/tune:", key="library_about"):
        _about(draft, prompt)


def file_text(draft: Draft) -> None:
    """Draw the file as it is; every character stays."""
    st.text_area(
        f"{plain(draft.base.file_name)} · {title_of(draft.base.format)}",
        draft.text,
        key=text_key(draft),
        height=440,
        help="The whole file. Comments and whatever Loupe does not know stay as they are.",
        persist_state="session",
    )


def _draw_message(draft: Draft, place: int, message: PromptMessage, count: int) -> None:
    number = place + 1
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.selectbox(
            f"Role of message {number}",
            ROLES,
            ROLES.index(message.role),
            key=key(draft, f"role_{place}"),
            format_func=str.capitalize,
            label_visibility="collapsed",
            width=150,
            persist_state="session",
        )
        st.space("stretch")
        for words, icon, step, off in (
            ("Up", ":material/arrow_upward:", -1, place == 0),
            ("Down", ":material/arrow_downward:", 1, number == count),
        ):
            st.button(
                words,
                icon=icon,
                key=key(draft, f"{words}_{place}"),
                type="tertiary",
                disabled=off,
                help=f"Move message {number} {words.lower()}",
                on_click=_move,
                args=(draft, place, step),
            )
        st.button(
            "Remove",
            icon=":material/delete:",
            key=key(draft, f"remove_{place}"),
            type="tertiary",
            disabled=count == 1,
            help=f"Remove message {number}" if count > 1 else "A prompt has at least one message",
            on_click=_remove,
            args=(draft, place),
        )
    st.text_area(
        f"Message {number}",
        message.content,
        key=key(draft, f"content_{place}"),
        height="content",
        label_visibility="collapsed",
        placeholder="Text; {{name}} becomes a field of the form",
        persist_state="session",
    )


def _about(draft: Draft, prompt: PromptFile) -> None:
    st.text_input("Title", prompt.name, key=key(draft, "name"), placeholder="none", persist_state="session")
    st.text_area(
        "Description",
        prompt.description,
        key=key(draft, "description"),
        height="content",
        placeholder="What it is for",
        persist_state="session",
    )
    st.text_input(
        "Model",
        prompt.model,
        key=key(draft, "model"),
        placeholder="any",
        help="The model it was written for. Here, the model in the sidebar answers.",
        persist_state="session",
    )
    for place, (name, (label, kind)) in zip(_grid(len(_NUMBERS)), _NUMBERS.items(), strict=False):
        value = prompt.parameters.get(name)
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        # not as the widget's own first value: then it could not be emptied
        st.session_state.setdefault(key(draft, f"parameter_{name}"), kind(value) if fits else None)
        place.number_input(
            label,
            value=None,
            step=1 if kind is int else 0.05,
            key=key(draft, f"parameter_{name}"),
            placeholder="not set",
            persist_state="session",
        )
    others = {name: value for name, value in prompt.parameters.items() if name not in _NUMBERS}
    if others:
        st.caption("Other parameters, edited in the tab File")
        st.code("\n".join(f"{name}: {value}" for name, value in others.items()), language=None, wrap_lines=True)
    if unknown := prompt.unknown_parameters:
        st.caption(f"No model here is given {plain(', '.join(unknown))}.")


def _grid(count: int) -> list[Any]:
    return [column for _ in range(0, count, 3) for column in st.columns(3)]


def _message(draft: Draft, place: int, message: PromptMessage) -> PromptMessage:
    role = st.session_state.get(key(draft, f"role_{place}"), message.role)
    content = st.session_state.get(key(draft, f"content_{place}"), message.content)
    shown = message.content.replace("\r\n", "\n")  # a text box has one kind of line end
    changed = {"role": role} if role in ROLES else {}
    if content not in (message.content, shown):
        changed["content"] = content
    return message.model_copy(update=changed)


def _parameters(draft: Draft, prompt: PromptFile) -> dict[str, Any]:
    found = dict(prompt.parameters)
    for name in _NUMBERS:
        place = key(draft, f"parameter_{name}")
        if place not in st.session_state or st.session_state[place] == found.get(name):
            continue
        if st.session_state[place] is not None:
            found[name] = st.session_state[place]
        elif isinstance(found.get(name), int | float):  # what is no number has no widget to be emptied in
            del found[name]
    return found


def _add(draft: Draft) -> None:
    collect(draft)
    if draft.prompt:
        role = "assistant" if draft.prompt.messages[-1].role == "user" else "user"
        _replace(draft, [*draft.prompt.messages, PromptMessage(role=role, content="")])


def _remove(draft: Draft, place: int) -> None:
    collect(draft)
    if draft.prompt and len(draft.prompt.messages) > 1:
        draft.put_aside()
        _replace(draft, [each for at, each in enumerate(draft.prompt.messages) if at != place])


def _move(draft: Draft, place: int, step: int) -> None:
    collect(draft)
    if draft.prompt and 0 <= place + step < len(draft.prompt.messages):
        messages = list(draft.prompt.messages)
        messages.insert(place + step, messages.pop(place))
        _replace(draft, messages)


def _replace(draft: Draft, messages: list[PromptMessage]) -> None:
    if draft.prompt:
        draft.set_prompt(draft.prompt.model_copy(update={"messages": tuple(messages)}), redraw=True)
