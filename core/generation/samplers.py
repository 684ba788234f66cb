"""The samplers: from the model's logits to the distribution the next token is drawn from.

Formulas and order are those of transformers' logits processors (`GenerationMixin._get_logits_processor`), to which the
tests compare every one; presence and frequency penalty are OpenAI's. Works on one sequence's logits, in float32 on the
CPU. Knows nothing of models or text.

A sampler that removes tokens returns a smaller `Distribution`, so that the next one sorts fifty numbers and not fifty
thousand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.generation.params import SamplingParams

if TYPE_CHECKING:
    import torch

NEAR = 12.0
"""Top-p sorts only tokens within this many nats of the favourite, as long as the far ones cannot matter."""
TYPICAL = 4.0
"""Typical sampling sorts only tokens within this many nats of the entropy, as long as they hold enough mass."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Tokens still in the running.

    `ids` (int64, ascending, shape [m]) are their token ids, or `None` for all of the `vocabulary` tokens; `logits`
    (float32, shape [m]) are unnormalised log-probabilities.
    """

    logits: torch.Tensor
    vocabulary: int
    ids: torch.Tensor | None = None

    def keep(self, mask: torch.Tensor) -> Distribution:
        """The tokens where `mask` (bool, shape [m]) is true."""
        kept = mask.nonzero().squeeze(1)
        return Distribution(self.logits[kept], self.vocabulary, kept if self.ids is None else self.ids[kept])

    def token_id(self, index: int) -> int:
        """The token at a place of `logits`."""
        return index if self.ids is None else int(self.ids[index])

    def logprobs(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Log-probabilities (float32, shape of `token_ids`); minus infinity for tokens that are out."""
        import torch

        normalised = self.logits.log_softmax(0)
        if self.ids is None:
            return normalised[token_ids]
        at = torch.searchsorted(self.ids, token_ids).clamp_(max=len(self.ids) - 1)
        return torch.where(self.ids[at] == token_ids, normalised[at], -torch.inf)


class History:
    """What a sequence holds so far, in the form that the penalties ask for. Grows by one token a step."""

    def __init__(self, prompt_ids: Sequence[int], answer_ids: Iterable[int] = ()) -> None:
        self._ids: list[int] = []
        self._seen: dict[int, None] = {}
        self._followers: dict[int, dict[tuple[int, ...], list[int]]] = {}
        self.answer = Counter[int]()
        for token_id in prompt_ids:
            self._add(token_id)
        for token_id in answer_ids:
            self.append(token_id)

    def append(self, token_id: int) -> None:
        """A generated token."""
        self.answer[token_id] += 1
        self._add(token_id)

    def _add(self, token_id: int) -> None:
        self._ids.append(token_id)
        self._seen[token_id] = None
        for size, followers in self._followers.items():
            self._note(followers, size, len(self._ids))

    def _note(self, followers: dict[tuple[int, ...], list[int]], size: int, end: int) -> None:
        if end >= size:
            followers.setdefault(tuple(self._ids[end - size : end - 1]), []).append(self._ids[end - 1])

    @property
    def seen(self) -> list[int]:
        """Every token of prompt and answer, once."""
        return list(self._seen)

    def completing(self, size: int) -> list[int]:
        """Tokens that would repeat an n-gram of `size` tokens."""
        if size not in self._followers:
            followers: dict[tuple[int, ...], list[int]] = {}
            for end in range(1, len(self._ids) + 1):
                self._note(followers, size, end)
            self._followers[size] = followers
        last = tuple(self._ids[len(self._ids) - size + 1 :]) if size > 1 else ()
        return self._followers[size].get(last, [])


def repetition_penalty(logits: torch.Tensor, history: History, value: float, eos_ids: Iterable[int]) -> torch.Tensor:
    """Tokens of prompt and answer: positive logits divided, negative ones multiplied (Keskar et al., 2019)."""
    import torch

    at = torch.tensor(history.seen, dtype=torch.long)
    score = logits[at]
    return logits.index_put((at,), torch.where(score < 0, score * value, score / value))


def presence_penalty(logits: torch.Tensor, history: History, value: float, eos_ids: Iterable[int]) -> torch.Tensor:
    """`value` less for every token that the answer holds (OpenAI)."""
    import torch

    at = torch.tensor(list(history.answer), dtype=torch.long)
    return logits.index_put((at,), logits[at] - value)


def frequency_penalty(logits: torch.Tensor, history: History, value: float, eos_ids: Iterable[int]) -> torch.Tensor:
    """`value` less for every time that the answer holds a token (OpenAI)."""
    import torch

    at = torch.tensor(list(history.answer), dtype=torch.long)
    counts = torch.tensor(list(history.answer.values()), dtype=logits.dtype)
    return logits.index_put((at,), logits[at] - value * counts)


def no_repeat_ngram_size(logits: torch.Tensor, history: History, value: float, eos_ids: Iterable[int]) -> torch.Tensor:
    """No token that would repeat a run of `value` tokens."""
    return _without(logits, history.completing(int(value)))


def min_tokens(logits: torch.Tensor, history: History, value: float, eos_ids: Iterable[int]) -> torch.Tensor:
    """No end before `value` tokens."""
    return _without(logits, eos_ids) if history.answer.total() < value else logits


def _without(logits: torch.Tensor, banned: Iterable[int]) -> torch.Tensor:
    import torch

    at = torch.tensor(list(banned), dtype=torch.long)
    return logits.index_put((at,), logits.new_tensor(-torch.inf))


@dataclass(frozen=True, slots=True)
class Penalty:
    """A sampler that looks at what was written; its name is the field of `SamplingParams`, `off` leaves it out."""

    name: str
    off: float
    apply: Callable[[torch.Tensor, History, float, Iterable[int]], torch.Tensor]


