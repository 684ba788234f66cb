"""Every sampler's distribution equals transformers' own processor to 1e-6; penalties, drawing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.generation import logits_process as hf

from core.generation.params import SamplingParams
from core.generation.samplers import Distribution, History, draw, penalise, shape

VOCABULARY = 3000


def ours(logits: torch.Tensor, prompt: list[int], answer: list[int], **params: Any) -> torch.Tensor:
    values = SamplingParams.parse(**params)
    d = shape(penalise(logits, History(prompt, answer), values, [7]), values)
    return d.logprobs(torch.arange(len(logits))).exp()


def theirs(logits: torch.Tensor, ids: list[int], *processors: Any) -> torch.Tensor:
    scores = logits[None].clone()
    for processor in processors:
        scores = processor(torch.tensor([ids]), scores)
    return scores[0].softmax(0)


CASES: list[tuple[dict[str, Any], Callable[[], list[Any]]]] = [
    ({"temperature": 0.7}, lambda: [hf.TemperatureLogitsWarper(0.7)]),
    ({"temperature": 2.0}, lambda: [hf.TemperatureLogitsWarper(2.0)]),
    ({"top_k": 1}, lambda: [hf.TopKLogitsWarper(1)]),
    ({"top_k": 50}, lambda: [hf.TopKLogitsWarper(50)]),
    ({"top_k": 1_000_000}, lambda: [hf.TopKLogitsWarper(1_000_000)]),
    ({"top_p": 0.05}, lambda: [hf.TopPLogitsWarper(0.05)]),
    ({"top_p": 0.9}, lambda: [hf.TopPLogitsWarper(0.9)]),
    ({"top_p": 0.999}, lambda: [hf.TopPLogitsWarper(0.999)]),
    ({"min_p": 0.05}, lambda: [hf.MinPLogitsWarper(0.05)]),
    ({"min_p": 1.0}, lambda: [hf.MinPLogitsWarper(1.0)]),
    ({"typical_p": 0.2}, lambda: [hf.TypicalLogitsWarper(0.2)]),
    ({"typical_p": 0.95}, lambda: [hf.TypicalLogitsWarper(0.95)]),
    ({"repetition_penalty": 1.3}, lambda: [hf.RepetitionPenaltyLogitsProcessor(1.3)]),
    ({"repetition_penalty": 0.8}, lambda: [hf.RepetitionPenaltyLogitsProcessor(0.8)]),
    ({"no_repeat_ngram_size": 1}, lambda: [hf.NoRepeatNGramLogitsProcessor(1)]),
    ({"no_repeat_ngram_size": 3}, lambda: [hf.NoRepeatNGramLogitsProcessor(3)]),
    (
        {"repetition_penalty": 1.1, "temperature": 0.6, "top_k": 100, "top_p": 0.9, "min_p": 0.02, "typical_p": 0.9},
        lambda: [
            hf.RepetitionPenaltyLogitsProcessor(1.1),
            hf.TemperatureLogitsWarper(0.6),
            hf.TopKLogitsWarper(100),
            hf.TopPLogitsWarper(0.9),
            hf.MinPLogitsWarper(0.02),
            hf.TypicalLogitsWarper(0.9),
        ],
    ),
    ({"min_tokens": 20}, lambda: [hf.MinNewTokensLengthLogitsProcessor(10, 20, 7, "cpu")]),
]


@pytest.mark.parametrize(("params", "processors"), CASES, ids=lambda case: str(case) if isinstance(case, dict) else "")
@pytest.mark.parametrize("sharpness", [0.3, 2.0, 8.0])
@pytest.mark.parametrize("seed", range(3))
def test_equals_transformers(
    params: dict[str, Any], processors: Callable[[], list[Any]], sharpness: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(VOCABULARY, generator=generator) * sharpness
    ids = torch.randint(0, 12, (18,), generator=generator).tolist()
    found = ours(logits, ids[:10], ids[10:], **params)
    expected = theirs(logits, ids, *processors())
    assert (found - expected).abs().max() <= 1e-6


@pytest.mark.parametrize("params", [{"top_p": 0.7}, {"top_p": 0.95}, {"top_k": 40}, {"typical_p": 0.6}, {"min_p": 0.3}])
@pytest.mark.parametrize("seed", range(5))
def test_equals_transformers_with_ties(params: dict[str, Any], seed: int) -> None:
    """Half-precision logits tie often: the same ones of a tie are kept."""
    generator = torch.Generator().manual_seed(seed)
    logits = (torch.randn(VOCABULARY, generator=generator) * 2).bfloat16().float()
    name, value = next(iter(params.items()))
    warper = {
        "top_p": hf.TopPLogitsWarper,
        "top_k": hf.TopKLogitsWarper,
        "typical_p": hf.TypicalLogitsWarper,
        "min_p": hf.MinPLogitsWarper,
    }[name](value)
    found, expected = ours(logits, [1], [], **params), theirs(logits, [1], warper)
    assert (found - expected).abs().max() <= 1e-6


def test_presence_and_frequency_penalty_follow_openai() -> None:
    """logit - count * frequency - (count > 0) * presence, over the answer only."""
    logits = torch.zeros(10)
    params = SamplingParams.parse(presence_penalty=0.5, frequency_penalty=0.25)
    changed = penalise(logits, History([1, 2], [3, 3, 4]), params)
    assert changed.tolist() == [0, 0, 0, -1.0, -0.75, 0, 0, 0, 0, 0]


def test_penalties_leave_the_models_logits_alone() -> None:
    logits = torch.ones(10)
    params = SamplingParams.parse(repetition_penalty=2.0, presence_penalty=1.0, no_repeat_ngram_size=1, min_tokens=9)
    penalise(logits, History([1], [3]), params, [5])
    assert logits.tolist() == [1.0] * 10


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=40),
    st.integers(1, 4),
    st.integers(0, 40),
)
@settings(max_examples=80, deadline=None)
def test_ngrams_grow_as_they_would_from_the_start(ids: list[int], size: int, split: int) -> None:
    """The incremental bookkeeping equals transformers' search over the whole sequence."""
    history = History(ids[:split])
    history.completing(size)  # from here on it must keep up with `append`
    for token_id in ids[split:]:
        history.append(token_id)
    scores = torch.zeros(1, 6)
    expected = hf.NoRepeatNGramLogitsProcessor(size)(torch.tensor([ids]), scores)[0]
    assert sorted(set(history.completing(size))) == (expected == -torch.inf).nonzero().squeeze(1).tolist()


