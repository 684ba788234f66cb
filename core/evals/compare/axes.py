"""The settings that a sweep can move: what each is called, which values it takes, and a variant with one of them.

A further setting is a line here. Knows nothing of running anything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from core.documents.answering.refusal import DEFAULT_RETRIEVAL
from core.documents.measuring.recut import sized
from core.documents.settings import MODES, RetrievalSettings, SplitSettings
from core.errors import InvalidInput
from core.evals.variant import Variant
from core.generation.params import SamplingParams
from core.techniques.registry import TECHNIQUES

Value = str | int | float
MOST_VALUES = 12
NONE = "none"
"""The technique of a prompt that is sent as it is."""
_RANGE = re.compile(
    r"(?P<low>[^\s.]*(?:\.\d+)?)\s*(?:\.\.|…)\s*(?P<high>\S+?)(?:\s*(?:step|by)\s*(?P<step>\S+))?\s*", re.I
)
_STEPS = 5
"""Values of a range of fractions that names no step."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing to move."""

    name: str
    title: str
    kind: Literal["number", "whole", "choice"]
    apply: Callable[[Variant, Value], Variant]
    """The variant with a value; raises InvalidInput for one that it cannot have."""
    usual: str = ""
    """What to try first, as a person would type it."""
    choices: tuple[str, ...] = ()
    """All values of a choice that has a fixed list; other choices are typed or picked from what is there."""


def _sampling(name: str, title: str, usual: str) -> Setting:
    whole = SamplingParams.model_fields[name].annotation in (int, int | None)

    def apply(variant: Variant, value: Value) -> Variant:
        values = {**variant.params.model_dump(), name: value}
        if name == "max_tokens":  # fewer tokens than the least is a contradiction nobody asked for
            values["min_tokens"] = min(values["min_tokens"], int(value))
        return _with(variant, params=SamplingParams.parse(**values))

    return Setting(name, title, "whole" if whole else "number", apply, usual)


def _model(variant: Variant, value: Value) -> Variant:
    return _with(variant, model=str(value))


def _prompt(variant: Variant, value: Value) -> Variant:
    """The messages of a prompt in the library."""
    from core.prompts import library

    loaded = library.load(str(value))
    if not loaded.prompt.messages:
        raise InvalidInput(f"The prompt {value} has no messages.", "prompt")
    return _with(variant, messages=loaded.prompt.messages, prompt_name=str(value), mode=None)


def _technique(variant: Variant, value: Value) -> Variant:
    if value == NONE:
        return _with(variant, technique=None, technique_options={})
    if value not in TECHNIQUES:
        raise InvalidInput(f"There is no technique {str(value)[:40]!r}; choose one of {', '.join(TECHNIQUES)}.")
    known = TECHNIQUES[str(value)].options
    kept = {key: each for key, each in variant.technique_options.items() if key in known}
    return _with(variant, technique=str(value), technique_options=kept, mode=None)


def _option(name: str) -> Callable[[Variant, Value], Variant]:
    def apply(variant: Variant, value: Value) -> Variant:
        if variant.technique is None or name not in TECHNIQUES[variant.technique].options:
            having = ", ".join(each.name for each in TECHNIQUES.values() if name in each.options)
            what = variant.technique or "a prompt without a technique"
            raise InvalidInput(f"{what} has no {name}; choose one of the techniques {having}.", name)
        return _with(variant, technique_options={**variant.technique_options, name: value})

    return apply


def _collection(variant: Variant, value: Value) -> Variant:
    return _with(variant, collection=str(value), retrieval=variant.retrieval or DEFAULT_RETRIEVAL)


def _chunk_size(variant: Variant, value: Value) -> Variant:
    """The variant as it is: the sweep cuts its collection anew, see `core.evals.compare.chunk_sizes`."""
    if variant.collection is None:
        raise InvalidInput("chunk_size is a setting of a collection; choose one to answer from.", "chunk_size")
    sized(SplitSettings(), int(value))
    return variant


def _retrieval(name: str) -> Callable[[Variant, Value], Variant]:
    def apply(variant: Variant, value: Value) -> Variant:
        if variant.collection is None:
            raise InvalidInput(f"{name} is a setting of a search; choose a collection to answer from.", name)
        settings = (variant.retrieval or DEFAULT_RETRIEVAL).model_dump()
        if name == "k":
            settings["candidates"] = max(settings["candidates"], int(value))
        return _with(variant, retrieval=RetrievalSettings.parse(**{**settings, name: value}))

    return apply


