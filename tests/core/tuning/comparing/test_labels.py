"""Rank classification: labels behind one prompt have the probabilities that they have alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.tuning.comparing.labels import likelihoods
from core.tuning.data import Encoded
from core.tuning.training.logits import KeptLogits


def candidates() -> list[Encoded]:
    prompt = [11, 12, 13, 14, 15]
    answers = [[20, 21, 2], [20, 22, 23, 2], [30, 2]]
    return [Encoded(1, [*prompt, *answer, 40], [False] * 5 + [True] * len(answer) + [False], 5) for answer in answers]


def test_behind_one_prompt_and_alone(tiny_model: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()
    together = likelihoods(model, candidates(), None)
    apart = likelihoods(model, candidates(), KeptLogits(model, "causal"))
    by_hand = []
    for each in candidates():
        with torch.no_grad():
            logs = torch.log_softmax(model(input_ids=torch.tensor([each.ids])).logits[0], dim=-1)
        wanted = [(place - 1, each.ids[place]) for place, flag in enumerate(each.trained) if flag]
        by_hand.append(sum(float(logs[place, token]) for place, token in wanted) / len(wanted))
    assert together == pytest.approx(by_hand, abs=1e-5)
    assert apart == pytest.approx(by_hand, abs=1e-5)
