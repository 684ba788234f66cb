"""The form: prompts × models × techniques as variants, rows as CSV or from a file, assertions. Starts nothing."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import InvalidInput
from core.evals.eval_file import DataSource, EvalFile
from core.evals.formats import write_eval
from core.evals.running import kept_files
from core.evals.running.overrides import Overrides
from core.evals.variant import Variant
from core.models.capabilities import Capabilities
from core.prompts import library
from core.prompts.file import PromptMessage
from core.techniques import TECHNIQUES
from pages.shared.evals.assertion_rows import assertion_rows
from pages.shared.evals.state import ERROR, PAGE, Draft
from pages.shared.lab import option_draft
from pages.shared.lab.options import technique_options
from pages.shared.model_picker import models_picker
from pages.shared.session import dial, params, set_dials
from pages.shared.settings_panel import ESSENTIALS, draw_dial
from pages.shared.text import plain

PROMPTS, LIBRARY, TECHNIQUE, SYSTEM = "evals_prompts", "evals_library", "evals_techniques", "evals_system"
MODELS, TITLE = "evals_form_models", "evals_title"
ROWS, DATA, DATA_NAME = "evals_rows", "evals_data", "evals_data_name"
MOST_PROMPTS, MOST_VARIANTS = 6, 24
AS_IT_IS = "as it is"
FIRST_PROMPTS = ("{{question}}", "Answer in one word.\n\n{{question}}")
FIRST_ROWS = "question,expected\nWhat is the capital of France?,Paris\nWhat is the capital of Japan?,Tokyo\n"
SUFFIXES = ("csv", "tsv", "jsonl", "parquet", "yaml", "yml", "json")
UPLOAD_MB = 200


def form_settings(able: Capabilities | None = None) -> None:
    """The sidebar's part of it: how every variant samples."""
    if dial("temperature", PAGE) not in st.session_state:
        set_dials({"temperature": 0.0, "max_tokens": 64}, PAGE)
    for each in ESSENTIALS:
        draw_dial(each, able, PAGE)


def form(said: Overrides) -> Draft | None:
    """Draw it; what it adds up to.

    Raises:
        LoupeError: something is missing or malformed; one sentence.
    """
    _prepare()
    left, right = st.columns(2, gap="medium")
    with left:
        prompts = _prompts()
    with right:
        models = models_picker(MODELS)
        techniques = _techniques()
        st.text_input("System prompt", key=SYSTEM, placeholder="none", persist_state="session")
    data = _data()
    st.markdown("**Every answer must hold**")
    assertions = assertion_rows()
    st.text_input("Name", key=TITLE, placeholder="what this eval is about", persist_state="session")
    variants = _variants(prompts, models, techniques)
    file = EvalFile(
        description=str(st.session_state.get(TITLE) or "").strip()[:200],
        variants=variants,
        data=DataSource(path=str(data)),
        default_assertions=assertions,
        folder=str(data.parent),
    )
    changed = said.applied(file)
    return Draft(file=changed, name="eval.yaml", path=None, folder=data.parent, text=write_eval(changed))


def _prepare() -> None:
    if PROMPTS not in st.session_state:
        st.session_state[PROMPTS] = tuple(range(len(FIRST_PROMPTS)))
        for slot, text in enumerate(FIRST_PROMPTS):
            st.session_state[_prompt(slot)] = text
    for slot in st.session_state[PROMPTS]:
        st.session_state.setdefault(_prompt(slot), "")
    st.session_state.setdefault(ROWS, FIRST_ROWS)
    st.session_state.setdefault(TECHNIQUE, [""])
    option_draft.prepare(PAGE)


def _prompts() -> list[tuple[str, tuple[PromptMessage, ...]]]:
    """Draw the prompts; name and messages of each."""
    slots: tuple[int, ...] = st.session_state[PROMPTS]
    found: list[tuple[str, tuple[PromptMessage, ...]]] = []
    for place, slot in enumerate(slots, start=1):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            text = st.text_area(f"Prompt {place}", key=_prompt(slot), height=110, persist_state="session")
            st.button(
                ":material/close:",
                key=f"{_prompt(slot)}_remove",
                help="Remove this prompt",
                on_click=_remove,
                args=(slot,),
                type="tertiary",
            )
        if text.strip():
            found.append((f"prompt {place}", _messages(text)))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Add a prompt",
            icon=":material/add:",
            key="evals_prompt_add",
            disabled=len(slots) >= MOST_PROMPTS,
            on_click=_add,
            type="tertiary",
        )
        names = [each.name for each in library.list_prompts() if not each.problem]
        chosen = st.multiselect(
            "Prompts of the Library",
            names,
            key=LIBRARY,
            placeholder="none",
            max_selections=MOST_PROMPTS,
            persist_state="session",
        )
    found += [(name, tuple(library.load(name).prompt.messages)) for name in chosen]
    if not found:
        raise InvalidInput("The eval has no prompt yet; write one, with {{variables}} for what the rows hold.")
    return found


