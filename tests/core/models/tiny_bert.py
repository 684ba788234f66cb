"""Tiny BERT models with random weights in sentence-transformers' format: real code paths, no download."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WORDS = ["light", "lens", "glass", "apple", "how", "many", "query", "passage", ":", "bends", "##s", "to", "a", "."]


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {word: number for number, word in enumerate([*special, *WORDS])}
    piece = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    piece.normalizer = normalizers.BertNormalizer()
    piece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    piece.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(
        tokenizer_object=piece,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=64,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def _config(**values: Any) -> Any:
    from transformers import BertConfig

    return BertConfig(
        vocab_size=5 + len(WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.4,  # wide enough that texts differ
        **values,
    )


def make_embedder(folder: Path, *, prompts: bool = False, pooling: str = "mean", include_prompt: bool = True) -> Path:
    """Write a SentenceTransformer of 32 dimensions that reads 64 tokens to `folder` and return it."""
    import torch
    from transformers import BertModel

    torch.manual_seed(0)
    BertModel(_config()).save_pretrained(folder)
    _tokenizer().save_pretrained(folder)
    kinds = [("", "models.Transformer"), ("1_Pooling", "models.Pooling"), ("2_Normalize", "models.Normalize")]
    write(folder / "modules.json", [
        {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.{kind}"}
        for place, (path, kind) in enumerate(kinds)
    ])  # fmt: skip
    (folder / "1_Pooling").mkdir()
    config: dict[str, Any] = {"word_embedding_dimension": 32, f"pooling_mode_{pooling}_tokens": True}
    if pooling != "mean":
        config = {"word_embedding_dimension": 32, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    write(folder / "1_Pooling" / "config.json", config | {"include_prompt": include_prompt})
    write(folder / "sentence_bert_config.json", {"max_seq_length": 64, "do_lower_case": False})
    texts = {"query": "query: ", "document": "passage: "} if prompts else {}
    write(folder / "config_sentence_transformers.json", {"prompts": texts, "default_prompt_name": None})
    return folder


def make_reranker(folder: Path, *, labels: int = 1) -> Path:
    """Write a CrossEncoder to `folder` and return it."""
    import torch
    from transformers import BertForSequenceClassification

    torch.manual_seed(0)
    BertForSequenceClassification(_config(num_labels=labels)).save_pretrained(folder)
    _tokenizer().save_pretrained(folder)
    return folder


def write(file: Path, value: Any) -> None:
    """`value` as JSON."""
    file.write_text(json.dumps(value), encoding="utf-8")