def _with(variant: Variant, **values: Any) -> Variant:
    return Variant.parse(**{**dict(variant), **values})


SETTINGS: dict[str, Setting] = {
    each.name: each
    for each in (
        _sampling("temperature", "Temperature", "0, 0.5, 1, 1.5"),
        _sampling("top_p", "Top-p", "0.5, 0.8, 0.95, 1"),
        _sampling("top_k", "Top-k", "1, 10, 50, 0"),
        _sampling("min_p", "Min-p", "0, 0.05, 0.1, 0.3"),
        _sampling("typical_p", "Typical-p", "0.2, 0.5, 0.9, 1"),
        _sampling("repetition_penalty", "Repetition penalty", "1, 1.1, 1.3"),
        _sampling("presence_penalty", "Presence penalty", "0, 0.5, 1"),
        _sampling("frequency_penalty", "Frequency penalty", "0, 0.5, 1"),
        _sampling("max_tokens", "Max tokens", "32, 64, 128"),
        _sampling("seed", "Seed", "1..4"),
        Setting("model", "Model", "choice", _model),
        Setting("prompt", "Prompt of the library", "choice", _prompt),
        Setting("technique", "Technique", "choice", _technique, choices=(NONE, *TECHNIQUES)),
        Setting("shots", "Shots", "whole", _option("shots"), "0, 2, 4"),
        Setting("samples", "Samples that vote", "whole", _option("samples"), "2, 4, 8"),
        Setting("collection", "Collection", "choice", _collection),
        Setting("chunk_size", "Chunk size", "whole", _chunk_size, "100, 200, 400"),
        Setting("k", "Passages (k)", "whole", _retrieval("k"), "1, 3, 5"),
        Setting("mode", "Search mode", "choice", _retrieval("mode"), choices=MODES),
    )
}
"""By name, in the order in which a page offers them."""


def setting_of(name: str) -> Setting:
    """The setting called `name`.

    Raises:
        InvalidInput: there is none.
    """
    if (found := SETTINGS.get(name)) is None:
        raise InvalidInput(f"There is no setting {name[:40]!r} to sweep; choose one of {', '.join(SETTINGS)}.", "axes")
    return found


def values_of(name: str, text: str) -> tuple[Value, ...]:
    """What a person typed as values of a setting: a list such as `0, 0.5, 1`, a range such as `0..1 step 0.25`.

    Each value once, in the order given. A range of whole numbers goes by ones; one of fractions has five values.

    Raises:
        InvalidInput: there is no such setting, something is no number, or there are none or more than twelve.
    """
    setting = setting_of(name)
    parts = [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]
    found: list[Value] = []
    for part in parts:
        span = _RANGE.fullmatch(part) if setting.kind != "choice" else None
        found += _between(setting, span) if span else [_value(setting, part)]
    values = tuple(dict.fromkeys(found))
    if not values:
        raise InvalidInput(f"{setting.title} has no values; write some, such as {setting.usual or 'a, b'}.", name)
    if len(values) > MOST_VALUES:
        raise InvalidInput(f"{setting.title} has {len(values)} values; a sweep takes at most {MOST_VALUES}.", name)
    return values


def _between(setting: Setting, span: re.Match[str]) -> list[Value]:
    low, high = (_value(setting, span[end]) for end in ("low", "high"))
    if isinstance(low, str) or isinstance(high, str) or low > high:
        raise InvalidInput(f"{setting.title}: the range {span[0].strip()[:40]!r} goes from more to less.", setting.name)
    usual = 1 if setting.kind == "whole" else (high - low) / (_STEPS - 1)
    step = _value(setting, span["step"]) if span["step"] else usual
    if isinstance(step, str) or step <= 0:
        if low == high:
            return [low]
        raise InvalidInput(f"{setting.title}: the step of a range must be above 0.", setting.name)
    count = int((high - low) / step + 1e-9) + 1
    if count > MOST_VALUES:
        raise InvalidInput(f"{setting.title} has {count} values; a sweep takes at most {MOST_VALUES}.", setting.name)
    return [round(low + place * step, 10) if setting.kind == "number" else low + place * step for place in range(count)]


def _value(setting: Setting, text: str) -> Value:
    if setting.kind == "choice":
        return text
    try:
        number = int(text) if setting.kind == "whole" else float(text)
        if not math.isfinite(number):
            raise ValueError("not finite")
    except (ValueError, OverflowError):
        what = "whole number" if setting.kind == "whole" else "number"
        raise InvalidInput(f"{setting.title}: {text[:40]!r} is no {what}.", setting.name) from None
    return number
