"""How a question finds passages: the widgets of `RetrievalSettings`, one panel for every page that searches.

Only what the chosen mode reads is drawn, but a setting that is not drawn keeps its value. Knows nothing of searching.
"""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from core.documents.settings import MODES, Fusion, Mode, RetrievalSettings, Rewrite
from core.errors import InvalidInput
from pages.shared.text import plain

MODE_NAMES: dict[Mode, str] = {
    "hybrid": "Hybrid",
    "similarity": "Similarity",
    "keyword": "Keyword",
    "mmr": "MMR",
}
MODE_HELP = (
    "**Similarity** compares meanings (embeddings). **Keyword** compares words (BM25). **Hybrid** joins both lists, by "
    "their scores or by their ranks alone. **MMR** takes similar passages that differ from each other."
)
_REWRITES: dict[Rewrite, str] = {
    "none": "As asked",
    "multi-query": "Several wordings",
    "hyde": "Made-up answer (HyDE)",
}
_FUSIONS: dict[Fusion, str] = {"scores": "Scores", "rrf": "Ranks (RRF)"}
_WIDGETS = ("mode", "k", "candidates", "weight", "fusion", "rrf_k", "mmr_lambda", "rewrite", "queries")
_ONLY, _WHERE, _RERANK, _LIMIT, _LEAST = "only", "where", "rerank", "limited", "threshold"


def retrieval_panel(page: str, sources: list[str], *, modes: bool = True, rewriting: bool = True) -> None:
    """Draw it; `retrieval` reads it.

    Args:
        page: prefix of the widgets' session keys.
        sources: paths of the collection's files, to search only some.
        modes: offer the mode; a page that runs several at once draws them itself.
        rewriting: offer to let a model rewrite the question.
    """
    if _key(page, "mode") not in st.session_state:
        fill_retrieval(page, RetrievalSettings())
    keep: dict[str, Any] = {"persist_state": "session"}
    mode: Mode | None = None
    if modes:
        mode = st.segmented_control(
            "Search",
            [name for name in MODE_NAMES if name in MODES],
            key=_key(page, "mode"),
            format_func=lambda name: MODE_NAMES[name],
            required=True,
            help=MODE_HELP,
            **keep,
        )
    st.number_input("Passages (k)", 1, 1000, key=_key(page, "k"), help="How many passages to return.", **keep)
    if mode in ("hybrid", None):
        st.slider(
            "Share of similarity",
            0.0,
            1.0,
            step=0.05,
            key=_key(page, "weight"),
            help="Hybrid: 1 listens to similarity only, 0 to keywords only.",
            **keep,
        )
        fusion = st.segmented_control(
            "Join by",
            list(_FUSIONS),
            key=_key(page, "fusion"),
            format_func=lambda name: _FUSIONS[name],
            required=True,
            help="Hybrid: by their scores, each divided by the best of its list, or by reciprocal ranks alone.",
            **keep,
        )
        if fusion == "rrf":
            st.number_input("Constant of rank fusion", 1, 1000, key=_key(page, "rrf_k"), **keep)
    if mode in ("mmr", None):
        st.slider(
            "Relevance against variety",
            0.0,
            1.0,
            step=0.05,
            key=_key(page, "mmr_lambda"),
            help="MMR's λ: 1 looks at the question only, 0 at variety only.",
            **keep,
        )
    limited = st.toggle(
        "Least similarity",
        key=_key(page, _LIMIT),
        help="Passages less similar to the question than this are not used; without any left, the answer is that the "
        "documents do not say.",
        **keep,
    )
    if limited:
        st.slider("Cosine similarity", -1.0, 1.0, step=0.01, key=_key(page, _LEAST), **keep)
    with st.expander("Filter, rerank, rewrite" if rewriting else "Filter, rerank", type="compact"):
        chosen = st.session_state.get(_key(page, _ONLY), [])
        st.multiselect(
            "Only these files",
            list(dict.fromkeys([*sources, *chosen])),
            key=_key(page, _ONLY),
            placeholder="all",
            **keep,
        )
        st.text_input(
            "More conditions",
            key=_key(page, _WHERE),
            placeholder='{"page": {"$gte": 3}}',
            help="JSON on metadata, as Chroma writes it: `$eq $ne $gt $gte $lt $lte $in $nin`, joined by `$and` `$or`.",
            **keep,
        )
        st.text_input(
            "Reranker",
            key=_key(page, _RERANK),
            placeholder="none",
            help="A CrossEncoder that reads question and passage together and reorders the candidates: `hf:ORG/NAME` "
            "or `path:FOLDER`.",
            **keep,
        )
        st.number_input(
            "Candidates",
            1,
            5000,
            key=_key(page, "candidates"),
            help="Passages that each list brings before they are joined or reranked.",
            **keep,
        )
        if rewriting:
            rewrite = st.selectbox(
                "Question",
                list(_REWRITES),
                key=_key(page, "rewrite"),
                format_func=lambda name: _REWRITES[name],
                help="What the model does to the question before it is searched.",
                **keep,
            )
            if rewrite == "multi-query":
                st.number_input("Wordings", 1, 8, key=_key(page, "queries"), **keep)


