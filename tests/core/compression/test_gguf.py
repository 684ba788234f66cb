"""GGUF: the same greedy text as the original in llama.cpp, names and types as in the file that comes with Loupe."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.compression.gguf_export import families, verify
from core.compression.gguf_export import tokenizer as vocabulary
from core.compression.gguf_export.writing import Plan, permuted
from core.compression.loading import load_tokenizer
from core.errors import Unsupported
from core.models import bundled
from core.models.gguf_header import read_header
from core.models.loaders import llamacpp
from core.models.reference import parse_ref
from core.models.registry import local_dir
from tests.core.compression.conftest import Compress, plain

PROMPTS = [
    f"{word} apples are" for word in ("The", "Question", "Answer", "How", "def", "lens", "seven", "many", "one", "7")
]


def test_at_f16_llama_cpp_writes_what_the_original_writes(compress: Compress, tiny_model: Path) -> None:
    made = compress("gguf", precision="f16")
    model, tokenizer = plain(tiny_model), load_tokenizer(tiny_model)
    loaded = llamacpp.load(parse_ref(made["ref"]))
    try:
        for prompt in PROMPTS:
            ids = loaded.encode_text(prompt)
            assert ids == tokenizer(prompt)["input_ids"]
            ours = model.generate(
                torch.tensor([ids]),
                max_new_tokens=8,
                do_sample=False,
                suppress_tokens=[0, 2],  # as ignore_eos does
            )
            body = {"prompt": ids, "stream": True, "n_predict": 8, "temperature": 0.0, "ignore_eos": True}
            # llama.cpp tells no token before the character is whole that it is a part of, only how many there were
            theirs = {
                int(chunk["tokens_predicted"]) - 1: int(chunk["tokens"][0])
                for chunk in loaded.complete(body, threading.Event())
                if chunk.get("tokens") and not chunk.get("stop")
            }
            assert agree(model, ids, ours[0, len(ids) :].tolist(), theirs)
        chat = [{"role": "user", "content": "Hello"}]
        assert loaded.capabilities.chat
        assert tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) == loaded.render_chat(
            [{"role": "user", "content": "Hello"}]
        )
    finally:
        loaded.close()


def agree(model: Any, prompt: list[int], ours: list[int], theirs: dict[int, int]) -> bool:
    """Whether both are the same, up to the first place where the original itself is undecided by less than 0.01."""
    for place, mine in enumerate(ours):
        if theirs.get(place, mine) != mine:
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([prompt + ours[:place]])).logits[0, -1]
            return float(logits[mine] - logits[theirs[place]]) < 0.01
    return len(theirs) >= 3


@pytest.mark.parametrize(("precision", "bits"), [("q8_0", 8.5), ("q5_1", 6.0), ("q4_0", 4.5)])
def test_blocks_take_the_published_bits(compress: Compress, precision: str, bits: float) -> None:
    """llama.cpp: 32 weights and an fp16 scale (and a minimum) in a block."""
    made = compress("gguf", precision=precision)
    header = read_header(Path(made["path"]))
    names = {tensor.name: tensor for tensor in header.tensors}
    up, down = names["blk.0.ffn_up.weight"], names["blk.0.ffn_down.weight"]
    assert up.shape == (64, 128) and down.shape == (128, 64)
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    block, size = GGML_QUANT_SIZES[GGMLQuantizationType(up.type)]
    assert 8 * size / block == bits
    assert names["blk.0.attn_norm.weight"].type == GGMLQuantizationType.F32
    if precision.startswith("q4"):
        assert names["token_embd.weight"].type == GGMLQuantizationType.Q8_0


def test_fields_and_names_are_those_of_the_file_that_comes_with_loupe(compress: Compress) -> None:
    made, reference = read_header(Path(compress("gguf")["path"])), read_header(bundled.gguf_file())
    descriptive = {"general.organization", "general.finetune", "general.basename", "general.size_label"}
    descriptive |= {"general.license", "general.languages"}
    ours = set(made.fields) - {"loupe.source", "loupe.versions", "tokenizer.ggml.unknown_token_id"}
    theirs = set(reference.fields) - descriptive - {"tokenizer.ggml.unknown_token_id"}
    assert ours == theirs
    same = {"general.architecture", "tokenizer.ggml.model", "general.quantization_version", "general.type"}
    assert {name: made.fields[name] for name in same} == {name: reference.fields[name] for name in same}
    first = {tensor.name for tensor in reference.tensors if tensor.name.startswith("blk.0.")}
    assert {tensor.name for tensor in made.tensors if tensor.name.startswith("blk.0.")} == first


def test_rows_are_reordered_within_each_head() -> None:
    """Halves to neighbours: rows 0…7 of one head become 0, 4, 1, 5, 2, 6, 3, 7."""
    rows = np.arange(16, dtype=np.float32)[:, None]
    assert permuted(rows, 2)[:, 0].tolist() == [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15]


def test_qwen_keeps_its_rows_and_names_its_norms(tmp_path: Path) -> None:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(
        vocab_size=64, hidden_size=64, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4, head_dim=32,
        num_key_value_heads=2, max_position_embeddings=64,
    )  # fmt: skip
    Qwen3ForCausalLM(config).save_pretrained(tmp_path)
    shape = families.shape_of(json.loads((tmp_path / "config.json").read_text()))
    assert not shape.permuted and shape.head_dim == 32
    names = {name for name, *_ in Plan(tmp_path, shape, "f16", tied=False).tensors}
    assert {"blk.0.attn_q_norm.weight", "blk.0.attn_k_norm.weight", "output.weight", "token_embd.weight"} <= names


def test_a_file_that_llama_cpp_reads_otherwise_is_not_kept(compress: Compress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "merges_of", lambda spec: spec["model"]["merges"][:3])
    monkeypatch.setattr(verify, "TEXTS", ("The lens gathers light",))
    monkeypatch.setattr(vocabulary, "merges_of", lambda spec: [" ".join(each) for each in spec["model"]["merges"][:3]])
    with pytest.raises(Unsupported, match="into other tokens than the original"):
        compress("gguf")
    assert list(local_dir().iterdir()) == []


def split(regex: str) -> dict[str, Any]:
    """A tokenizer.json that cuts by a regular expression first."""
    parts = [{"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}]
    return {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [*parts, {"type": "ByteLevel", "use_regex": False}]}}


def test_ways_of_cutting_have_names_or_are_refused() -> None:
    digits = [{"type": "Digits", "individual_digits": True}, {"type": "ByteLevel", "use_regex": True}]
    assert vocabulary.cut_of({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False}}) == "gpt-2"
    assert vocabulary.cut_of({"pre_tokenizer": {"type": "Sequence", "pretokenizers": digits}}) == "smollm"
    assert vocabulary.cut_of(split(vocabulary.LLAMA3)) == "llama-bpe"
    assert vocabulary.cut_of(split(vocabulary.QWEN2)) == "qwen2"
    for unknown in (split(r"\w+"), {}, {"pre_tokenizer": {"type": "Metaspace"}}):
        with pytest.raises(Unsupported, match="cuts text in a way"):
            vocabulary.cut_of(unknown)


def test_types_of_tokens() -> None:
    spec = {
        "model": {"vocab": {"a": 0, "b": 1}},
        "added_tokens": [
            {"id": 2, "content": "<|x|>", "special": True},
            {"id": 3, "content": "word", "special": False},
        ],
    }
    tokens, types = vocabulary.tokens_of(spec, 6)
    assert tokens == ["a", "b", "<|x|>", "word", "[PAD4]", "[PAD5]"]
    assert types == ["NORMAL", "NORMAL", "CONTROL", "USER_DEFINED", "UNUSED", "UNUSED"]


def test_llama_3_scales_low_frequencies_only() -> None:
    """Llama 3.1's settings: short wavelengths stay, long ones are stretched eightfold, those between lie between."""
    rope = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0}
    rope |= {"high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
    config = {
        "architectures": ["LlamaForCausalLM"], "num_attention_heads": 32, "num_hidden_layers": 32, "hidden_size": 4096,
        "max_position_embeddings": 131072, "intermediate_size": 14336, "num_key_value_heads": 8, "vocab_size": 128256,
        "rms_norm_eps": 1e-5, "rope_parameters": rope,
    }  # fmt: skip
    factors = families.rope_factors(families.shape_of(config)) or []
    assert len(factors) == 64 and factors[0] == 1.0 and factors[-1] == 8.0
    assert factors == sorted(factors)
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    library, _ = ROPE_INIT_FUNCTIONS["llama3"](LlamaConfig(**{**config, "rope_parameters": rope}), device="cpu")
    plain_frequencies = 500000.0 ** (-torch.arange(0, 128, 2) / 128)
    assert torch.allclose(plain_frequencies / torch.tensor(factors), library, rtol=1e-4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"architectures": ["GemmaForCausalLM"]},
            "GemmaForCausalLM cannot be written as GGUF here; Loupe exports Llama",
        ),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}, "Positions scaled by 'yarn'"),
        ({"hidden_act": "gelu"}, "with the activation gelu"),
        ({"hidden_size": None}, "lacks what a GGUF file needs"),
        ({"architectures": ["MistralForCausalLM"], "sliding_window": 4096}, "with a sliding window"),
    ],
)
def test_other_families_are_one_sentence(tiny_model: Path, change: dict[str, Any], sentence: str) -> None:
    config = json.loads((tiny_model / "config.json").read_text()) | change
    with pytest.raises(Unsupported) as caught:
        families.shape_of(config)
    assert sentence in str(caught.value)
