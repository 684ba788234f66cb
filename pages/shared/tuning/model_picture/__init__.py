"""Where the trained numbers of a method sit: a small picture of a transformer, drawn by our own code.

Frozen parts are outlines, trained parts are filled and say what is trained there. Knows nothing of models: every
transformer looks like this.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.tuning.methods import Method

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "loupe_model_picture",
    html='<div class="picture"></div>',
    css=(_HERE / "model_picture.css").read_text("utf-8"),
    js=(_HERE / "model_picture.js").read_text("utf-8"),
)
MARKS: dict[str, str] = {
    "lora": "+ A·B",
    "qlora": "4 bits + A·B",
    "dora": "+ A·B, length",
    "ia3": "× factors",
    "prompt-tuning": "vectors",
    "p-tuning": "vectors, made by a network",
    "prefix-tuning": "vectors",
    "adapter": "+ narrow network",
    "full": "weights",
    "last-layers": "weights",
}
"""What is trained in a part, in two words; methods that are new say “trained”."""


def model_picture(method: Method, *, key: str, last: int = 0) -> None:
    """Draw it.

    Args:
        method: whose parts are filled.
        key: Streamlit key.
        last: only so many of the last layers are trained; 0: all.
    """
    parts = ", ".join(method.parts)
    where = f"the last {last} layers" if last else "every layer"
    inside = {"keys-values", "attention", "mlp"} & set(method.parts)
    _COMPONENT(
        key=key,
        data={
            "parts": list(method.parts),
            "mark": MARKS.get(method.name, "trained"),
            "last": last,
            "frozen": "4 bits" if method.quantized else "",
            "label": f"{method.title} trains {parts}{f' of {where}' if inside else ''}; all else stays as it is.",
        },
    )
