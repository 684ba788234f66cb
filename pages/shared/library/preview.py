"""What a model would be sent: the messages with the form's values in, letter by letter, and how many tokens they are.

Sends nothing. Knows nothing of where the values come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.prompts.file import PromptFile, PromptMessage
from pages.shared.lab.blocks import block
from pages.shared.text import plain


def preview(prompt: PromptFile, values: Mapping[str, Any]) -> tuple[PromptMessage, ...] | None:
    """Draw the rendered messages.

    Args:
        prompt: what to render.
        values: by variable; one without a value stands in the preview as `{{name}}`.

    Returns:
        The messages, `None` while a value is missing.
    """
    given = {**{each.name: each.default for each in prompt.inputs if each.default is not None}, **values}
    missing = [name for name in prompt.variables if name not in given]
    # a value is never looked at again, so the name in braces stays as it is
    messages = tuple(prompt.render({**given, **{name: f"{{{{{name}}}}}" for name in missing}}))
    for message in messages:
        st.caption(f"**{message.role.capitalize()}**")
        block(message.content or "(empty)")
    if missing:
        st.caption(f":material/edit_note: No value yet for {plain(', '.join(missing))}.")
        return None
    return messages
