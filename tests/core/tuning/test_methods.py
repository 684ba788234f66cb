"""Every method on the tiny model: what is trained, what stays, and that the result loads where it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInput
from core.tuning.counting import count
from core.tuning.methods import METHODS
from core.tuning.request import TuneRequest
from tests.marks import quick

ADAPTERS = [name for name, method in METHODS.items() if method.result == "adapter"]
BY_PEFT = [name for name in ADAPTERS if name != "adapter"]


@pytest.mark.parametrize("method", quick(METHODS, "lora", "prompt-tuning", "adapter"))
def test_a_run_learns_and_counts_what_it_trains(
    method: str, ask: Callable[..., TuneRequest], run: Callable[..., dict[str, Any]]
) -> None:
    request = ask(method, learning_rate=5e-3, last_layers=1)
    found = run(request)
    assert found["eval_loss"][-1] < found["eval_loss"][0]
    assert found["steps"] == len(found["train_loss"]) == 10
    counted = count(request.model, method, request.settings)
    if method != "prefix-tuning":  # a text shorter than the prefix is repeated: as many either way
        assert (counted.trainable, counted.total) == (found["trainable_parameters"], found["total_parameters"])
    assert 0 < counted.trainable <= counted.total
    assert found["comparison"]["n"] == 4
    assert Path(found["path"]).is_dir()


@pytest.mark.parametrize("method", quick(BY_PEFT, "lora", "prefix-tuning"))
def test_peft_alone_loads_the_adapter(
    method: str, ask: Callable[..., TuneRequest], run: Callable[..., dict[str, Any]], tiny_model: Path
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    found = run(ask(method, learning_rate=5e-3, max_steps=3, compare_rows=0, samples=0))
    base = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        before = base(input_ids=ids).logits
        tuned = PeftModel.from_pretrained(base, found["path"]).eval()
        after = tuned(input_ids=ids).logits[:, -4:]
    assert not torch.allclose(before, after)
    assert not list(Path(found["path"]).glob("*.bin"))


def test_only_the_last_layer_moves(
    ask: Callable[..., TuneRequest], run: Callable[..., dict[str, Any]], tiny_model: Path
) -> None:
    from safetensors.torch import load_file

    found = run(ask("last-layers", learning_rate=5e-3, last_layers=1, max_steps=3, compare_rows=0, samples=0))
    before, after = load_file(tiny_model / "model.safetensors"), load_file(Path(found["path"]) / "model.safetensors")
    moved = {name for name in before if not before[name].equal(after[name].to(before[name].dtype))}
    assert moved
    assert all(name.startswith(("model.layers.1.", "model.norm", "lm_head")) for name in moved)


def test_prefix_tuning_refuses_checkpointed_activations(ask: Callable[..., TuneRequest]) -> None:
    with pytest.raises(InvalidInput, match="checkpoint_activations"):
        ask("prefix-tuning", checkpoint_activations=True)


def test_every_option_a_method_names_is_a_setting() -> None:
    from core.tuning.settings import COMMON, TuneSettings

    for method in METHODS.values():
        assert set(method.options) | set(method.preset) <= set(TuneSettings.model_fields)
        assert not set(method.options) & set(COMMON)


def test_what_was_pruned_stays_pruned(
    ask: Callable[..., TuneRequest], run: Callable[..., dict[str, Any]], tiny_model: Path, tmp_path: Path
) -> None:
    import shutil

    import torch
    from safetensors.torch import load_file, save_file

    pruned = tmp_path / "pruned"
    shutil.copytree(tiny_model, pruned)
    weights = load_file(tiny_model / "model.safetensors")
    for name, weight in weights.items():
        if name.endswith("_proj.weight"):
            weight[torch.rand(weight.shape, generator=torch.Generator().manual_seed(0)) < 0.5] = 0
    save_file(weights, pruned / "model.safetensors", metadata={"format": "pt"})
    request = ask("full", learning_rate=5e-3, weight_decay=0.1, max_steps=4, compare_rows=0, samples=0)
    found = run(request.model_copy(update={"model": f"path:{pruned}"}))
    after = load_file(Path(found["path"]) / "model.safetensors")
    for name, weight in weights.items():
        if name.endswith("_proj.weight"):
            assert torch.equal(after[name] == 0, weight == 0)
            assert not torch.equal(after[name], weight)
