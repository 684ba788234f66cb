"""bitsandbytes: published bits a weight, folders that plain transformers loads, numbers near the original's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from core.compression.job import run
from core.compression.storage import bits_per_linear_weight, logical_parameters
from core.jobs import JobContext
from core.models.stored import count_parameters
from tests.core.compression.conftest import Compress, plain


@pytest.fixture(scope="module")
def wide_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model whose layers all hold a multiple of 64 · 256 weights, as the published figures assume."""
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("wide") / "model"
    shutil.copytree(tiny_model, folder)
    config = LlamaConfig.from_pretrained(tiny_model)
    config.update({"hidden_size": 128, "intermediate_size": 256, "num_key_value_heads": 4, "head_dim": 32})
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("settings", "published"),
    [
        ({"method": "nf4"}, 4.5),
        ({"method": "nf4", "double_quantization": True}, 4 + 8 / 64 + 32 / (64 * 256)),
        ({"method": "fp4"}, 4.5),
    ],
)
def test_bits_a_weight_are_those_of_the_paper(wide_model: Path, settings: dict[str, Any], published: float) -> None:
    """QLoRA, section 3: 0.5 bits a weight for fp32 scales of 64, 0.127 with double quantization."""
    made = run({**settings, "name": "made", "model": f"path:{wide_model}"}, JobContext("bits"))
    # double quantization also keeps one fp32 mean a layer
    assert made["linear_bits_per_weight"] == pytest.approx(published, abs=0.003)


def test_plain_transformers_loads_what_was_packed(compress: Compress, tiny_model: Path) -> None:
    """Errors get larger with fewer bits, and stay below the size of the logits."""
    ids = torch.arange(3, 60)[None]
    with torch.no_grad():
        whole = plain(tiny_model)(input_ids=ids).logits
        errors = {}
        for method in ("int8", "nf4"):
            made = compress(method, method)
            folder = Path(made["path"])
            model = plain(folder)
            assert "bnb" in type(model.model.layers[0].mlp.up_proj).__module__ or "bitsandbytes" in str(
                type(model.model.layers[0].mlp.up_proj)
            )
            errors[method] = float((model(input_ids=ids).logits - whole).norm() / whole.norm())
            assert made["size_bytes"] < 0.7 * made["source_bytes"]
            assert logical_parameters(folder) == count_parameters(folder) == count_parameters(tiny_model)
            assert json.loads((folder / "loupe.json").read_text())["method"]["name"] == method
    assert 0 < errors["int8"] < 0.1 < errors["nf4"] < 0.9


def test_a_model_that_is_not_packed_has_no_packed_bits(tiny_model: Path) -> None:
    assert bits_per_linear_weight(tiny_model) == 0
