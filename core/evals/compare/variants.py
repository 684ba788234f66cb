"""Variants and the requests they make: back from a request to its variant, and names that say what differs.

Knows nothing of runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from core.evals.variant import Request, Variant
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.models.reference import BUNDLED
from core.prompts import template
from core.prompts.file import PromptMessage
from core.techniques.request import TechniqueRequest

NAME_CHARACTERS = 48
_OWN = ("technique", "model", "question", "system", "params", "expected", "user", "parent")
"""Fields of a `TechniqueRequest` that a variant has elsewhere, or that belong to one run alone."""


def variant_of(request: Request, name: str) -> Variant:
    """The variant that makes this request of any values; its prompt has no variables.

    Raises:
        InvalidInput: the request was stored with something that no variant may have; one sentence.
    """
    if isinstance(request, GenerationRequest):
        messages = tuple(
            PromptMessage(role=each.role, content=template.escape(each.content)) for each in request.messages
        )
        if request.mode == "completion":
            messages = (PromptMessage(role="user", content=template.escape(request.prompt)),)
        mode = "completion" if request.mode == "completion" else None
        params = request.params.model_copy(update={"n": 1})
        return Variant.parse(name=name, model=request.model, messages=messages, mode=mode, params=params)
    messages = _asked(request.system, request.question)
    if isinstance(request, TechniqueRequest):
        options = {key: value for key, value in request.model_dump(exclude_defaults=True).items() if key not in _OWN}
        return Variant.parse(
            name=name, model=request.model, messages=messages, params=request.params,
            technique=request.technique, technique_options=options,
        )  # fmt: skip
    collection = request.collection if request.with_documents else None
    return Variant.parse(
        name=name, model=request.model, messages=messages, params=request.params,
        collection=collection, retrieval=request.retrieval if collection else None,
    )  # fmt: skip


def names_of(variants: Sequence[Variant]) -> list[str]:
    """A short name for each, by what differs between them; no two are the same.

    Among variants that differ in temperature alone they are “temperature 0” and “temperature 0.9”; where nothing
    differs, models and numbers.
    """
    differing = [said for said in _SAYINGS if len({said(each) for each in variants}) > 1]
    names = [" · ".join(part for said in differing if (part := said(each))) for each in variants]
    names = [_short(name) or _model(each) for name, each in zip(names, variants, strict=True)]
    count, seen, found = Counter(names), Counter[str](), []
    for name in names:
        seen[name] += 1
        found.append(name if count[name] == 1 else f"{name} ({seen[name]})")
    return found


def _asked(system: str | None, question: str) -> tuple[PromptMessage, ...]:
    turns = [PromptMessage(role="system", content=template.escape(system))] if system else []
    return (*turns, PromptMessage(role="user", content=template.escape(question)))


def _model(variant: Variant) -> str:
    """A short reference: of a path its end, without what every model has."""
    ref = variant.model
    if ref.startswith(("path:", "gguf:")):
        return ref.partition(":")[2].rstrip("/").rpartition("/")[2]
    return ref.removeprefix("hf:") if ref != BUNDLED else ref


def _prompt(variant: Variant) -> str:
    return variant.prompt_name or next(
        (" ".join(each.content.split())[:24] for each in reversed(variant.messages) if each.role == "user"), ""
    )


def _system(variant: Variant) -> str:
    text = next((" ".join(each.content.split()) for each in variant.messages if each.role == "system"), "")
    return f"“{text[:20]}…”" if len(text) > 20 else f"“{text}”" if text else "no system prompt"


def _options(variant: Variant) -> str:
    words = [f"{value} {key}" if isinstance(value, int) else f"{key} {value}" for key, value in _told(variant)]
    return ", ".join(words)


def _told(variant: Variant) -> list[tuple[str, Any]]:
    return [
        (key, value) for key, value in sorted(variant.technique_options.items()) if isinstance(value, int | float | str)
    ]


def _documents(variant: Variant) -> str:
    if variant.collection is None:
        return ""
    settings = variant.retrieval
    return variant.collection + (f", {settings.mode}, k {settings.k}" if settings else "")


def _param(name: str) -> Callable[[Variant], str]:
    def said(variant: Variant) -> str:
        if name == "seed" and variant.params.greedy:  # it draws nothing
            return ""
        value = getattr(variant.params, name)
        shown = f"{value:g}" if isinstance(value, float) else "drawn" if value is None else str(value)
        return f"{name.replace('_', ' ')} {shown}"

    return said


_SAYINGS: tuple[Callable[[Variant], str], ...] = (
    _model,
    lambda variant: variant.technique or "",
    _options,
    _documents,
    _prompt,
    _system,
    *(_param(name) for name in SamplingParams.model_fields if name != "n"),
)
"""What may tell variants apart, the most telling first."""


def _short(name: str) -> str:
    return name if len(name) <= NAME_CHARACTERS else name[: NAME_CHARACTERS - 1] + "…"
