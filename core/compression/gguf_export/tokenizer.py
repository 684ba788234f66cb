"""A byte-level BPE tokenizer as GGUF wants it: tokens with their types, merges, the way text is cut before merging.

Source: llama.cpp's convert_hf_to_gguf.py (`_set_vocab_gpt2`). llama.cpp knows each way of cutting by a name and brings
its own regular expressions, so a way that is not in the table here is refused, and what was written is checked against
the original by `core.compression.gguf_export.verify`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import Unsupported
from core.models import safety

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
CUTS = {LLAMA3: "llama-bpe", QWEN2: "qwen2"}
"""Regular expression in tokenizer.json → llama.cpp's name."""


def add_tokenizer(writer: Any, folder: Path, tokenizer: Any, config: dict[str, Any], vocabulary: int) -> None:
    """Write tokens, types, merges, special ids and the chat template.

    Args:
        writer: a `gguf.GGUFWriter`.
        folder: with tokenizer.json.
        tokenizer: transformers' own, of `folder`.
        config: config.json.
        vocabulary: rows of the embedding; ids that the tokenizer does not use are filled up.

    Raises:
        Unsupported: another kind of tokenizer.
    """
    import gguf

    spec = _spec(folder)
    tokens, types = tokens_of(spec, vocabulary)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(cut_of(spec))
    writer.add_token_list(tokens)
    writer.add_token_types([int(gguf.TokenType[name]) for name in types])
    writer.add_token_merges(merges_of(spec))
    begin = _id(tokenizer.bos_token_id, config.get("bos_token_id"))
    end = end_of(tokenizer, config)
    if begin is not None:
        writer.add_bos_token_id(begin)
    if end is not None:
        writer.add_eos_token_id(end)
    if tokenizer.unk_token_id is not None:
        writer.add_unk_token_id(tokenizer.unk_token_id)
    if tokenizer.pad_token_id is not None:
        writer.add_pad_token_id(tokenizer.pad_token_id)
    ids = tokenizer("a")["input_ids"]
    writer.add_add_bos_token(bool(ids) and begin is not None and ids[0] == begin)
    writer.add_add_space_prefix(False)
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.get_chat_template())


def check_tokenizer(folder: Path) -> None:
    """Look whether the tokenizer of a folder can be written; raises as `add_tokenizer`."""
    cut_of(_spec(folder))


def tokens_of(spec: dict[str, Any], vocabulary: int) -> tuple[list[str], list[str]]:
    """Text of every id, and its type: NORMAL, CONTROL (special), USER_DEFINED (added), UNUSED (no token)."""
    texts: dict[int, str] = {index: text for text, index in spec["model"]["vocab"].items()}
    added = {int(each["id"]): each for each in spec.get("added_tokens") or []}
    tokens, types = [], []
    for index in range(vocabulary):
        if index in added:
            text = str(added[index]["content"])
            special = bool(added[index].get("special")) or (text.startswith("<|") and text.endswith("|>"))
            tokens.append(text)
            types.append("CONTROL" if special else "USER_DEFINED")
        elif index in texts:
            tokens.append(texts[index])
            types.append("NORMAL")
        else:
            tokens.append(f"[PAD{index}]")
            types.append("UNUSED")
    return tokens, types


def merges_of(spec: dict[str, Any]) -> list[str]:
    """Merges, best first, each as two tokens with a space between."""
    return [each if isinstance(each, str) else f"{each[0]} {each[1]}" for each in spec["model"]["merges"]]


def cut_of(spec: dict[str, Any]) -> str:
    """llama.cpp's name for the way in which text is cut before merging.

    Raises:
        Unsupported: it is none of those that are known here.
    """
    cut = spec.get("pre_tokenizer") or {}
    parts = cut.get("pretokenizers") or [cut]
    kinds = [part.get("type") for part in parts]
    whole = [part for part in parts if part.get("type") == "ByteLevel"]
    if len(whole) == 1 and not whole[0].get("add_prefix_space"):
        own = whole[0].get("use_regex", True)
        if kinds == ["ByteLevel"] and own:
            return "gpt-2"
        if kinds == ["Digits", "ByteLevel"] and own and parts[0].get("individual_digits"):
            return "smollm"
        if kinds == ["Split", "ByteLevel"] and not own and not parts[0].get("invert"):
            name = CUTS.get(str((parts[0].get("pattern") or {}).get("Regex")))
            if name:
                return name
    raise Unsupported(
        "The tokenizer cuts text in a way that Loupe has no name for in GGUF; it exports those of GPT-2, SmolLM, "
        "Llama 3, Qwen2 and Qwen3."
    )


def end_of(tokenizer: Any, config: dict[str, Any]) -> int | None:
    """The token that ends an answer: the configuration's, of several the tokenizer's own."""
    ends = config.get("eos_token_id")
    if isinstance(ends, list):
        return tokenizer.eos_token_id if tokenizer.eos_token_id in ends else next(iter(ends), None)
    return _id(ends, tokenizer.eos_token_id)


def _id(first: Any, second: Any) -> int | None:
    for each in (first, second):
        if type(each) is int and each >= 0:
            return each
    return None


def _spec(folder: Path) -> dict[str, Any]:
    spec = safety.read_json(folder / "tokenizer.json")
    model = spec.get("model")
    if not isinstance(model, dict) or model.get("type") != "BPE" or model.get("byte_fallback"):
        raise Unsupported("The tokenizer is not byte-level BPE (SentencePiece, perhaps), which Loupe does not export.")
    return spec