PENALTIES = (
    Penalty("repetition_penalty", 1.0, repetition_penalty),
    Penalty("presence_penalty", 0.0, presence_penalty),
    Penalty("frequency_penalty", 0.0, frequency_penalty),
    Penalty("no_repeat_ngram_size", 0, no_repeat_ngram_size),
    Penalty("min_tokens", 0, min_tokens),
)


def active_penalties(params: SamplingParams) -> list[tuple[Penalty, float]]:
    """The penalties that are on, in order, with their values."""
    values = ((penalty, float(getattr(params, penalty.name))) for penalty in PENALTIES)
    return [(penalty, value) for penalty, value in values if value != penalty.off]


def penalise(
    logits: torch.Tensor, history: History, params: SamplingParams, eos_ids: Iterable[int] = ()
) -> torch.Tensor:
    """Logits (float32, shape [vocabulary]) after penalties and bans; the input itself when all are off."""
    for penalty, value in active_penalties(params):
        logits = penalty.apply(logits, history, value, eos_ids)
    return logits


def temperature(d: Distribution, value: float) -> Distribution:
    """Logits divided by the temperature; shifted first, so that no division by a tiny one overflows."""
    return Distribution((d.logits - d.logits.max()) / value, d.vocabulary, d.ids)


def top_k(d: Distribution, k: float) -> Distribution:
    """The k most probable, and whatever ties with the last of them."""
    kept = min(int(k), len(d.logits))
    return d.keep(d.logits >= d.logits.topk(kept).values[-1])


def top_p(d: Distribution, p: float) -> Distribution:
    """The fewest most probable tokens whose probabilities add up to `p` (Holtzman et al., 2020)."""
    import torch

    probs = d.logits.softmax(0)
    near = d.logits >= d.logits.max() - NEAR
    outside = 1 - float(probs[near].sum())
    if outside > (1 - p) / 2:  # too much mass among the far ones: sort all of them
        near, outside = torch.ones_like(near), 0.0
    at = near.nonzero().squeeze(1)
    ascending, order = d.logits[at].sort()
    removed = int((probs[at[order]].cumsum(0) + outside <= 1 - p)[:-1].sum())
    if removed and ascending[removed - 1] == ascending[removed]:
        return _top_p_among_ties(d, p)
    return d.keep(d.logits >= ascending[removed])


def _top_p_among_ties(d: Distribution, p: float) -> Distribution:
    """Top-p where the cut falls between equals: transformers' own steps, so that the same ones of them are kept."""
    import torch

    scores = torch.full((d.vocabulary,), -torch.inf)
    scores[slice(None) if d.ids is None else d.ids] = d.logits
    ascending, order = scores.sort()
    removed = ascending.softmax(0).cumsum(0) <= 1 - p
    removed[-1] = False
    out = torch.zeros_like(removed)
    out[order] = removed
    return d.keep(~(out if d.ids is None else out[d.ids]))


def min_p(d: Distribution, fraction: float) -> Distribution:
    """Tokens at least `fraction` times as probable as the favourite (Nguyen et al., 2024)."""
    probs = d.logits.softmax(0)
    return d.keep(probs >= fraction * probs.max())


def typical_p(d: Distribution, mass: float) -> Distribution:
    """The tokens whose surprise is nearest to the entropy, until their mass is `mass` (Meister et al., 2023)."""
    logprobs = d.logits.log_softmax(0)
    probs = logprobs.exp()
    entropy = -(logprobs * probs).nansum()
    distance = (-logprobs - entropy).abs()
    near = distance <= TYPICAL
    at = near.nonzero().squeeze(1) if float(probs[near].sum()) > mass + 1e-3 else slice(None)
    ascending, order = distance[at].sort()
    last = int((probs[at][order].cumsum(0) < mass).sum().clamp(max=len(ascending) - 1))
    return d.keep(distance <= ascending[last])


@dataclass(frozen=True, slots=True)
class Stage:
    """One sampler in the chain: its name is the field of `SamplingParams`, `off` the value that leaves it out."""

    name: str
    off: float
    apply: Callable[[Distribution, float], Distribution]


STAGES = (
    Stage("temperature", 1.0, temperature),
    Stage("top_k", 0, top_k),
    Stage("top_p", 1.0, top_p),
    Stage("min_p", 0.0, min_p),
    Stage("typical_p", 1.0, typical_p),
)


def active(params: SamplingParams) -> list[tuple[Stage, float]]:
    """The stages that are on, in order, with their values; none when greedy."""
    if params.greedy:
        return []
    values = ((stage, float(getattr(params, stage.name))) for stage in STAGES)
    return [(stage, value) for stage, value in values if value != stage.off]


def shape(logits: torch.Tensor, params: SamplingParams) -> Distribution:
    """The distribution to draw from, given penalised logits (float32, shape [vocabulary])."""
    d = Distribution(logits, len(logits))
    if params.greedy:
        import torch

        best = torch.tensor([int(logits.argmax())])
        return Distribution(logits[best], len(logits), best)
    for stage, value in active(params):
        d = stage.apply(d, value)
    return d


def draw(d: Distribution, generator: torch.Generator) -> int:
    """A token id, by inverting the cumulative distribution at one uniform number from `generator`."""
    import torch

    uniform = torch.rand(1, generator=generator, dtype=torch.float64)
    if len(d.logits) == 1:
        return d.token_id(0)
    cumulative = d.logits.double().softmax(0).cumsum(0)
    index = int(torch.searchsorted(cumulative, uniform * cumulative[-1], right=True))
    return d.token_id(min(index, len(cumulative) - 1))
