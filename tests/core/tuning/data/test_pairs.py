"""Examples for encoder-decoder models and classifiers, with a tokenizer like T5's that ends every text itself."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from core.errors import InvalidInput
from core.models.loaded import Message
from core.tuning.data import Example, Tokens, encode_class, encode_pair


@pytest.fixture(scope="module")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tokens]:
    """Words as tokens, a space before every text, `</s>` after it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "</s>", "<unk>", *(f"▁w{number}" for number in range(40)), "▁Label", "▁this", "▁text.", "▁yes"]
    made = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    folder = tmp_path_factory.mktemp("t5")
    (folder / "config.json").write_text(json.dumps({"model_type": "t5", "eos_token_id": 1}))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="</s>", unk_token="<unk>", pad_token="<pad>")
    tokens = Tokens(tokenizer, folder, trusted=False)
    yield tokens
    tokens.close()


def words(*numbers: int) -> str:
    return " ".join(f"w{number}" for number in numbers)


def test_prompt_and_answer_apart_each_with_its_end(t5: Tokens) -> None:
    pair = encode_pair(Example(1, prompt=words(1, 2), answer=words(3)), t5, max_length=16)
    assert (pair.ids, pair.labels, pair.cut) == ([4, 5, 1], [6, 1], 0)


def test_a_prompt_loses_its_beginning_and_an_answer_its_end(t5: Tokens) -> None:
    example = Example(1, prompt=words(*range(20)), answer=words(*range(20)))
    pair = encode_pair(example, t5, max_length=10, max_answer=8)
    assert pair.ids == [*range(14, 23), 1]
    assert pair.labels == list(range(3, 11))
    assert pair.cut == 11 + 13


def test_a_label_is_an_answer_too(t5: Tokens) -> None:
    example = Example(1, text=words(1), label="yes", answer="yes")
    pair = encode_pair(example, t5, max_length=16, wording="Label this text. {{text}}")
    assert t5.decode(pair.ids) == "Label this text. w1</s>"
    assert t5.decode(pair.labels) == "yes</s>"


def test_what_has_no_answer_is_one_sentence(t5: Tokens) -> None:
    with pytest.raises(InvalidInput, match="Row 7 is plain text"):
        encode_pair(Example(7, text="t"), t5, max_length=16)
    turns = tuple(Message(role=role, content="w1") for role in ("user", "assistant", "user", "assistant"))
    with pytest.raises(InvalidInput, match="Row 7 is a conversation of several turns"):
        encode_pair(Example(7, messages=turns, answer="w1"), t5, max_length=16)
    with pytest.raises(InvalidInput, match="max_length is 3"):
        encode_pair(Example(7, prompt="p", answer="a"), t5, max_length=16, max_answer=3)


def test_a_text_and_the_place_of_its_label(t5: Tokens) -> None:
    example = Example(1, text=words(*range(20)), label="b", answer="b")
    row = encode_class(example, t5, max_length=64, labels=("a", "b"))
    assert (row.ids, row.label, row.cut) == ([*range(3, 23), 1], 1, 0)
    short = encode_class(example, t5, max_length=8, labels=("a", "b"))
    assert (short.ids, short.cut) == ([*range(3, 10), 1], 13)


def test_a_label_that_is_not_there_is_one_sentence(t5: Tokens) -> None:
    with pytest.raises(InvalidInput, match="Row 2 has no label"):
        encode_class(Example(2, text="t"), t5, max_length=8, labels=("a",))
    with pytest.raises(InvalidInput, match="Row 2 has the label 'b'"):
        encode_class(Example(2, text="t", label="b"), t5, max_length=8, labels=("a",))
