"""Providers of promptfoo as model references of Loupe.

A reference of Loupe stands for itself, also as `loupe:REF`; `openai:NAME`, `openai:chat:NAME` and the like mean the
model NAME of the endpoint of this name, where the settings list one. Anything else is nothing that Loupe can call.
"""

from __future__ import annotations

import re

from core.errors import InvalidInput, NotFound
from core.models.reference import BUNDLED, parse_ref
from core.prompts.names import short
from core.settings import get_settings

OWN = "loupe:"
_REFERENCE = re.compile(r"(hf|path|gguf|api):")
_KINDS = ("chat", "responses", "messages", "completion", "completions", "embedding", "embeddings")
_HUB = re.compile(r"(?:huggingface|hf):(?:[a-z-]+:)?([\w.-]+/[\w.-]+)")


def model_of(provider: str) -> str:
    """The model reference that a provider's id stands for.

    Raises:
        InvalidInput: it is no reference, and no listed endpoint has this name; one sentence that names it.
        NotFound: it names a folder or a file that is not there.
    """
    reference = provider.strip().removeprefix(OWN)
    if reference == BUNDLED or reference.startswith((f"{BUNDLED}+", f"{BUNDLED}?")) or _REFERENCE.match(reference):
        parse_ref(reference)
        return reference
    if provider.startswith(OWN):
        parse_ref(reference)
    name, _, rest = reference.partition(":")
    kind, colon, model = rest.partition(":")
    model = model if colon and kind in _KINDS else rest
    endpoints = {each.name for each in get_settings().endpoints}
    if model and name in endpoints:
        found = f"api:{name}/{model}"
        parse_ref(found)
        return found
    raise InvalidInput(f"the provider {short(provider)} is none that Loupe can call; {_advice(reference, name, model)}")


def variant_model(provider: str) -> str:
    """As `model_of`, for a variant: that its files are not there is no error of the file.

    Whoever runs the eval says so, and runs the other variants.

    Raises:
        InvalidInput: as `model_of`.
    """
    try:
        return model_of(provider)
    except NotFound:
        return provider.strip().removeprefix(OWN)


def completes(provider: str) -> bool:
    """Whether a provider's id asks for plain completion (`openai:completion:NAME`)."""
    parts = provider.removeprefix(OWN).split(":")
    return len(parts) > 2 and parts[1] in ("completion", "completions") and parts[0] not in ("path", "gguf")


def _advice(reference: str, name: str, model: str) -> str:
    if hub := _HUB.match(reference):
        return f"write hf:{hub[1]}, or run the file with --model REF."
    if model and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        return f"list an endpoint named {name} in settings.toml, write a model reference, or use --model REF."
    return "write a model reference such as smollm2, hf:ORG/NAME or api:ENDPOINT/NAME, or use --model REF."
