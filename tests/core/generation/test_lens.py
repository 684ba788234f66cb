"""The lens shows what the samplers do, and says the same as the distribution that tokens are drawn from."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import ContextOverflow, LoupeError, ModelFailed
from core.generation import lens
from core.generation.engines.transformers import attached
from core.generation.lens import LensLogits, view
from core.generation.params import SamplingParams
from core.generation.samplers import History, penalise, shape
from core.models.pool import get_pool
from tests.core.generation.conftest import request, run


def picture(logits: torch.Tensor, bars: int = 8, prompt: tuple[int, ...] = (), **params: Any) -> lens.LensView:
    return view(LensLogits("tiny", logits, prompt, (), frozenset([0]), str), SamplingParams.parse(**params), bars)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"temperature": 0},
        {"temperature": 0.5, "top_k": 20},
        {"top_p": 0.8, "min_p": 0.01},
        {"typical_p": 0.7},
        {"min_tokens": 5, "repetition_penalty": 1.3},
    ],
)
def test_bars_are_the_distribution_that_is_drawn_from(params: dict[str, Any]) -> None:
    logits = torch.randn(500, generator=torch.Generator().manual_seed(2)) * 3
    logits[0] = logits.max() + 1  # the end token leads, so that forbidding it shows
    values = SamplingParams.parse(**params)
    shaped = shape(penalise(logits, History([1, 2]), values, [0]), values).logprobs(torch.arange(500)).exp()
    seen = picture(logits, prompt=(1, 2), **params)
    for bar in seen.bars:
        assert bar.probability == pytest.approx(float(logits.softmax(0)[bar.id]), abs=1e-6)
        assert bar.sampled == pytest.approx(float(shaped[bar.id]), abs=1e-6)
        assert (bar.removed_by is None) == (bar.sampled > 0)
    assert sum(bar.probability for bar in seen.bars) + seen.rest == pytest.approx(1, abs=1e-5)
    assert sum(bar.sampled for bar in seen.bars) + seen.rest_sampled == pytest.approx(1, abs=1e-5)
    assert len(seen.bars) + seen.rest_count == seen.vocab_size == 500
    assert seen.kept == int((shaped > 0).sum())


def test_stages_tell_cut_count_and_mass() -> None:
    probabilities = torch.tensor([0.5, 0.25, 0.15, 0.06, 0.04])
    seen = picture(probabilities.log(), bars=5, top_k=4, top_p=0.8)
    top_k, top_p = seen.stages
    assert (top_k.name, top_k.kept, top_k.removed) == ("top_k", 4, 1)
    assert top_k.removed_mass == pytest.approx(0.04, abs=1e-6)
    assert top_k.cut == pytest.approx(0.06, abs=1e-6)
    assert (top_p.name, top_p.kept, top_p.removed) == ("top_p", 3, 1)
    assert top_p.removed_mass == pytest.approx(0.06 / 0.96, abs=1e-6)
    assert [bar.removed_by for bar in seen.bars] == [None, None, None, "top_p", "top_k"]
    assert seen.entropy_bits == pytest.approx(float(-(probabilities * probabilities.log2()).sum()), abs=1e-5)


def test_a_sampler_that_removes_nothing_has_no_cut() -> None:
    seen = picture(torch.zeros(5), bars=5, min_p=0.5)
    assert (seen.stages[0].removed, seen.stages[0].cut) == (0, None)


def wait_for(asked: Any) -> LensLogits:
    deadline = time.monotonic() + 60
    while (found := lens.logits_for(asked)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def test_logits_come_without_blocking_and_are_kept(tiny_model: Path) -> None:
    model = f"path:{tiny_model}?dtype=fp32"
    asked = request(model, "The lens gathers")
    assert lens.logits_for(asked) is None
    found = wait_for(asked)
    other = request(model, "The lens gathers", temperature=0.3, top_k=5)
    assert lens.logits_for(other) is found  # a slider moved: the same logits
    answer = run(request(model, "The lens gathers", temperature=0, max_tokens=1, top_logprobs=5))
    bars = view(found, SamplingParams(), bars=5).bars
    assert [bar.id for bar in bars] == [choice.id for choice in answer.completions[0].tokens[0].top]


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_an_answers_places_show_what_its_tokens_were_drawn_from(tiny_model: Path, dtype: str) -> None:
    """Not a second run: in bf16 that would round differently."""
    asked = request(f"path:{tiny_model}?dtype={dtype}", "emoji", max_tokens=12, seed=1, n=2, top_logprobs=5)
    result = run(asked)
    for completion in result.completions:
        written: list[int] = []
        for token in completion.tokens:
            found = lens.logits_for(asked.model_copy(update={"answer_ids": tuple(written)}))
            assert found is not None  # nothing to compute
            seen = view(found, SamplingParams(), bars=5)
            assert [bar.probability for bar in seen.bars] == pytest.approx([math.exp(t.logprob) for t in token.top])
            written.append(token.id)


def test_memory_for_logits_is_bounded(monkeypatch: pytest.MonkeyPatch, tiny_model: Path) -> None:
    monkeypatch.setattr(lens, "KEPT_BYTES", 20_000)
    asked = request(f"path:{tiny_model}?dtype=fp32", "point", max_tokens=60, min_tokens=60, top_logprobs=1)
    run(asked)
    assert sum(kept.nbytes for kept in lens._kept.values()) <= 20_000


def test_penalties_tell_what_they_reweigh_and_ban() -> None:
    logits = torch.tensor([1.0, 2.0, 3.0, 0.0, 0.0, 0.0])
    seen = view(
        LensLogits("none", logits, (1,), (2, 3, 2), frozenset([0]), str),
        SamplingParams.parse(repetition_penalty=2.0, frequency_penalty=1.0, no_repeat_ngram_size=2, min_tokens=9),
        bars=6,
    )
    repetition, frequency, ngram, least = seen.stages
    assert (repetition.name, repetition.reweighed, repetition.removed) == ("repetition_penalty", 2, 0)
    assert (frequency.name, frequency.reweighed) == ("frequency_penalty", 2)
    assert (ngram.name, ngram.removed) == ("no_repeat_ngram_size", 1)  # 2 was followed by 3
    assert (least.name, least.removed, least.kept) == ("min_tokens", 1, 4)
    assert {bar.id: bar.removed_by for bar in seen.bars if bar.removed_by} == {
        3: "no_repeat_ngram_size",
        0: "min_tokens",
    }


def test_the_answer_after_the_lens_needs_no_second_prefill(tiny_model: Path) -> None:
    model = f"path:{tiny_model}?dtype=fp32"
    wait_for(request(model, "bends it to a point"))
    with get_pool().lease(model) as loaded:
        runner = attached(loaded).decoder.runner  # type: ignore[arg-type]
    before = runner.computed
    run(request(model, "bends it to a point", max_tokens=3))
    assert runner.computed == before


def test_what_cannot_be_computed_is_said_once_and_tried_again(tiny_model: Path) -> None:
    asked = request(f"path:{tiny_model}?dtype=fp32", "light " * 400)
    for _ in range(2):
        with pytest.raises(ContextOverflow):
            wait_for(asked)


def test_whatever_goes_wrong_is_told_and_not_waited_for(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = request(f"path:{tiny_model}?dtype=fp32", "emoji!")
    with monkeypatch.context() as patch:
        patch.setattr("core.generation.engines.transformers.peek", lambda *_: 1 / 0)
        with pytest.raises(ModelFailed, match="ZeroDivisionError"):
            wait_for(asked)
    wait_for(asked)


def test_a_model_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(LoupeError, match="nowhere"):
        wait_for(request("hf:nobody/nowhere"))


def test_unloading_a_model_drops_its_logits(tiny_model: Path) -> None:
    ref = f"path:{tiny_model}?dtype=fp32"
    asked = request(ref, "of")
    wait_for(asked)
    get_pool().unload(ref)
    assert lens.logits_for(asked) is None
    wait_for(asked)
