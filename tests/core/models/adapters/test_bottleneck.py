"""Bottleneck adapters: fresh ones change nothing, trained ones do, and come back from a folder as they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, InvalidInput, LoupeError, ModelLoadError, NotFound, Unsupported
from core.models.adapters import bottleneck
from core.models.adapters.bottleneck import BottleneckConfig

SMALL: dict[str, Any] = {"vocab_size": 60, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def models() -> dict[str, Any]:
    """A tiny model a family, two layers each; how many adapters both places give."""
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        GPT2Config,
        GPT2LMHeadModel,
        GPTNeoXConfig,
        GPTNeoXForCausalLM,
        LlamaConfig,
        LlamaForCausalLM,
        OPTConfig,
        OPTForCausalLM,
        T5Config,
        T5ForConditionalGeneration,
    )

    wide = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    return {
        "llama": (lambda: LlamaForCausalLM(LlamaConfig(**SMALL, **wide)), 4),
        "neox": (lambda: GPTNeoXForCausalLM(GPTNeoXConfig(**SMALL, **wide)), 4),
        "gpt2": (lambda: GPT2LMHeadModel(GPT2Config(**SMALL, n_embd=16, n_layer=2, n_head=2)), 4),
        "opt": (
            lambda: OPTForCausalLM(
                OPTConfig(**SMALL, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, ffn_dim=32)
            ),
            4,
        ),
        "bert": (lambda: BertForSequenceClassification(BertConfig(vocab_size=60, num_labels=3, **wide)), 4),
        "t5": (  # three attentions and two feed-forward parts a pair of layers
            lambda: T5ForConditionalGeneration(
                T5Config(
                    vocab_size=60, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, decoder_start_token_id=0
                )
            ),
            10,
        ),
    }


def made(name: str = "llama") -> Any:
    import torch

    torch.manual_seed(0)
    return models()[name][0]().eval()


def logits(model: Any) -> Any:
    import torch

    ids = torch.tensor([[5, 9, 30, 7]])
    extra = {"decoder_input_ids": ids} if model.config.is_encoder_decoder else {}
    return model(input_ids=ids, **extra).logits.detach()


def same(one: Any, other: Any) -> bool:
    """To rounding, which varies with where tensors happen to lie in memory."""
    return float((one - other).abs().max()) < 1e-5


def trained(model: Any) -> Any:
    """What two steps of training would leave: no weight of an adapter is zero."""
    import torch

    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    return model


@pytest.mark.parametrize("name", ["llama", "neox", "gpt2", "opt", "bert", "t5"])
def test_in_every_family_a_fresh_adapter_changes_nothing_and_learns(name: str, tmp_path: Path) -> None:
    import torch

    model = made(name)
    before, names = logits(model), set(model.state_dict())
    bottleneck.attach(model, BottleneckConfig(size=4))
    assert len(bottleneck.projections(model, BottleneckConfig())) == models()[name][1]
    assert same(logits(model), before)
    assert names <= set(model.state_dict())
    trainable = {key: value for key, value in model.named_parameters() if value.requires_grad}
    assert set(trainable) == set(bottleneck.state(model)) and all("bottleneck" in key for key in trainable)

    model(
        input_ids=torch.tensor([[5, 9]]), **({"decoder_input_ids": torch.tensor([[5]])} if name == "t5" else {})
    ).logits.square().sum().backward()
    assert all(
        value.grad is not None and value.grad.abs().sum() > 0 for key, value in trainable.items() if ".up." in key
    )

    after = logits(trained(model))
    assert (after - before).abs().max() > 1e-3
    bottleneck.save(model, tmp_path / "a")
    again = bottleneck.load(made(name), tmp_path / "a")
    assert same(logits(again), after)
    with bottleneck.disable(again):
        assert same(logits(again), before)
    assert same(logits(again), after)
    assert same(logits(bottleneck.detach(again)), before) and set(again.state_dict()) == names


def test_one_place_is_half_of_the_parameters() -> None:
    both, half = made(), made()
    bottleneck.attach(both, BottleneckConfig(size=4))
    bottleneck.attach(half, BottleneckConfig(size=4, after_mlp=False))
    count = [sum(value.numel() for value in bottleneck.state(model).values()) for model in (both, half)]
    assert count == [4 * (2 * 16 * 4 + 4 + 16), 2 * (2 * 16 * 4 + 4 + 16)]
    assert all("self_attn" in name for name in bottleneck.state(half))


def test_a_new_head_is_trained_and_saved_with_it(tmp_path: Path) -> None:

    model = bottleneck.attach(
        made("bert"), BottleneckConfig(size=4, modules_to_save=("classifier",), task_type="SEQ_CLS")
    )
    before = logits(model)
    after = logits(trained(model))
    assert {"classifier.weight", "classifier.bias"} <= set(bottleneck.state(model))
    with bottleneck.disable(model):
        assert same(logits(model), before)
    bottleneck.save(model, tmp_path)
    again = bottleneck.load(made("bert"), tmp_path)
    assert same(logits(again), after) and bottleneck.attached(again) == bottleneck.attached(model)


def test_on_a_half_precision_base_the_adapter_stays_in_float32() -> None:
    import torch

    model = bottleneck.attach(made().to(torch.bfloat16), BottleneckConfig(size=4))
    assert {value.dtype for value in bottleneck.state(model).values()} == {torch.float32}
    assert logits(model).dtype == torch.bfloat16


def test_an_adapter_of_another_model_is_one_sentence_and_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    bottleneck.save(bottleneck.attach(made(), BottleneckConfig(size=4, base="org/small")), tmp_path)
    wide = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    other = LlamaForCausalLM(LlamaConfig(**SMALL, **wide)).eval()
    before = logits(other)
    with pytest.raises(ModelLoadError, match="made for org/small and does not fit"):
        bottleneck.load(other, tmp_path)
    assert same(logits(other), before) and bottleneck.attached(other) is None


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"size": 0}, "size is 0"),
        ({"size": True}, "size is True"),
        ({"size": 10**9}, "size"),
        ({"non_linearity": "__import__"}, "non-linearity"),
        ({"after_attention": False, "after_mlp": False}, "choose one"),
    ],
)
def test_settings_that_cannot_be_are_one_sentence(wrong: dict[str, Any], match: str) -> None:
    with pytest.raises(InvalidInput, match=match):
        BottleneckConfig(**wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"peft_type": "LORA"},
        {"modules_to_save": [1]},
        {"modules_to_save": "x"},
        {"size": "4"},
        {"size": 8},
        {"base_model_name_or_path": 3},
    ],
)
def test_a_configuration_that_does_not_fit_is_one_sentence(change: dict[str, Any], tmp_path: Path) -> None:
    bottleneck.save(bottleneck.attach(made(), BottleneckConfig(size=4)), tmp_path)
    file = tmp_path / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(LoupeError) as caught:
        bottleneck.load(made(), tmp_path)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_done_says_why() -> None:
    from transformers import RwkvConfig, RwkvForCausalLM

    model = bottleneck.attach(made(), BottleneckConfig(size=4))
    with pytest.raises(Conflict, match="already"):
        bottleneck.attach(model, BottleneckConfig(size=4))
    with pytest.raises(Unsupported, match="cannot be merged"):
        bottleneck.merge(model)
    with pytest.raises(NotFound):
        bottleneck.state(made())
    with pytest.raises(InvalidInput, match="0 modules named 'nothing'"):
        bottleneck.attach(made(), BottleneckConfig(modules_to_save=("nothing",)))
    recurrent = RwkvForCausalLM(RwkvConfig(vocab_size=20, hidden_size=8, num_hidden_layers=2))
    with pytest.raises(Unsupported, match="RwkvForCausalLM"):
        bottleneck.attach(recurrent, BottleneckConfig())
