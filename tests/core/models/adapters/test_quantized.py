"""Quantized weights: at load time and from a folder; they generate, take what was estimated, carry adapters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import Unsupported
from core.generation.engines.transformers import attached
from core.models.loaders import estimate
from core.models.reference import parse_ref
from tests.core.models.adapters.conftest import Make
from tests.core.models.adapters.test_loading import PROMPT, answer, base_of, loaded, logits
from tests.marks import quick

PRECISIONS = ("int8", "nf4", "fp4")
ALLOWED = {"int8": 0.05, "nf4": 0.5, "fp4": 0.75}
"""How far the logits of random weights may move, as a share of their length."""


def linear(model: Any) -> set[str]:
    """Kinds of the linear layers inside the model's layers."""
    return {type(module).__name__ for name, module in model.named_modules() if name.endswith("_proj")}


@pytest.fixture
def stored(tiny_model: Path, tmp_path: Path) -> Path:
    """The tiny model quantized by bitsandbytes, as a folder."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from core.models.loaders.quantized import bitsandbytes_config

    model = AutoModelForCausalLM.from_pretrained(
        tiny_model, quantization_config=bitsandbytes_config("nf4", torch.float32), dtype=torch.float32
    )
    model.save_pretrained(tmp_path / "nf4")
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path / "nf4")
    return tmp_path / "nf4"


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_quantized_model_answers_and_is_close_to_the_original(
    precision: str, tiny_model: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    ref = f"path:{tiny_model}?dtype=fp32&quantize={precision}"
    model = loaded(ref)
    assert linear(model.model) == {"Linear8bitLt" if precision == "int8" else "Linear4bit"}
    ids = model.encode_text(PROMPT)
    expected = logits(base_of(tiny_model), ids)
    found = logits(model.model, ids)
    assert 0 < (found - expected).norm() < ALLOWED[precision] * expected.norm()
    assert estimate(parse_ref(ref)) == pytest.approx(model.memory_bytes, rel=0.1)
    assert len(answer(model)) == 20
    # LLM.int8 decides by all rows what it keeps in 16 bits: in a batch, an answer would depend on its neighbours
    assert capfd.readouterr() == ("", "") and not caplog.records, "the library's advice belongs to nobody"
    assert attached(model).decoder.runner.batches == (precision != "int8")
    model.close()


def test_nf4_is_double_quantized_and_computes_in_the_precision_of_the_reference(tiny_model: Path) -> None:
    import torch

    model = loaded(f"path:{tiny_model}?dtype=bf16&quantize=nf4")
    weight = model.model.model.layers[0].mlp.down_proj.weight
    assert weight.quant_state.nested and weight.quant_state.quant_type == "nf4"
    assert model.dtype == torch.bfloat16 and model.model.model.layers[0].mlp.down_proj.compute_dtype == torch.bfloat16
    assert len(answer(model, 5)) == 5
    model.close()


def test_a_folder_of_bitsandbytes_loads_and_is_not_quantized_twice(stored: Path) -> None:
    ref = f"path:{stored}?dtype=fp32"
    model = loaded(ref)
    assert linear(model.model) == {"Linear4bit"} and len(answer(model)) == 20
    assert estimate(parse_ref(ref)) == pytest.approx(model.memory_bytes, rel=0.15)
    model.close()
    with pytest.raises(Unsupported, match=r"is quantized already \(bitsandbytes\); leave '\?quantize=int8' out"):
        loaded(f"path:{stored}?quantize=int8")


@pytest.mark.parametrize("method", quick(["lora", "dora", "ia3", "prompt-tuning", "prefix-tuning"], "lora", "ia3"))
@pytest.mark.parametrize("precision", quick(["nf4", "int8"], "nf4"))
def test_adapters_stay_beside_quantized_weights(method: str, precision: str, tiny_model: Path, make: Make) -> None:
    from peft import PeftModel

    adapter = make(method)
    if (method, precision) == ("dora", "int8"):
        with pytest.raises(Unsupported, match="DoRA does not run on 8-bit weights on the CPU"):
            loaded(f"path:{tiny_model}+{adapter}?quantize=int8")
        return
    model = loaded(f"path:{tiny_model}+{adapter}?dtype=fp32&quantize={precision}")
    plain = loaded(f"path:{tiny_model}?dtype=fp32&quantize={precision}")
    fresh = loaded(f"path:{tiny_model}?dtype=fp32&quantize={precision}")
    ids = plain.encode_text(PROMPT)
    if "tuning" in method:
        assert answer(model, 10) != answer(plain, 10)
    else:
        before = logits(plain.model, ids)
        # on weights that have not computed yet: PEFT loses the scales of 8-bit weights that have
        expected = logits(PeftModel.from_pretrained(fresh.model, adapter).eval(), ids)
        assert (logits(model.model, ids) - expected).abs().max() < 1e-4 < (before - expected).abs().max()
        assert any(hasattr(module, "base_layer") for module in model.model.modules())
        assert len(answer(model, 10)) == 10
    model.close()
    plain.close()


def test_weights_and_combinations_on_quantized_weights(tiny_model: Path, make: Make) -> None:
    """LoRA adds up exactly, whatever the ranks; what does not is refused."""
    one, other, ia3, dora = make("lora"), make("lora", seed=2, r=2), make("ia3"), make("dora", seed=3)
    where = f"path:{tiny_model}"
    model = loaded(f"{where}+{one}*0.6+{other}*-0.4?dtype=fp32&quantize=nf4")
    layer = model.model.model.layers[0].self_attn.q_proj
    import torch

    x = torch.randn(1, 3, 64)
    parts = [layer.lora_B[name](layer.lora_A[name](x)) * 8 for name in ("loupe0", "loupe1")]  # alpha 8 by rank below
    expected = layer.base_layer(x) + 0.6 * parts[0] / 4 - 0.4 * parts[1] / 2
    assert (layer(x) - expected).abs().max() < 1e-4
    assert len(answer(model, 5)) == 5

    half = loaded(f"{where}+{ia3}*0.5?dtype=fp32&quantize=nf4")
    whole = loaded(f"{where}+{ia3}?dtype=fp32&quantize=nf4")
    weak, full = (each.model.model.layers[0].self_attn.v_proj.ia3_l["loupe0"] for each in (half, whole))
    assert (weak - (1 + full) / 2).abs().max() < 1e-6
    for refused in (f"+{dora}*0.5", f"+{dora}+{one}", f"+{ia3}+{make('ia3', seed=2)}"):
        with pytest.raises(Unsupported, match="quantized base"):
            loaded(f"{where}{refused}?quantize=nf4")


def test_a_packed_folder_of_compressed_tensors_loads(tiny_model: Path, tmp_path: Path) -> None:
    """Written by llm-compressor without calibration; what is read is what it kept."""
    from llmcompressor import oneshot
    from llmcompressor.modifiers.quantization import QuantizationModifier
    from transformers import AutoTokenizer

    model = base_of(tiny_model)
    groups = {"g": {"targets": ["Linear"], "weights": {"num_bits": 4, "strategy": "group", "group_size": 32}}}
    oneshot(model=model, recipe=QuantizationModifier(config_groups=groups, ignore=["lm_head"]))
    folder = tmp_path / "packed"
    model.save_pretrained(folder, save_compressed=True)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())["quantization_config"]
    assert config["quant_method"] == "compressed-tensors" and config["format"] == "pack-quantized"

    ref = f"path:{folder}?dtype=fp32"
    found = loaded(ref)
    ids = found.encode_text(PROMPT)
    expected = logits(base_of(tiny_model), ids)
    assert 0 < (logits(found.model, ids) - expected).norm() < 0.6 * expected.norm()
    assert estimate(parse_ref(ref)) == pytest.approx(found.memory_bytes, rel=0.15)
    assert len(answer(found)) == 20
    found.close()
    with pytest.raises(Unsupported, match="quantized already"):
        loaded(f"path:{folder}?quantize=nf4")
