"""Models behind OpenAI-compatible endpoints: nothing is loaded, only what the endpoint offers is noted.

No request is made here, so choosing a model costs nothing and works offline. Knows nothing of prompts or streams: the
engine of the same name talks to the endpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from core.models.capabilities import SAMPLERS, Capabilities
from core.models.endpoints import find_endpoint
from core.models.reference import ModelRef
from core.settings import Endpoint

ALWAYS = frozenset({"temperature", "top_p", "presence_penalty", "frequency_penalty"})
"""What every OpenAI-compatible server takes."""


class EndpointModel:
    """A model at an endpoint; satisfies `Loaded`, but not `Tokenizing`: its tokenizer is elsewhere.

    Attributes:
        endpoint: its settings.
        name: the model's name there.
    """

    backend: Literal["openai"] = "openai"
    memory_bytes = 0

    def __init__(self, ref: str, endpoint: Endpoint, name: str) -> None:
        self.ref = ref
        self.endpoint = endpoint
        self.name = name
        self.context_length = endpoint.context_length
        self.capabilities = endpoint_capabilities(endpoint)
        self.closers: list[Callable[[], None]] = []

    def close(self) -> None:
        """Run the closers; there is no memory to give back."""
        while self.closers:
            self.closers.pop()()


def endpoint_capabilities(endpoint: Endpoint) -> Capabilities:
    """What a model at `endpoint` can do, as its settings declare it."""
    elsewhere = "The model runs elsewhere, and an OpenAI-compatible endpoint does not give out"
    undeclared = (
        f"It is not part of the OpenAI interface; if {endpoint.name} understands it, add it to its extras in settings."
    )
    samplers = ALWAYS | frozenset(endpoint.extras)
    return Capabilities(
        chat=True,
        completion=endpoint.completion,
        token_probabilities=endpoint.logprobs > 0,
        sampled_probabilities=False,
        lens=False,
        fork=False,
        batch=True,
        seed=True,
        beams=False,
        samplers=samplers,
        max_alternatives=endpoint.logprobs,
        why_not={
            "completion": f"The settings of endpoint {endpoint.name} say that it answers chats only.",
            "token_probabilities": f"The settings of endpoint {endpoint.name} say that it reports no probabilities.",
            "sampled_probabilities": f"{elsewhere} probabilities after its samplers.",
            "lens": f"{elsewhere} the whole next-token distribution.",
            "fork": f"{elsewhere} token ids, so an answer cannot be continued from one of its tokens.",
            "beams": "The OpenAI interface has no beam search.",
            **dict.fromkeys((name for name in SAMPLERS if name not in samplers), undeclared),
        },
    )


def load(ref: ModelRef) -> EndpointModel:
    """The model that an `api:` reference names.

    Raises:
        NotFound: no endpoint of this name is listed in settings.
    """
    return EndpointModel(str(ref), find_endpoint(ref.endpoint), ref.name)


def estimate(ref: ModelRef) -> int:
    """Nothing: the weights are elsewhere."""
    return 0


def capabilities_of(ref: ModelRef) -> Capabilities:
    """What the endpoint of `ref` declares in settings.

    Raises:
        NotFound: no endpoint of this name is listed in settings.
    """
    return endpoint_capabilities(find_endpoint(ref.endpoint))
