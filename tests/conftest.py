"""Fixtures for all tests: a data directory of their own, and a tiny real model made here.

The tiny model is a Llama of two layers with random weights and a byte-level BPE tokenizer trained on a few sentences:
real code paths, no download, milliseconds a step.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from core.models import bundled, tokenizer
from core.models.pool import get_pool
from core.settings import get_settings

CORPUS = [
    "The lens gathers light and bends it to a point.",
    "Größe, naïve, 東京, emoji 🙂🙃 and ½ a line.",
    "Question: how many apples are left? Answer: seven apples are left.",
    "def add(a, b):\n    return a + b\n",
]
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@pytest.fixture(autouse=True)
def loupe_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data directory for this test alone."""
    home = tmp_path / "loupe"
    monkeypatch.setenv("LOUPE_HOME", str(home))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    get_settings.cache_clear()
    yield home
    get_settings.cache_clear()


@pytest.fixture(autouse=True, scope="module")
def _unload() -> Iterator[None]:
    """Models and tokenizers stay loaded for a module's tests, and no longer."""
    yield
    tokenizer.forget()
    pool, deadline = get_pool(), time.monotonic() + 60
    while busy := [entry for entry in pool.status() if entry.state == "loading" or entry.in_use]:
        assert time.monotonic() < deadline, f"still at work after the last test: {busy}"
        time.sleep(0.02)
    for entry in pool.status():
        pool.unload(entry.ref)


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the bundled model, unpacked once for all processes; two threads ask at once, one unpacks."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "bundled"
    with pytest.MonkeyPatch.context() as patch, FileLock(home.with_suffix(".lock")):
        patch.setenv("LOUPE_HOME", str(home))
        get_settings.cache_clear()
        with ThreadPoolExecutor(2) as threads:
            first, second = threads.map(lambda _: bundled.ensure_converted(), range(2))
        assert first == second == bundled.converted()
    get_settings.cache_clear()
    return first


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny Llama in Hugging Face format: context of 256 tokens, vocabulary of about 500."""
    return make_tiny_model(tmp_path_factory.mktemp("tiny") / "model")


def make_tiny_model(folder: Path, *, seed: int = 0, corpus: Sequence[str] = CORPUS) -> Path:
    """Write a tiny Llama with random weights of `seed`, and a tokenizer trained on `corpus`, to `folder`; return it."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    bpe.train_from_iterator([*corpus] * 4, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token="<|im_end|>", bos_token="<|im_start|>", pad_token="<|im_end|>"
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=256,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=2,
            initializer_range=0.3,  # wide enough that the next token is not always the same
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
