"""What a contestant is called: its model, and whatever its settings say beyond that.

The same settings give the same name, whoever it stands beside, so that votes of different days can be read together.
Knows nothing of votes.
"""

from __future__ import annotations

from core.evals.arena.matches import QUESTION
from core.evals.variant import Variant
from core.generation.params import SamplingParams

LONGEST = 80
_PLAIN = f"{{{{{QUESTION}}}}}"


def name_of(variant: Variant) -> str:
    """A short name."""
    parts = [_model(variant.model), *_method(variant), *_prompt(variant), *_sampling(variant.params)]
    name = ", ".join(parts)
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def about(variant: Variant) -> str:
    """What is set beyond what its name says, in one line."""
    name = name_of(variant)
    options = [f"{key} {value}" for key, value in sorted(variant.technique_options.items()) if key != "shots"]
    sampling = variant.params.model_dump(exclude_defaults=True, exclude={"seed", "temperature"})
    said = [f"temperature {variant.params.temperature:g}", *(_said(key, value) for key, value in sampling.items())]
    parts = [_model(variant.model), *_method(variant), *options, *_prompt(variant, 200), *said]
    return " · ".join(part for part in parts if part not in name) or variant.model


def _model(reference: str) -> str:
    if reference.startswith(("path:", "gguf:")):
        return reference.rstrip("/").rpartition("/")[2]
    return reference.removeprefix("hf:")


def _method(variant: Variant) -> list[str]:
    found = [variant.technique] if variant.technique else []
    if shots := variant.technique_options.get("shots"):
        found.append(f"{shots} shots")
    return found + ([f"documents {variant.collection}"] if variant.collection else [])


def _prompt(variant: Variant, most: int = 32) -> list[str]:
    """The name of the prompt, else its system message and a wording other than the question alone."""
    if variant.prompt_name:
        return [variant.prompt_name]
    texts = [each.content for each in variant.messages if each.content.strip() != _PLAIN]
    lines = [" ".join(text.split()) for text in texts]
    return [f"“{line if len(line) <= most else line[: most - 1] + '…'}”" for line in lines if line]


def _sampling(params: SamplingParams) -> list[str]:
    found = [] if params.temperature == 0 else [f"temperature {params.temperature:g}"]
    given = params.model_dump(exclude_defaults=True, exclude={"temperature", "max_tokens", "seed"})
    return found + [_said(name, value) for name, value in given.items()]


def _said(name: str, value: object) -> str:
    return f"{name.replace('_', ' ')} {f'{value:g}' if isinstance(value, float) else value}"
