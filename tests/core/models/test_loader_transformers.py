"""Loading models in Hugging Face format: what comes out, what is refused, and that memory comes back."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInput, LoupeError, ModelLoadError, NotFound, OutOfMemory, UnsafeModel, Unsupported
from core.models import device
from core.models.loaders import capabilities_of, estimate, load
from core.models.loaders import transformers as loader
from core.models.loaders.transformers import TransformersModel
from core.models.reference import parse_ref


def edit(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def loaded(folder: Path, options: str = "?dtype=fp32") -> TransformersModel:
    model = load(parse_ref(f"path:{folder}{options}"))
    assert isinstance(model, TransformersModel)
    return model


def test_what_is_loaded_says_what_it_is(folder: Path) -> None:
    import torch

    model = loaded(folder)
    assert model.ref == f"path:{folder}?dtype=fp32" and model.backend == "transformers" and model.folder == folder
    assert (model.dtype, model.device.type, model.context_length) == (torch.float32, "cpu", 256)
    assert model.vocab_size == model.model(torch.tensor([[1]])).logits.shape[-1]
    weights = sum(p.numel() * p.element_size() for p in model.model.parameters())
    assert model.memory_bytes == pytest.approx(weights, rel=0.01)
    assert not model.model.training and not any(p.requires_grad for p in model.model.parameters())
    assert all(
        getattr(model.capabilities, name)
        for name in ("chat", "completion", "token_probabilities", "lens", "fork", "batch", "seed", "beams")
    )
    model.close()
    model.close()


@pytest.mark.parametrize("name", ["fp32", "bf16", "fp16"])
def test_dtype_option(folder: Path, name: str) -> None:
    model = loaded(folder, f"?dtype={name}")
    assert str(model.dtype) == f"torch.{loader.DTYPES[name]}"
    assert estimate(parse_ref(model.ref)) == pytest.approx(model.memory_bytes, rel=0.1)
    model.close()


@pytest.mark.parametrize(("flags", "expected"), [({"avx512_bf16"}, "torch.bfloat16"), ({"avx2"}, "torch.float32")])
def test_default_dtype_follows_the_processor(flags: set[str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(device, "_cpu_flags", lambda: frozenset(flags))
    assert str(device.default_dtype(torch.device("cpu"))) == expected


def test_end_tokens_come_from_the_generation_config_and_the_template_not_the_tokenizer(folder: Path) -> None:
    edit(folder / "tokenizer_config.json", eos_token="<|im_start|>")
    edit(folder / "generation_config.json", eos_token_id=[0, 2])
    model = loaded(folder)
    assert model.eos_token_ids == {0, 2}
    model.close()
    edit(folder / "generation_config.json", eos_token_id=0)
    model = loaded(folder)
    assert model.eos_token_ids == {0, 2}  # <|im_end|> ends the turn in the template
    model.close()


def test_without_a_template_chat_is_off_and_says_why(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()
    model = loaded(folder)
    assert not model.capabilities.chat and "chat template" in (model.capabilities.reason("chat") or "")
    assert model.decode(model.encode_text("seven apples")) == "seven apples"
    with pytest.raises(Unsupported, match="chat template"):
        model.encode_chat([{"role": "user", "content": "x"}])
    model.close()


def test_closers_run_once_before_the_weights_are_dropped(folder: Path) -> None:
    model = loaded(folder)
    seen: list[bool] = []
    model.closers.append(lambda: seen.append(hasattr(model, "model")))
    model.close()
    model.close()
    assert seen == [True] and not hasattr(model, "model")


@pytest.mark.parametrize(
    ("config", "match"),
    [
        ({"architectures": ["T5ForConditionalGeneration"], "is_encoder_decoder": True}, "decoder-only"),
        ({"architectures": ["BertForMaskedLM"], "model_type": "bert"}, "decoder-only"),
        ({"architectures": []}, "decoder-only"),
        ({"architectures": "x"}, "decoder-only"),
        ({"architectures": ["<script>"]}, "decoder-only"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantized by gptq, which cannot"),
        ({"model_type": "no-such-model"}, "could not be loaded"),
        ({"hidden_size": 32}, "could not be loaded"),
        ({"num_hidden_layers": 3}, "lack"),
        ({"num_hidden_layers": 10**9}, "claims 1,000,000,000 layers"),
        ({"vocab_size": 10**12}, "could not be loaded"),
        ({"hidden_size": 10**9}, "could not be loaded"),
        ({"max_position_embeddings": -1}, "could not be loaded"),
        ({"num_attention_heads": 0}, "could not be loaded"),
        ({"num_hidden_layers": "three"}, "could not be loaded"),
    ],
)
def test_what_cannot_run_is_one_sentence(folder: Path, config: dict[str, Any], match: str) -> None:
    edit(folder / "config.json", **config)
    with pytest.raises((Unsupported, ModelLoadError, UnsafeModel), match=match) as caught:
        loaded(folder)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


def test_too_large_for_the_memory_is_refused_with_both_numbers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "free_memory", lambda: 1024**2 // 4)
    with pytest.raises(OutOfMemory, match=r"needs \d+ MiB.*0 MiB are free on the CPU"):
        loaded(folder)


def test_a_tokenizer_that_is_missing_is_one_sentence(folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    with pytest.raises(LoupeError):
        loaded(folder)


def test_a_broken_chat_template_is_said_when_it_is_used(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("{% for %}")
    model = loaded(folder)
    with pytest.raises(InvalidInput, match="chat template refuses"):
        model.encode_chat([{"role": "user", "content": "x"}])
    model.close()


def test_a_model_that_is_not_downloaded_says_how_to_get_it() -> None:
    with pytest.raises(NotFound, match="loupe models --download hf:org/name"):
        load(parse_ref("hf:org/name"))


def test_capabilities_are_known_before_loading(folder: Path) -> None:
    assert capabilities_of(parse_ref(f"path:{folder}")).lens


MEMORY = """
import gc, sys
import psutil, torch
from transformers import LlamaConfig, LlamaForCausalLM, AutoTokenizer
from core.models.pool import get_pool
folder, source = sys.argv[1:]
config = LlamaConfig(vocab_size=512, hidden_size=512, intermediate_size=2048, num_hidden_layers=6,
    num_attention_heads=8, max_position_embeddings=128, bos_token_id=1, eos_token_id=2)
