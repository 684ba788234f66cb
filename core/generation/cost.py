"""What a run cost, where an endpoint has a price. Knows nothing of how the tokens were counted."""

from __future__ import annotations

from core.generation.result import Usage
from core.settings import get_settings


def cost_usd(model: str, usage: Usage) -> float | None:
    """US dollars for `usage` of the model reference `model`; `None` without a price or a count."""
    if not model.startswith("api:") or usage.prompt_tokens is None:
        return None
    name = model.removeprefix("api:").partition("/")[0]
    for endpoint in get_settings().endpoints:
        if endpoint.name == name and endpoint.price_in is not None and endpoint.price_out is not None:
            return (usage.prompt_tokens * endpoint.price_in + usage.completion_tokens * endpoint.price_out) / 1e6
    return None
