"""Rerankers: raw scores in the order of the texts, and what is not one is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidInput, Unsupported
from core.models.embedders import forget, get_reranker
from tests.core.models.tiny_bert import make_embedder, make_reranker, write

TEXTS = ["light bends", "a lens of glass " * 60, "apple apple", "how many lens"]


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    forget()


def test_scores_are_the_models_own_logits_in_the_order_of_the_texts(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = make_reranker(tmp_path / "cross")
    reranker = get_reranker(f"path:{folder}")
    found = reranker.score("how many?", TEXTS)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    for text, score in zip(TEXTS, found, strict=True):
        with torch.no_grad():
            inputs = tokenizer("how many?", text, truncation=True, max_length=64, return_tensors="pt")
            assert abs(float(model(**inputs).logits[0, 0]) - float(score)) < 1e-4
    assert found.dtype == np.float32 and found.shape == (len(TEXTS),)
    assert found.min() < 0 or found.max() > 1, "logits, not squeezed into 0 to 1"
    assert reranker.score("how?", []).shape == (0,)
    assert reranker is get_reranker(f"path:{folder}")


def test_a_configured_activation_is_neither_imported_nor_used(tmp_path: Path) -> None:
    plain = get_reranker(f"path:{make_reranker(tmp_path / 'plain')}").score("how many?", TEXTS)
    folder = make_reranker(tmp_path / "sigmoid")
    import json

    config = json.loads((folder / "config.json").read_text())
    asked = {"activation_fn": "torch.nn.modules.activation.Sigmoid", "version": "6.2.0"}
    write(folder / "config.json", config | {"sentence_transformers": asked})
    assert np.allclose(get_reranker(f"path:{folder}").score("how many?", TEXTS), plain, atol=1e-5)


def test_what_gives_no_single_score_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="2 classes"):
        get_reranker(f"path:{make_reranker(tmp_path / 'two', labels=2)}")
    with pytest.raises(Unsupported, match=r"is not a reranker: its model \(BertModel\)"):
        get_reranker(f"path:{make_embedder(tmp_path / 'embedder')}")
    for ref in ("smollm2", "api:e/m", "minilm"):
        with pytest.raises(InvalidInput):
            get_reranker(ref)