LlamaForCausalLM(config).save_pretrained(folder)
AutoTokenizer.from_pretrained(source).save_pretrained(folder)
ref = f"path:{folder}?dtype=fp32"
def cycle():
    with get_pool().lease(ref) as model:
        model.model(torch.tensor([[1, 2, 3]]))
        held = model.memory_bytes
    get_pool().unload(ref)
    return held
cycle()
before = psutil.Process().memory_info().rss
held = [cycle() for _ in range(10)][0]
print(held, psutil.Process().memory_info().rss - before)
"""


@pytest.mark.slow
def test_ten_rounds_of_loading_and_unloading_give_the_memory_back(tiny_model: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "m"), str(tiny_model)], capture_output=True, text=True, check=True
    )
    held, grown = map(int, done.stdout.split()[-2:])
    assert held > 100e6
    assert grown < held / 2, f"{grown / 1024**2:.0f} MiB more after ten rounds"
    assert "%|" not in done.stderr.split("Writing", 1)[0]


def test_models_asked_for_at_once_are_read_one_after_another(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """transformers is not thread-safe there: of SmolLM2 loaded twice at once, both lack the head that is tied."""
    import transformers

    read = transformers.AutoModelForCausalLM.from_pretrained
    inside: list[str] = []
    overlaps: list[str] = []

    def slowly(folder: Path, **options: Any) -> Any:
        overlaps.extend(inside)
        inside.append(folder.name)
        try:
            time.sleep(0.05)
            return read(folder, **options)
        finally:
            inside.remove(folder.name)

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", slowly)
    folders = [Path(shutil.copytree(tiny_model, tmp_path / name)) for name in "abc"]
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(loaded, folders))
    assert overlaps == []
    for each in found:
        each.close()
