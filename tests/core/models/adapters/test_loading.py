"""Models with adapters, against PEFT: the same logits, the same greedy answers; weights, combinations, precisions."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from core.errors import Unsupported
from core.events import Token
from core.generation.engines.transformers import attached, stream
from core.generation.request import GenerationRequest
from core.models.loaders import capabilities_of, estimate, load
from core.models.loaders.transformers import TransformersModel
from core.models.reference import parse_ref
from tests.core.models.adapters.conftest import METHODS, Make

PROMPT = "Question: how many apples are left?"
WEIGHT_METHODS = [method for method in METHODS if "tuning" not in method]


def loaded(text: str) -> TransformersModel:
    model = load(parse_ref(text))
    assert isinstance(model, TransformersModel)
    return model


def base_of(folder: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def by_peft(folder: Path, adapter: str) -> Any:
    from peft import PeftModel

    return PeftModel.from_pretrained(base_of(folder), adapter).eval()


def logits(model: Any, ids: list[int]) -> Any:
    import torch

    with torch.no_grad():
        return model(input_ids=torch.tensor([ids])).logits[0].float()


def answer(model: TransformersModel, count: int = 20, **params: Any) -> list[int]:
    """Ids of a greedy answer through the decode loop."""
    request = GenerationRequest.parse(
        model=model.ref, prompt=PROMPT, mode="completion", params={"temperature": 0, "max_tokens": count} | params
    )
    return [event.id for event in stream(model, request, threading.Event()) if isinstance(event, Token)]


def peft_answer(model: TransformersModel, wrapped: Any, count: int = 20) -> list[int]:
    import torch

    ids = torch.tensor([model.encode_text(PROMPT)])
    found = wrapped.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=count, pad_token_id=2
    )
    return [int(each) for each in found[0, ids.shape[1] :]]


@pytest.mark.parametrize("method", METHODS)
def test_greedy_answers_are_those_of_peft(method: str, tiny_model: Path, make: Make) -> None:
    adapter = make(method)
    model = loaded(f"path:{tiny_model}+{adapter}?dtype=fp32")
    expected = peft_answer(model, by_peft(tiny_model, adapter))
    assert answer(model) == expected
    base = loaded(f"path:{tiny_model}?dtype=fp32")
    assert answer(base) != expected, "the adapter changes nothing, so the test shows nothing"
    assert attached(model).decoder.runner.batches
    model.close()
    base.close()
