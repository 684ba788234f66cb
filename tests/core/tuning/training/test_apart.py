"""Models whose attention ignores positions and masks: their rows are not packed, their labels are asked one by one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, BloomConfig, BloomForCausalLM

from core.errors import InvalidInput
from core.tuning.comparing.labels import likelihoods
from core.tuning.comparing.scoring import Asked
from core.tuning.data import Encoded, Example, open_tokens
from core.tuning.settings import TuneSettings
from core.tuning.training.apart import require_rows_apart
from core.tuning.training.logits import KeptLogits

ROWS = [Encoded(number, [*range(20 + number, 32 + number)], [False] * 6 + [True] * 6, 6) for number in range(3)]


@pytest.fixture(scope="module")
def bloom(tiny_model: Path) -> Any:
    """A tiny Bloom: it knows where a token stands by the mask alone."""
    size = AutoModelForCausalLM.from_pretrained(tiny_model).config.vocab_size
    torch.manual_seed(0)
    return BloomForCausalLM(BloomConfig(vocab_size=size, hidden_size=32, n_layer=2, n_head=4)).eval()


def test_a_model_that_lets_a_row_see_the_one_before_is_not_packed(tiny_model: Path, bloom: Any) -> None:
    require_rows_apart(AutoModelForCausalLM.from_pretrained(tiny_model).train(), ROWS)
    with pytest.raises(InvalidInput, match="set batching to group"):
        require_rows_apart(bloom, ROWS)


def test_labels_have_the_probabilities_that_they_have_alone(tiny_model: Path, bloom: Any) -> None:
    settings = TuneSettings(max_length=64)
    example = Example(1, text="The card did not arrive", label="fault", answer="fault")
    labels = ["delivery", "fault", "something else"]
    with open_tokens(f"path:{tiny_model}") as tokens:
        for model in (AutoModelForCausalLM.from_pretrained(tiny_model).eval(), bloom):
            logits = KeptLogits(model, "causal")
            asked = Asked(model, tokens, settings, logits, virtual=False)
            rows = [asked.encoded(replace(example, answer=each, label=each), labels) for each in labels]
            alone = likelihoods(model, rows, logits)
            for _ in range(2):  # the first one decides how the others are asked
                label, loss = asked.label(example, labels)
                assert label == labels[alone.index(max(alone))]
                assert loss == pytest.approx(-alone[1], abs=1e-4)