def retrieval(page: str, **over: Any) -> RetrievalSettings:
    """What the widgets hold, with what is given in `over` in its place.

    Raises:
        InvalidInput: a value is out of range, or the conditions are no JSON.
    """
    if _key(page, "mode") not in st.session_state:
        fill_retrieval(page, RetrievalSettings())
    values: dict[str, Any] = {name: st.session_state.get(_key(page, name)) for name in _WIDGETS}
    values[_RERANK] = (st.session_state.get(_key(page, _RERANK)) or "").strip() or None
    if st.session_state.get(_key(page, _LIMIT)):
        values[_LEAST] = st.session_state.get(_key(page, _LEAST), 0.3)
    values[_WHERE] = _conditions(page)
    given = {name: value for name, value in values.items() if value is not None}
    return RetrievalSettings.parse(**{**given, **over})


def fill_retrieval(page: str, settings: RetrievalSettings) -> None:
    """Put settings into the widgets."""
    for name in _WIDGETS:
        st.session_state[_key(page, name)] = getattr(settings, name)
    st.session_state[_key(page, _RERANK)] = settings.rerank or ""
    st.session_state[_key(page, _LIMIT)] = settings.threshold is not None
    st.session_state[_key(page, _LEAST)] = 0.3 if settings.threshold is None else settings.threshold
    only = (settings.where or {}).get("source") if set(settings.where or {}) == {"source"} else None
    files = only.get("$in") if isinstance(only, dict) and set(only) == {"$in"} else None
    st.session_state[_key(page, _ONLY)] = list(files or [])
    rest = None if files else settings.where
    st.session_state[_key(page, _WHERE)] = json.dumps(rest, ensure_ascii=False) if rest else ""


def retrieval_words(settings: RetrievalSettings) -> str:
    """`hybrid, 5 passages, reranked`, escaped for Markdown."""
    parts = [settings.mode, f"{settings.k} passage{'' if settings.k == 1 else 's'}"]
    if settings.mode == "hybrid" and settings.weight != RetrievalSettings().weight:
        parts.append(f"share of similarity {settings.weight:g}")
    if settings.mode == "hybrid" and settings.fusion == "rrf":
        parts.append("joined by rank")
    if settings.threshold is not None:
        parts.append(f"least similarity {settings.threshold:g}")
    if settings.rerank:
        parts.append(f"reranked by {settings.rerank}")
    if settings.rewrite != "none":
        parts.append(_REWRITES[settings.rewrite].lower())
    if settings.where:
        parts.append("filtered")
    return plain(", ".join(parts))


def _conditions(page: str) -> dict[str, Any] | None:
    files = st.session_state.get(_key(page, _ONLY)) or []
    typed = (st.session_state.get(_key(page, _WHERE)) or "").strip()
    parts: list[dict[str, Any]] = [{"source": {"$in": list(files)}}] if files else []
    if typed:
        try:
            where = json.loads(typed)
        except (ValueError, RecursionError):
            where = None
        if not isinstance(where, dict):
            raise InvalidInput(
                f'The conditions {typed[:60]!r} are no JSON object; write for example {{"page": {{"$gte": 3}}}}.',
                "where",
            )
        parts.append(where)
    return {"$and": parts} if len(parts) == 2 else parts[0] if parts else None


def _key(page: str, name: str) -> str:
    return f"{page}_find_{name}"