def test_draw_follows_the_distribution() -> None:
    d = Distribution(torch.tensor([0.5, 0.3, 0.2]).log(), 40, torch.tensor([10, 20, 30]))
    generator = torch.Generator().manual_seed(0)
    drawn = [draw(d, generator) for _ in range(4000)]
    shares = [drawn.count(i) / len(drawn) for i in (10, 20, 30)]
    assert shares == pytest.approx([0.5, 0.3, 0.2], abs=0.03)  # four standard errors


@pytest.mark.parametrize("value", [1e-38, 1e-45, 1e-6])
def test_a_tiny_temperature_is_greedy(value: float) -> None:
    logits = torch.tensor([20.0, 1.0, 2.0, 3.0, -5.0])
    assert ours(logits, [], [], temperature=value)[0] == pytest.approx(1)


def test_draw_never_takes_a_banned_token() -> None:
    logits = torch.tensor([-torch.inf, 0.0, -torch.inf, 0.0, -torch.inf])
    generator = torch.Generator().manual_seed(0)
    assert {draw(Distribution(logits, 5), generator) for _ in range(200)} == {1, 3}


def test_greedy_takes_the_favourite_after_penalties() -> None:
    logits = torch.tensor([1.0, 3.0, 2.0])
    params = SamplingParams.parse(temperature=0, presence_penalty=2)
    d = shape(penalise(logits, History([], [1]), params), params)
    assert draw(d, torch.Generator()) == 2
