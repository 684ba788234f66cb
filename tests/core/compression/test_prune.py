"""Pruned models: zeros counted weight by weight, parts really gone, loaded by plain transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from core.compression import CompressRequest, check
from core.compression.job import run
from core.compression.layers import Walk, decoder_layers, linear_layers
from core.compression.pruning import count_zeros, parts, structured
from core.compression.pruning.masks import is_two_of_four
from core.compression.pruning.shares import how_many
from core.errors import InvalidInput
from core.jobs import JobContext
from core.models.zeros import keep_zeros
from tests.core.compression.conftest import SMALL, Compress, plain, variant

IDS = torch.arange(3, 67).view(2, 32)


def logits(model: Any) -> torch.Tensor:
    """Of two short sequences."""
    with torch.no_grad():
        found: torch.Tensor = model(input_ids=IDS).logits
    return found


@pytest.mark.parametrize(
    "settings",
    [
        {"criterion": "magnitude", "sparsity": 0.3},
        {"criterion": "wanda", "structure": "2:4", **SMALL},
        {"criterion": "sparsegpt", "sparsity": 0.5, **SMALL},
    ],
)
def test_zeros_are_where_they_were_asked_for(compress: Compress, text_file: Path, settings: dict[str, Any]) -> None:
    if settings["criterion"] != "magnitude":
        settings = settings | {"calibration": str(text_file)}
    made = compress("prune", **settings)
    model = plain(made["path"])
    zeros, weights = count_zeros(model)
    assert (zeros, weights) == (made["zeros"], made["weights"])
    assert zeros / weights == pytest.approx(settings.get("sparsity", 0.5), abs=0.001)
    for layer in decoder_layers(model):
        for module in linear_layers(layer).values():
            assert is_two_of_four(module.weight) or settings.get("structure") != "2:4"
    assert int((model.lm_head.weight == 0).sum()) == 0


@pytest.mark.parametrize(
    ("structure", "criterion"),
    [("heads", "wanda"), ("channels", "wanda"), ("layers", "wanda"), ("channels", "magnitude")],
)
def test_parts_are_gone_and_the_model_is_smaller(
    compress: Compress, tiny_model: Path, text_file: Path, structure: str, criterion: str
) -> None:
    looks = {"calibration": str(text_file), **SMALL} if criterion == "wanda" else {}
    made = compress("prune", structure=structure, criterion=criterion, **looks)
    before, after = plain(tiny_model), plain(made["path"])
    assert after.num_parameters() < before.num_parameters()
    assert made["size_bytes"] < made["source_bytes"]
    assert (made["kept"], made["of"]) == {"heads": (1, 2), "channels": (64, 128), "layers": (1, 2)}[structure]
    config = after.config
    assert config.num_hidden_layers == (1 if structure == "layers" else 2)
    assert (config.num_key_value_heads, config.num_attention_heads) == ((1, 2) if structure == "heads" else (2, 4))
    assert config.intermediate_size == (64 if structure == "channels" else 128)
    assert after.generate(IDS[:1], max_new_tokens=4, min_new_tokens=4, do_sample=False).shape == (1, 36)


def test_heads_that_the_family_does_not_take_are_refused_before_anything_starts(
    tiny_model: Path, tmp_path: Path
) -> None:
    """Llama's configuration wants the width to be a multiple of the heads when it is saved; Qwen2's does not."""
    shape = {"num_attention_heads": 8, "num_key_value_heads": 4}
    llama = variant(tiny_model, tmp_path / "llama", **shape)
    request = {"method": "prune", "structure": "heads", "criterion": "magnitude", "name": "made"}
    with pytest.raises(InvalidInput) as caught:
        check(CompressRequest.parse(model=f"path:{llama}", sparsity=0.25, **request))
    assert str(caught.value) == (
        "That would leave 6 of 8 heads, which a llama of width 64 does not take; sparsity may be 0.5 or 0.75."
    )
    qwen2 = variant(tiny_model, tmp_path / "qwen2", "qwen2", **shape)
    for folder, sparsity, heads in ((llama, 0.5, 4), (qwen2, 0.25, 6)):
        asked = request | {"model": f"path:{folder}", "sparsity": sparsity, "name": folder.name}
        config = plain(run(asked, JobContext(folder.name))["path"]).config
        assert (config.num_attention_heads, config.num_key_value_heads, config.head_dim) == (heads, heads // 2, 8)


def test_heads_go_from_configurations_older_than_grouped_queries(tiny_model: Path, tmp_path: Path) -> None:
    old = variant(tiny_model, tmp_path / "old", num_key_value_heads=4)
    config = json.loads((old / "config.json").read_text())
    del config["num_key_value_heads"]
    (old / "config.json").write_text(json.dumps(config))
    request = {"method": "prune", "structure": "heads", "criterion": "magnitude", "name": "made"}
    made = run(request | {"model": f"path:{old}"}, JobContext("old"))
    assert (made["kept"], made["of"]) == (2, 4)
    assert plain(made["path"]).config.num_attention_heads == 2


@pytest.mark.parametrize(
    ("count", "sparsity", "kept"),
    [(1536, 0.3, 1088), (1536, 0.01, 1472), (1536, 0.99, 64), (1500, 0.01, 1472), (128, 0.3, 96), (7, 0.5, 4)],
)
def test_channels_are_kept_in_widths_that_other_methods_take(count: int, sparsity: float, kept: int) -> None:
    assert how_many({"intermediate_size": count}, "channels", sparsity) == (kept, count)


def test_what_lost_channels_can_be_quantized_in_groups_and_pruned_two_of_four(compress: Compress) -> None:
    cut = compress("prune", "cut", structure="channels", criterion="magnitude", sparsity=0.3)["ref"]
    for settings in ({"method": "gptq"}, {"method": "prune", "structure": "2:4", "criterion": "magnitude"}):
        check(CompressRequest.parse(name="made", model=cut, **settings))


def test_a_head_that_is_cut_is_a_head_that_says_nothing(tiny_model: Path) -> None:
    """Taking a group out gives the very logits of silencing it in the output projection."""
    silenced, cut = plain(tiny_model), plain(tiny_model)
    with torch.no_grad():
        for layer in decoder_layers(silenced):
            layer.self_attn.o_proj.weight[:, :32] = 0  # group 0: two query heads of width 16
    for layer in decoder_layers(cut):
        structured.cut_heads(layer, torch.tensor([1]), 2)
        layer.self_attn.config.num_key_value_heads, layer.self_attn.config.num_attention_heads = 1, 2
    assert torch.allclose(logits(silenced), logits(cut), atol=1e-4)


def test_a_channel_that_is_cut_is_a_channel_that_says_nothing(tiny_model: Path) -> None:
    silenced, cut = plain(tiny_model), plain(tiny_model)
    keep = torch.arange(0, 128, 3)
    gone = torch.ones(128, dtype=torch.bool)
    gone[keep] = False
    with torch.no_grad():
        for layer in decoder_layers(silenced):
            layer.mlp.down_proj.weight[:, gone] = 0
    for layer in decoder_layers(cut):
        structured.cut_channels(layer, keep)
    assert torch.allclose(logits(silenced), logits(cut), atol=1e-4)


def test_walking_through_unchanged_layers_is_the_models_own_forward_pass(tiny_model: Path) -> None:
    model = plain(tiny_model)
    walk = Walk(model, IDS, JobContext("walk"))
    for _ in walk:
        pass
    with torch.no_grad():
        ends = model.lm_head(model.model.norm(torch.cat(walk.states)))
    assert torch.allclose(ends, logits(model), atol=1e-4)


def test_the_least_useful_layer_goes(tiny_model: Path) -> None:
    """A layer whose output projections are zero changes nothing, so it is the one that goes."""
    model = plain(tiny_model)
    with torch.no_grad():
        for name in ("self_attn.o_proj", "mlp.down_proj"):
            model.get_submodule(f"model.layers.0.{name}").weight.zero_()
    before = logits(model)
    found = parts.take_out(model, "layers", 0.5, IDS, JobContext("layers"))
    assert found["layers"] == [1]
    assert torch.allclose(logits(model), before, atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"criterion": "magnitude", "sparsity": 0.5},
        {"criterion": "magnitude", "sparsity": 0.01},
        {"criterion": "wanda", "sparsity": 0.05, **SMALL},  # 3 of 64 in a row: less than was asked for
    ],
)
def test_zeros_stay_while_a_model_is_trained_on(compress: Compress, settings: dict[str, Any]) -> None:
    """With momentum and weight decay; without holding them, the zeros are lost."""
    path = compress("prune", **settings)["path"]
    for hold in (True, False):
        model = plain(path).train()
        before, zeros = {name: each.clone() for name, each in model.named_parameters()}, count_zeros(model)
        if hold:
            assert keep_zeros(model) >= zeros[0]
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            model(input_ids=IDS, labels=IDS).loss.backward()
            optimizer.step()
        assert any(not torch.equal(before[name], each) for name, each in model.named_parameters())
        assert (count_zeros(model) == zeros) is hold


def test_a_dense_model_has_no_zeros_to_hold(tiny_model: Path) -> None:
    model = plain(tiny_model).requires_grad_(True)
    with torch.no_grad():
        model.model.embed_tokens.weight[-20:] = 0  # no token has them, and a mask leaves no row empty
    assert keep_zeros(model) == 0
