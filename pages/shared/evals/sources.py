"""An eval from an example that ships, or from files of the person's own: uploaded, or pasted and edited here."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.errors import LoupeError
from core.evals.examples import examples
from core.evals.formats import SUFFIXES, parse_eval, read_eval
from core.evals.running import kept_files
from core.evals.running.overrides import Overrides
from pages.shared.evals.state import ERROR, EXAMPLE, FOLDER, NAME, TEXT, Draft
from pages.shared.text import plain

UPLOAD_MB = 200
ROOT = Path(__file__).parents[3]
_ROUND = "evals_upload_round"


def example(said: Overrides) -> Draft | None:
    """Draw the choice of an example; what it adds up to.

    Raises:
        LoupeError: it cannot be read with these settings.
    """
    found = {each.name: each for each in examples()}
    if st.session_state.get(EXAMPLE) not in found:
        st.session_state[EXAMPLE] = next(iter(found))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Example",
            list(found),
            key=EXAMPLE,
            format_func=lambda each: found[each].description or each,
            persist_state="session",
        )
        st.button(
            "Edit a copy",
            icon=":material/edit:",
            key="evals_copy",
            help="Takes the file and its data into the tab File.",
            on_click=_copy,
            args=(found[name].path,),
        )
    path = found[name].path
    read = read_eval(path, models=said.models, skip_unsupported=said.skip_unsupported)
    return Draft(
        file=said.applied(read),
        name=path.name,
        path=path,
        folder=path.parent,
        text=path.read_text(encoding="utf-8"),
    )


def own_file(said: Overrides) -> Draft | None:
    """Draw upload and editor; what they add up to, `None` while there is nothing.

    Raises:
        LoupeError: it is no eval; one sentence.
    """
    round_ = st.session_state.setdefault(_ROUND, 0)
    key = f"evals_files_{round_}"
    st.file_uploader(
        "Eval file, and the data sets and prompts that it names",
        accept_multiple_files=True,
        key=key,
        max_upload_size=UPLOAD_MB,
        on_change=_take,
        args=(key,),
        help="promptfoo's YAML or JSON, or a .prompt.yml; CSV, JSONL, Parquet and text files beside it.",
    )
    folder = Path(st.session_state[FOLDER]) if st.session_state.get(FOLDER) else None
    if folder is not None and folder.is_dir():
        beside = sorted(each.name for each in folder.iterdir())
        if beside:
            st.caption(f"Beside it: {plain(', '.join(beside))}")
    text = st.text_area(
        plain(st.session_state[NAME]),
        key=TEXT,
        height=300,
        placeholder="Upload a file, or paste one here:\n\nprompts: ['What is the capital of {{country}}?']\n"
        "providers: [smollm2]\ntests:\n  - vars: {country: France}\n    assert: [{type: contains, value: Paris}]",
        persist_state="session",
    )
    if not text.strip():
        return None
    name = st.session_state[NAME]
    where = str(folder) if folder is not None else ""
    read = parse_eval(text, name, where, said.models, skip_unsupported=said.skip_unsupported)
    return Draft(file=said.applied(read), name=name, path=None, folder=folder, text=read.source)


def _take(key: str) -> None:
    """Keep what was uploaded; the eval file goes into the editor."""
    uploads = st.session_state.get(key) or []
    if not uploads:
        return
    st.session_state.pop(ERROR, None)
    files = {each.name: each.getvalue() for each in uploads}
    names = sorted(files, key=lambda name: (not name.endswith((".yaml", ".yml")), name))
    chosen = next((name for name in names if _is_eval(name, files[name])), None)
    if chosen is None and not st.session_state[TEXT].strip():
        st.session_state[ERROR] = f"None of these files is an eval; its name ends with {', '.join(SUFFIXES)}."
        return
    try:
        text = files.pop(chosen).decode("utf-8-sig") if chosen is not None else st.session_state[TEXT]
        folder = kept_files.keep(files)
    except UnicodeDecodeError:
        st.session_state[ERROR] = f"{chosen} is not UTF-8 text; save it as UTF-8."
        return
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    st.session_state[TEXT], st.session_state[FOLDER] = text, str(folder)
    if chosen is not None:
        st.session_state[NAME] = chosen


def _is_eval(name: str, content: bytes) -> bool:
    """Whether a file looks like an eval and not like data beside one."""
    marks = (b"prompts", b"messages")
    return name.lower().endswith(SUFFIXES) and any(mark in content[: 1 << 20] for mark in marks)


def _copy(path: Path) -> None:
    """Take an example into the editor, with the data beside it."""
    from pages.shared.evals.state import FROM_FILE, SOURCE

    text = path.read_text(encoding="utf-8")
    beside = {each.name: each.read_bytes() for each in path.parent.iterdir() if each.name in text}
    try:
        folder = kept_files.keep(beside)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    st.session_state[TEXT], st.session_state[NAME] = text, path.name
    st.session_state[FOLDER], st.session_state[SOURCE] = str(folder), FROM_FILE
