"""GPTQ by llm-compressor: nearer to the original than rounding to nearest by its own objective, packed as published."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from core.compression.job import run
from core.compression.methods import gptq
from core.jobs import JobCancelled, JobContext
from core.models.registry import local_dir
from core.models.stored import count_parameters
from core.settings import get_settings
from tests.core.compression.conftest import plain, variant

LOOKS = {"samples": 12, "sample_tokens": 48}


@pytest.fixture(scope="module")
def made(tiny_model: Path, text_file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The tiny model at 4 bits with groups of 32, calibrated and rounded to nearest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOUPE_HOME", str(tmp_path_factory.mktemp("gptq")))
        get_settings.cache_clear()
        shared = {"method": "gptq", "model": f"path:{tiny_model}", "group_size": 32}
        looks = {"calibration": str(text_file), **LOOKS}
        found = {
            "gptq": run({**shared, **looks, "name": "gptq"}, JobContext("gptq")),
            "nearest": run({**shared, "calibrated": False, "name": "nearest"}, JobContext("nearest")),
        }
    get_settings.cache_clear()
    return found


def first_layer_error(folder: str, tiny_model: Path, text_file: Path) -> float:
    """Squared error of the first layer's projections on the calibration text: what GPTQ makes small."""
    from core.compression.calibration import pieces
    from core.compression.loading import load_tokenizer

    ids = pieces(load_tokenizer(tiny_model), str(text_file), 12, 48, seed=0).ids
    whole, packed = plain(tiny_model), plain(folder)
    seen: list[torch.Tensor] = []
    whole.model.layers[0].self_attn.q_proj.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    with torch.no_grad():
        whole(input_ids=ids)
        packed(input_ids=ids)  # transformers unpacks on the first pass
        inputs, error = seen[0].flatten(0, 1), 0.0
        for name in ("q_proj", "k_proj", "v_proj"):
            before = getattr(whole.model.layers[0].self_attn, name).weight
            after = getattr(packed.model.layers[0].self_attn, name).weight
            error += float((inputs @ (before - after).T).square().sum())
    return error


def test_calibrated_rounding_serves_its_objective(
    made: dict[str, dict[str, Any]], tiny_model: Path, text_file: Path
) -> None:
    errors = {name: first_layer_error(result["path"], tiny_model, text_file) for name, result in made.items()}
    assert 0 < errors["gptq"] < 0.7 * errors["nearest"]


def test_it_is_packed_and_says_how(made: dict[str, dict[str, Any]], tiny_model: Path) -> None:
    for name, result in made.items():
        config = json.loads((Path(result["path"]) / "config.json").read_text())["quantization_config"]
        assert (config["quant_method"], config["format"]) == ("compressed-tensors", "pack-quantized")
        assert config["config_groups"]["group_0"]["weights"]["group_size"] == 32
        assert result["linear_bits_per_weight"] == pytest.approx(4 + 32 / 32)  # fp32 scales, groups of 32
        record = json.loads((Path(result["path"]) / "loupe.json").read_text())
        assert record["settings"]["calibrated"] is (name == "gptq")
        assert ("calibration" in record["result"]) is (name == "gptq")
        assert record["versions"]["llmcompressor"]
        assert count_parameters(Path(result["path"])) == count_parameters(tiny_model)


def test_what_is_not_rounded_keeps_the_precision_of_the_source(tiny_model: Path, tmp_path: Path) -> None:
    from safetensors import safe_open

    source = tmp_path / "bf16"
    shutil.copytree(tiny_model, source)
    whole = plain(tiny_model).to(torch.bfloat16)
    whole.save_pretrained(source)
    made = run({"method": "gptq", "name": "made", "model": f"path:{source}", "calibrated": False}, JobContext("bf16"))
    with safe_open(Path(made["path"]) / "model.safetensors", "pt") as file:
        kept = [file.get_tensor(name) for name in file.keys() if ".weight_" not in name]  # noqa: SIM118
    assert kept and {each.dtype for each in kept} == {torch.bfloat16}
    ids = torch.arange(3, 60)[None]
    with torch.no_grad():
        before, after = whole(input_ids=ids).logits, plain(made["path"])(input_ids=ids).logits
    assert after.dtype == torch.bfloat16
    assert float((after - before).float().norm() / before.float().norm()) < 0.9


def test_the_bias_beside_rounded_weights_is_none_of_them(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Qwen2's q, k and v projections have biases; calibrated in fp32, they are kept in the source's precision."""
    from safetensors import safe_open

    monkeypatch.setattr(gptq, "working_dtype", lambda config: torch.float32)
    source = variant(tiny_model, tmp_path / "qwen2", "qwen2", dtype="bfloat16")
    made = run({"method": "gptq", "name": "made", "model": f"path:{source}", "calibrated": False}, JobContext("bias"))
    with safe_open(Path(made["path"]) / "model.safetensors", "pt") as file:
        biases = [file.get_tensor(name).dtype for name in file.keys() if name.endswith("_proj.bias")]  # noqa: SIM118
    assert biases == [torch.bfloat16] * 6


def test_cancelled_between_pieces_it_leaves_nothing(tiny_model: Path, text_file: Path) -> None:
    class Impatient(JobContext):
        """Cancelled as soon as the first pieces are through."""

        def progress(self, done: float, total: float | None = None, unit: str = "", note: str = "") -> None:
            if unit == "pieces" and done >= 5:
                self.cancelled.set()

    request = {"method": "gptq", "name": "made", "model": f"path:{tiny_model}", "calibration": str(text_file)} | LOOKS
    with pytest.raises(JobCancelled):
        run(request, Impatient("impatient"))
    assert list(local_dir().iterdir()) == []
