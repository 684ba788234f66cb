"""Two guided paths: prune and train on; and a bigger model quantized against a smaller one whole."""

from __future__ import annotations

import streamlit as st

from core.compression.made import Made, trained_on
from core.compression.pruning.shares import PARTS
from core.tuning.methods import METHODS
from pages.shared.compression import draft
from pages.shared.compression.session import choose_to_measure, fine_tune, set_up
from pages.shared.compression.size_match import size_match
from pages.shared.compression.words import how
from pages.shared.text import percent, plain

SAMPLES = 16
"""Pieces of the calibration text: a quarter of the usual, so that the path is walked in minutes."""
WAYS: dict[str, tuple[str, dict[str, object]]] = {
    "channels": (
        "Channels of the feed-forward layers are taken out: smaller and faster at once.",
        {"structure": "channels", "sparsity": 0.25, "samples": SAMPLES},
    ),
    "layers": (
        "Whole layers are taken out: the most speed for what is lost in size.",
        {"structure": "layers", "sparsity": 0.2, "samples": SAMPLES},
    ),
    "single weights": (
        "Half of the weights become zero. Neither smaller nor faster here; it shows how much is idle.",
        {"structure": "unstructured", "sparsity": 0.5, "samples": SAMPLES},
    ),
}


def guides(found: list[Made]) -> None:
    """Draw both.

    Args:
        found: the compressed versions.
    """
    with st.container(border=True):
        _prune_and_train([made for made in found if made.method == "prune"])
    with st.container(border=True):
        size_match()


def _prune_and_train(pruned: list[Made]) -> None:
    st.markdown("**Prune, then train on**")
    st.markdown(
        "Pruning alone costs quality; training afterwards can win much of it back. **1.** Choose what goes. "
        "**2.** Start it. **3.** Train the pruned model on; **4.** measure original, pruned and retrained in one table."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        for name, (help_text, settings) in WAYS.items():
            st.button(
                f"Prune {name}",
                icon=":material/content_cut:",
                key=f"compress_prune_{name}",
                help=help_text,
                on_click=set_up,
                args=(str(st.session_state[draft.MODEL]), "prune", settings),
            )
    if not pruned:
        st.caption("Pruned models appear here, ready to be trained on.")
        return
    made = st.selectbox(
        "Pruned model",
        pruned,
        key="compress_pruned",
        format_func=lambda each: f"{each.name} · {how(each.method, each.settings)}",
    )
    masked = made.settings.get("structure") not in PARTS
    trained = trained_on(made.ref)
    with st.container(horizontal=True):
        st.button(
            "Train on in Fine-tune",
            icon=":material/tune:",
            key="compress_retrain",
            type="primary",
            help="Opens Fine-tune with this model and full fine-tuning chosen; you bring the rows.",
            on_click=fine_tune,
            args=(made.ref, "full"),
        )
        st.button(
            "Let the original teach it",
            icon=":material/school:",
            key="compress_reteach",
            help="Distillation with the original as teacher and this model as student, on a text.",
            on_click=set_up,
            args=(made.source, "distill", {"student": made.ref}),
        )
        st.button(
            "Measure original, pruned and retrained" if trained else "Measure original and pruned",
            icon=":material/straighten:",
            key="compress_measure_path",
            help="One table of the original, the pruned model and what was trained on from it."
            if trained
            else "What is trained on from the pruned model joins the table once it is there.",
            on_click=choose_to_measure,
            args=([made.source, made.ref, *trained],),
        )
    if masked:
        st.info(plain(mask_words(made.result)), icon=":material/grid_off:")


def mask_words(result: dict[str, object]) -> str:
    """Who keeps the zeros of a pruned model while it is trained on."""
    zeros, weights = result.get("zeros"), result.get("weights")
    share = (
        f"{percent(zeros / weights)} of its layers' weights are zero. "
        if isinstance(zeros, int) and isinstance(weights, int) and weights
        else ""
    )
    if "keep_zeros" in METHODS["full"].options:
        return (
            f"{share}The mask stays in force while it is trained on: by the original's teaching, and by full "
            "fine-tuning with keep zeros on, as it is unless you turn it off. Adapters leave these weights alone, but "
            "once merged into them they fill the zeros."
        )
    return (
        f"{share}The original's teaching keeps the mask in force. Fine-tune does not hold the mask yet: its full "
        "fine-tuning fills the zeros again."
    )
