"""Providers and prompts of an eval as variants: one for every provider with each of its prompts, under distinct names.

A name says what tells a variant apart: the provider where there is one prompt, the prompt where there is one provider,
else both. Knows no format.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from core.errors import InvalidInput
from core.evals.formats.promptfoo.prompts import Prompt, chosen
from core.evals.formats.promptfoo.providers import Provider
from core.evals.reading.context import Reading
from core.evals.variant import Variant
from core.prompts.names import short

BETWEEN = " · "
MOST = 200


def variants_of(providers: list[Provider], prompts: list[Prompt], reading: Reading) -> tuple[Variant, ...]:
    """Every provider with each of its prompts.

    Raises:
        InvalidInput: a provider names a prompt that there is not, a variant makes no sense, or two have one name.
    """
    titles = _titles(providers)
    found: list[Variant] = []
    for provider, title in zip(providers, titles, strict=True):
        own = prompts
        if provider.prompts is not None:
            own = chosen(prompts, list(provider.prompts), reading, provider.place)
        for prompt in own:
            name = _name(title, provider, prompt, own, len(providers), len(prompts))
            with reading.at(provider.place):
                found.append(
                    Variant.parse(
                        name=name,
                        model=provider.model,
                        messages=prompt.messages,
                        prompt_name="" if prompt.label == unnamed(prompts.index(prompt) + 1) else prompt.label,
                        **provider.settings,
                    )
                )
    if not found:
        raise InvalidInput(f"{reading.name} has no variants: no provider has a prompt.", "providers")
    if len(found) > MOST:
        raise InvalidInput(f"{reading.name} has {len(found):,} variants; at most {MOST:,} are allowed.", "providers")
    refuse_same_names(found, reading.name)
    return tuple(found)


def unnamed(number: int) -> str:
    """The label under which the prompt of this place is written if it has no name; reading it gives no name again."""
    return f"prompt {number}"


def refuse_same_names(variants: list[Variant] | tuple[Variant, ...], where: str) -> None:
    """Nothing, when all names are distinct.

    Raises:
        InvalidInput: two variants have the same name; the sentence names it.
    """
    twice = [short(name) for name, count in Counter(each.name for each in variants).items() if count > 1]
    if twice:
        raise InvalidInput(
            f"{where}: several variants are called {', '.join(twice[:5])}; give their providers or prompts different "
            "labels.",
            "providers",
        )


def _titles(providers: list[Provider]) -> list[str]:
    """A provider's label, else its model, with the settings that tell it from others of the same model."""
    titles = [each.label or each.model for each in providers]
    unlabelled = Counter(each.model for each in providers if not each.label)
    for number, each in enumerate(providers):
        if each.label or unlabelled[each.model] < 2:
            continue
        others = [other.given for other in providers if not other.label and other.model == each.model]
        differing = [key for key in each.given if any(other.get(key) != each.given[key] for other in others)]
        if differing:
            titles[number] += ", " + ", ".join(_said(key, each.given[key]) for key in differing)
    return titles


def _said(key: str, value: Any) -> str:
    return str(value) if key == "technique" else f"{key} {value}"


def _name(title: str, provider: Provider, prompt: Prompt, own: list[Prompt], providers: int, prompts: int) -> str:
    if prompts == 1 or (provider.prompts is not None and len(own) == 1 and provider.label):
        return title[:200]
    if providers == 1 and not provider.label:
        return prompt.label[:200]
    half = (200 - len(BETWEEN)) // 2
    return f"{title[:half]}{BETWEEN}{prompt.label[:half]}"
