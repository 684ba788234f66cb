"""Bases as they are loaded: in which precision, on which device, and what an adapter records of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.models.device import device
from core.settings import get_settings
from core.tuning.data import open_tokens
from core.tuning.methods import METHODS
from core.tuning.request import TuneRequest
from core.tuning.training import session
from tests.marks import quick

Ask = Callable[..., TuneRequest]


@pytest.mark.parametrize("method", quick([name for name in METHODS if name != "qlora"], "full", "lora"))
def test_what_is_trained_is_kept_in_fp32_whatever_the_base(method: str, ask: Ask) -> None:
    import torch

    request = ask(method, dtype="bf16", last_layers=1)
    with open_tokens(request.model) as tokens:
        model, _ = session.load_prepared(request, session.prepare_data(request, tokens))
    assert {each.dtype for each in model.parameters() if each.requires_grad} == {torch.float32}


@pytest.mark.parametrize("method", quick(["lora", "prompt-tuning", "adapter"], "lora"))
def test_an_adapter_records_the_folder_of_its_base_and_peft_finds_it_there(
    method: str, ask: Ask, run: Callable[..., dict[str, Any]], tiny_model: Path
) -> None:
    found = run(ask(method, max_steps=2, compare_rows=0, samples=0))
    config = json.loads((Path(found["path"]) / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(tiny_model)
    if method != "adapter":
        from peft import AutoPeftModelForCausalLM

        AutoPeftModelForCausalLM.from_pretrained(found["path"])


def test_each_of_several_processes_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOUPE_DEVICE", "auto")
    get_settings.cache_clear()
    found = []
    for rank in ("0", "1", "3"):
        monkeypatch.setenv("LOCAL_RANK", rank)
        found.append(device().index)
    monkeypatch.delenv("LOCAL_RANK")
    assert (found, device().index) == ([0, 1, 1], 0)


def test_a_look_in_eval_mode_changes_no_gradient_of_qlora(ask: Ask) -> None:
    """On processors with AVX512-BF16 bitsandbytes packs weights there, and packed layers pass no gradient on."""
    import torch

    request = ask("qlora", dtype="bf16", targets="attention")

    def gradients(look: bool) -> list[torch.Tensor]:
        with open_tokens(request.model) as tokens:
            model, _ = session.load_prepared(request, session.prepare_data(request, tokens))
        ids = torch.arange(3, 40)[None]
        if look:
            model.eval()
            with torch.inference_mode():
                model(input_ids=ids)
        model.train()
        model(input_ids=ids, labels=ids).loss.backward()
        return [each.grad.clone() for each in model.parameters() if each.requires_grad]

    for one, other in zip(gradients(False), gradients(True), strict=True):
        assert torch.equal(one, other)