def _messages(text: str) -> tuple[PromptMessage, ...]:
    system = str(st.session_state.get(SYSTEM) or "").strip()
    asked = PromptMessage(role="user", content=text)
    return (PromptMessage(role="system", content=system), asked) if system else (asked,)


def _techniques() -> list[str]:
    """Draw the techniques and their options; "" is the prompt as it is."""
    chosen = st.multiselect(
        "Techniques",
        ["", *TECHNIQUES],
        key=TECHNIQUE,
        format_func=lambda name: TECHNIQUES[name].title if name else AS_IT_IS,
        help="How the prompt is asked, as in the Prompt lab; the prompt is then the question.",
        placeholder=AS_IT_IS,
        persist_state="session",
    )
    named = [name for name in chosen if name]
    if named:
        with st.expander("Options of the techniques", type="compact"):
            technique_options(named, PAGE)
    return chosen or [""]


def _variants(
    prompts: list[tuple[str, tuple[PromptMessage, ...]]], models: list[str], techniques: list[str]
) -> tuple[Variant, ...]:
    if not models:
        raise InvalidInput("The eval has no model yet; choose one.", "model")
    number = len(prompts) * len(models) * len(techniques)
    if number > MOST_VARIANTS:
        raise InvalidInput(f"These are {number} variants; at most {MOST_VARIANTS} can be compared from this form.")
    sampling = params(PAGE)
    library_names = st.session_state.get(LIBRARY) or []
    several = {"prompt": len(prompts) > 1, "technique": len(techniques) > 1, "model": len(models) > 1}
    found = []
    for (title, messages), model, technique in product(prompts, models, techniques):
        parts = {"prompt": title, "technique": technique or AS_IT_IS, "model": model}
        name = " · ".join(value for part, value in parts.items() if several[part]) or title
        own: dict[str, Any] = {}
        if technique:
            own = {"technique": technique, "technique_options": option_draft.values(technique, PAGE)}
        found.append(
            Variant.parse(
                name=name[:200],
                model=model,
                messages=messages,
                prompt_name=title if title in library_names else "",
                params=sampling,
                **own,
            )
        )
    return tuple(found)


def _data() -> Path:
    """Draw the rows; the file that holds them."""
    st.markdown("**Rows**")
    key = f"evals_data_{st.session_state.setdefault('evals_data_round', 0)}"
    uploaded = st.session_state.get(DATA)
    if uploaded and Path(uploaded).is_file():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(plain(st.session_state.get(DATA_NAME) or "a file"), width="content")
            st.button("Type rows instead", key="evals_data_drop", on_click=_drop, type="tertiary")
        return Path(uploaded)
    typed, upload = st.columns([2, 1], gap="medium", vertical_alignment="top")
    with typed:
        text = st.text_area(
            "As CSV: the first line names the variables",
            key=ROWS,
            height=130,
            help="A column `expected` holds the answer hoped for; `__expected` an assertion of the row alone, as in "
            "promptfoo.",
            persist_state="session",
        )
    with upload:
        st.file_uploader(
            "Or a file",
            type=list(SUFFIXES),
            key=key,
            max_upload_size=UPLOAD_MB,
            on_change=_take,
            args=(key,),
            help="CSV, JSON Lines, Parquet, or a list of tests as YAML or JSON.",
        )
    if not text.strip():
        raise InvalidInput("The eval has no rows yet; write some, or upload a file.")
    return kept_files.keep({"rows.csv": text.encode()}) / "rows.csv"


def _take(key: str) -> None:
    upload = st.session_state.get(key)
    if upload is None:
        return
    st.session_state.pop(ERROR, None)
    try:
        folder = kept_files.keep({upload.name: upload.getvalue()})
    except InvalidInput as error:
        st.session_state[ERROR] = str(error)
        return
    st.session_state[DATA], st.session_state[DATA_NAME] = str(folder / upload.name), upload.name


def _drop() -> None:
    st.session_state.pop(DATA, None)
    st.session_state["evals_data_round"] += 1


def _prompt(slot: int) -> str:
    return f"evals_prompt{slot}"


def _add() -> None:
    slots = st.session_state[PROMPTS]
    free = next(slot for slot in range(MOST_PROMPTS) if slot not in slots)
    st.session_state[_prompt(free)] = ""
    st.session_state[PROMPTS] = (*slots, free)


def _remove(slot: int) -> None:
    st.session_state[PROMPTS] = tuple(each for each in st.session_state[PROMPTS] if each != slot)
