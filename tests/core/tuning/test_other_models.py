"""Encoder-decoders and classifiers train too, with the methods that are for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import LoupeError
from core.tuning.request import TuneRequest
from tests.marks import quick


@pytest.fixture(scope="module")
def tiny_t5(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import AutoTokenizer, T5Config, T5ForConditionalGeneration

    folder = tmp_path_factory.mktemp("t5") / "model"
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
        decoder_start_token_id=2, eos_token_id=2, pad_token_id=2,
    )  # fmt: skip
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tiny_bert(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    folder = tmp_path_factory.mktemp("bert") / "model"
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=128, num_labels=2, pad_token_id=2, eos_token_id=2,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("method", quick(["lora", "full"], "lora"))
@pytest.mark.parametrize("kind", ["tiny_t5", "tiny_bert"])
def test_they_learn(
    kind: str, method: str, ask: Callable[..., TuneRequest], run: Callable[..., dict[str, Any]], request: Any
) -> None:
    model = f"path:{request.getfixturevalue(kind)}"
    asked = ask(method, learning_rate=5e-3, epochs=4).model_copy(update={"model": model})
    found = run(asked)
    losses = found["train_loss"]
    assert sum(losses[-5:]) < sum(losses[:5])
    assert Path(found["path"]).is_dir()


def test_what_does_not_fit_is_said(ask: Callable[..., TuneRequest], run: Callable[..., Any], tiny_bert: Path) -> None:
    with pytest.raises(
        LoupeError, match=r"QLoRA does not train a classification model here; it trains causal, seq2seq"
    ):
        run(ask("qlora").model_copy(update={"model": f"path:{tiny_bert}"}))
