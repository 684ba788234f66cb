"""The router: page configuration and navigation, and nothing else; without valid settings it says so and stops.

Every page is a flat script in a sub-folder of `pages/`. It must not be directly in `pages/`: Streamlit would run it for
the first deep link after a start without ever running this file.
"""

from pathlib import Path

import streamlit as st

from core.errors import LoupeError
from core.settings import get_settings
from pages.shared.text import plain

STATIC = Path(__file__).parent / "static"

st.set_page_config(page_title="Loupe", page_icon=str(STATIC / "loupe.svg"), layout="wide")

st.logo(str(STATIC / "wordmark.svg"), size="large")

try:
    get_settings()
except LoupeError as error:
    st.error(plain(str(error)))
    st.stop()

PLAYGROUND = "pages/try/playground.py"


def to_playground() -> None:
    """The Playground is the default page, which Streamlit serves at / only; its own name leads there too."""
    st.switch_page(PLAYGROUND, query_params=st.query_params)


SECTIONS = {
    "Try": [
        st.Page(PLAYGROUND, title="Playground", icon=":material/experiment:", url_path="home", default=True),
        st.Page(to_playground, title="Playground", url_path="playground", visibility="hidden"),
        st.Page("pages/try/compare.py", title="Compare", icon=":material/compare:", url_path="compare"),
        st.Page("pages/try/arena.py", title="Arena", icon=":material/swords:", url_path="arena"),
    ],
    "Prompts": [
        st.Page("pages/prompts/lab.py", title="Prompt lab", icon=":material/science:", url_path="lab"),
        st.Page("pages/prompts/library.py", title="Library", icon=":material/library_books:", url_path="library"),
    ],
    "Documents": [
        st.Page("pages/documents/collections.py", title="Collections", icon=":material/folder:"),
        st.Page("pages/documents/ask.py", title="Ask", icon=":material/forum:", url_path="ask"),
        st.Page("pages/documents/measure.py", title="Measure", icon=":material/straighten:", url_path="measure"),
    ],
    "Evaluate": [
        st.Page("pages/evaluate/evals.py", title="Evals", icon=":material/grading:", url_path="evals"),
        st.Page("pages/evaluate/results.py", title="Results", icon=":material/leaderboard:", url_path="results"),
    ],
    "Models": [
        st.Page("pages/models/models.py", title="Models", icon=":material/deployed_code:", url_path="models"),
        st.Page("pages/models/tune.py", title="Fine-tune", icon=":material/tune:", url_path="tune"),
        st.Page("pages/models/compress.py", title="Compress", icon=":material/compress:", url_path="compress"),
    ],
    "Work": [
        st.Page("pages/work/runs.py", title="Runs", icon=":material/history:", url_path="runs"),
        st.Page("pages/work/jobs.py", title="Jobs", icon=":material/pending_actions:", url_path="jobs"),
    ],
}

st.navigation(SECTIONS, position="top").run()
