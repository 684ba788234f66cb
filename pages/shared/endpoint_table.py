"""The endpoints of the settings: address, models, price, and where the key comes from; never the key."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import LoupeError
from core.models.endpoints import endpoint_warnings, key_source, list_endpoint_models
from core.settings import Endpoint
from pages.shared.text import plain

EXAMPLE = """[[endpoints]]
name = "local"
base_url = "http://127.0.0.1:8000/v1"
models = ["my-model"]"""


def endpoint_table(endpoints: Sequence[Endpoint]) -> None:
    """Draw the table, or how to list the first one.

    Raises:
        InvalidInput: secrets.toml is not valid.
    """
    if not endpoints:
        st.caption("Any OpenAI-compatible server can answer too. An administrator lists it in settings.toml:")
        st.code(EXAMPLE, language="toml")
        return
    st.dataframe(
        [
            {
                "Endpoint": endpoint.name,
                "Address": endpoint.base_url,
                "Models": ", ".join(endpoint.models) or "whatever the server has",
                "Key": key_source(endpoint),
                "Context": endpoint.context_length,
                "$ per M tokens in": endpoint.price_in,
                "$ per M tokens out": endpoint.price_out,
            }
            for endpoint in endpoints
        ],
        hide_index=True,
        placeholder="",
        alt="Endpoints listed in settings, with address, models and where the key comes from",
        column_config={"Context": st.column_config.NumberColumn(format="localized", help="Tokens")},
    )
    for endpoint in endpoints:
        for warning in endpoint_warnings(endpoint):
            st.warning(plain(warning))
        if not endpoint.models and st.button(f"Ask {endpoint.name} for its models", key=f"ask_{endpoint.name}"):
            _ask(endpoint)


def _ask(endpoint: Endpoint) -> None:
    """Show the references to write in the Playground."""
    try:
        with st.spinner(f"Asking {endpoint.name}…"):
            names = list_endpoint_models(endpoint)
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    st.code("\n".join(f"api:{endpoint.name}/{name}" for name in names) or "It has none.", language=None)
