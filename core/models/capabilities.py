"""What a loaded model can do, declared by its loader, so that a page can disable the rest and say why.

Knows nothing of how anything is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SAMPLERS = (
    "min_tokens",
    "temperature",
    "top_k",
    "top_p",
    "min_p",
    "typical_p",
    "repetition_penalty",
    "presence_penalty",
    "frequency_penalty",
    "no_repeat_ngram_size",
)
"""Names of the fields of `SamplingParams` that shape the next-token distribution."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a back end offers for one model."""

    chat: bool
    completion: bool
    token_probabilities: bool
    """Log-probability and alternatives of every generated token, before the samplers."""
    sampled_probabilities: bool
    """The same after the samplers."""
    lens: bool
    """The whole next-token distribution, so that sliders redraw it without running the model."""
    fork: bool
    """Continuing an answer from any of its tokens."""
    batch: bool
    """Several requests decoded together."""
    seed: bool
    """The same seed gives the same tokens."""
    beams: bool
    samplers: frozenset[str] = frozenset(SAMPLERS)
    max_alternatives: int = 100
    why_not: dict[str, str] = field(default_factory=dict)
    """For what is off: one sentence why, keyed by the field's or sampler's name."""

    def reason(self, name: str) -> str | None:
        """Why `name` (a field here or a sampler) is not available, or `None` when it is."""
        available = name in self.samplers if name in SAMPLERS else bool(getattr(self, name))
        return None if available else self.why_not.get(name, "This model's back end does not offer it.")
