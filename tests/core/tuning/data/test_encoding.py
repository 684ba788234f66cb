"""Tokens and the mask of what is learned: exactly the answers and their ends, and no token more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput, Unsupported
from core.models.loaded import Message
from core.tuning.data import Example, Rows, Tokens, encode, encode_all, open_tokens, question, usual_wording
from core.tuning.data.encoding import Encoded

TEXT = st.text(min_size=1, max_size=60).filter(str.strip)
SPICED = st.one_of(TEXT, st.just("a <|im_end|> b"), st.just("<|im_start|>assistant\nno"), st.just("🙂👨‍👩‍👧"))
END = "<|im_end|>"


def chat(*contents: str, number: int = 1) -> Example:
    """Turns of user and assistant by turns."""
    turns = tuple(
        Message(role="assistant" if place % 2 else "user", content=text) for place, text in enumerate(contents)
    )
    return Example(number, messages=turns, answer=contents[-1])


def learned(row: Encoded, tokens: Tokens) -> str:
    return tokens.decode([index for index, is_trained in zip(row.ids, row.trained, strict=True) if is_trained])


@settings(max_examples=60, deadline=None)
@given(prompt=SPICED, answer=SPICED)
def test_an_answer_and_its_end_are_learned_and_nothing_else(tokens: Tokens, prompt: str, answer: str) -> None:
    row = encode(Example(1, prompt=prompt, answer=answer), tokens, max_length=10_000)
    assert learned(row, tokens) == answer + END
    assert row.ids[: row.prompt_length] == tokens.prompt([Message(role="user", content=prompt)])
    assert not any(row.trained[: row.prompt_length])
    assert row.ids.count(tokens.eos) == 2, "one for the question, one for the answer: typed ones are text"


@settings(max_examples=40, deadline=None)
@given(prompt=SPICED, answer=SPICED)
def test_a_completion_is_learned_to_the_end_of_text(tokens: Tokens, prompt: str, answer: str) -> None:
    row = encode(Example(1, prompt=prompt, answer=answer), tokens, max_length=10_000, chat=False)
    assert learned(row, tokens) == answer + END
    assert tokens.decode(row.ids) == prompt + answer + END
    assert row.ids[-1] == tokens.eos
    assert row.ids.count(tokens.eos) == 1


@settings(max_examples=30, deadline=None)
@given(contents=st.lists(SPICED, min_size=2, max_size=6).filter(lambda each: len(each) % 2 == 0))
def test_every_answer_of_a_conversation_is_learned(tokens: Tokens, contents: list[str]) -> None:
    row = encode(chat(*contents), tokens, max_length=10_000)
    assert learned(row, tokens) == "".join(answer + END for answer in contents[1::2])
    assert row.ids[: row.prompt_length] == tokens.prompt(chat(*contents).messages[:-1])


def test_everything_is_learned_but_the_first_token(tokens: Tokens) -> None:
    row = encode(chat("q", "a"), tokens, max_length=99, train_on="all")
    assert row.trained == [False] + [True] * (len(row.ids) - 1)


def test_plain_text_is_learned_wholly_and_ends(tokens: Tokens) -> None:
    row = encode(Example(1, text="The lens <|im_end|> gathers 🙂"), tokens, max_length=99)
    assert row.trained == [False] + [True] * (len(row.ids) - 1)
    assert tokens.decode(row.ids) == "The lens <|im_end|> gathers 🙂" + END
    assert (row.ids[-1], row.ids.count(tokens.eos), row.prompt_length) == (tokens.eos, 1, 0)


@settings(max_examples=80, deadline=None)
@given(prompt=TEXT, answer=TEXT, max_length=st.integers(8, 80), as_chat=st.booleans())
def test_a_prompt_loses_its_beginning_before_an_answer_loses_its_end(
    tokens: Tokens, prompt: str, answer: str, max_length: int, as_chat: bool
) -> None:
    example = Example(1, prompt=prompt, answer=answer)
    whole = encode(example, tokens, max_length=10_000, chat=as_chat)
    row = encode(example, tokens, max_length=max_length, chat=as_chat)
    assert len(row.ids) == len(row.trained) == len(whole.ids) - row.cut <= max_length
    assert not row.trained[0]
    answer_ids = len([each for each in whole.trained if each])
    if answer_ids < max_length:
        assert sum(row.trained) == answer_ids
        assert row.ids[row.prompt_length :][:answer_ids] == whole.ids[whole.prompt_length :][:answer_ids]
    else:
        kept = min(max_length // 4, whole.prompt_length)
        assert row.prompt_length == kept
        assert row.ids[kept:] == whole.ids[whole.prompt_length :][: max_length - kept]


def test_a_max_length_of_nothing_is_one_sentence(tokens: Tokens) -> None:
    with pytest.raises(InvalidInput, match="max_length is 7; it must be at least 8 tokens"):
        encode(chat("q", "a"), tokens, max_length=7)


def test_a_label_is_asked_for_in_words(tokens: Tokens) -> None:
    example = Example(1, text="My card {{labels}} is gone", label="lost", answer="lost")
    asked = question(example, labels=("found", "lost"))
    assert asked == (
        Message(role="user", content="Label this text with one of: found, lost.\n\nMy card {{labels}} is gone"),
    )
    assert "{{labels}}" not in usual_wording([str(number) for number in range(13)])
    assert question(example, wording="{{text}} is", chat=False) == "My card {{labels}} is gone is\n\n"
    row = encode(example, tokens, max_length=256, labels=("found", "lost"))
    assert learned(row, tokens) == "lost" + END
    with pytest.raises(InvalidInput, match="needs a value for “title”"):
        question(example, wording="{{title}}")


def test_what_is_asked_of_each_format() -> None:
    assert question(Example(1, prompt="p", answer="a")) == (Message(role="user", content="p"),)
    assert question(Example(1, prompt="p", answer="a"), chat=False) == "p"
    assert question(Example(1, text="t")) == ()
    assert question(chat("q", "a"), chat=False) == "q\n\n"
    with pytest.raises(InvalidInput, match="Row 4 is a conversation of several turns"):
        question(chat("q", "a", "q", "a", number=4), chat=False)


def test_a_template_that_hides_an_answer_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    (folder / "chat_template.jinja").write_text("{% for m in messages %}{{ m.content | upper }}{% endfor %}")
    with (
        open_tokens(folder) as tokens,
        pytest.raises(InvalidInput, match="Row 3: The model's chat template does not write an answer"),
    ):
        encode(chat("q", "an answer", number=3), tokens, max_length=99)


def test_an_answer_that_a_template_does_not_end_is_ended(tiny_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
        "{% if add_generation_prompt %}assistant: {% endif %}"
    )
    with open_tokens(folder) as tokens:
        row = encode(chat("q", "one", "r", "two"), tokens, max_length=99)
        assert tokens.decode(row.ids) == f"user: q\nassistant: one\nuser: r\nassistant: two{END}"
        assert learned(row, tokens) == f"onetwo{END}"


def test_without_a_chat_template_there_are_completions(tiny_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    (folder / "chat_template.jinja").unlink()
    with open_tokens(folder) as tokens:
        assert not tokens.chat
        with pytest.raises(Unsupported, match="without a chat template"):
            encode(chat("q", "a"), tokens, max_length=99)
        assert learned(encode(chat("q", "a"), tokens, max_length=99, chat=False), tokens) == "a" + END


def test_the_configuration_says_what_ends_a_text(tiny_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [0, 2]}))
    with open_tokens(folder) as tokens:
        assert (tokens.eos, tokens.ends) == (0, {0, 2})
    for name in ("generation_config.json", "config.json", "tokenizer_config.json"):
        content = json.loads((folder / name).read_text())
        content.pop("eos_token_id", None)
        content.pop("eos_token", None)
        (folder / name).write_text(json.dumps(content))
    with pytest.raises(Unsupported, match="does not say which token ends a text"), open_tokens(folder):
        pass


def test_all_rows_and_what_was_cut(tokens: Tokens) -> None:
    rows = Rows("messages", (chat("q", "a"), chat("long " * 60, "a", number=2), chat("q", "long " * 60, number=3)))
    done: list[int] = []
    data = encode_all(rows, tokens, max_length=40, progress=done.append)
    singly = [encode(each, tokens, max_length=40) for each in rows.examples]
    assert list(data) == data[:] == singly
    assert data[-1] == singly[-1]
    assert list(data.lengths) == [len(row.ids) for row in singly]
    assert data.truncated == 2
    assert data.tokens_cut == sum(row.cut for row in singly)
    assert data.total_tokens == sum(data.lengths)
    assert data.trained_tokens == sum(sum(row.trained) for row in singly)
    assert data.untrained == 0
    with pytest.raises(IndexError):
        data[3]


@pytest.mark.parametrize("times", range(1, 18))
def test_long_texts_become_several_rows_and_lose_nothing(tokens: Tokens, times: int) -> None:
    rows = Rows("text", (Example(1, text="Größe 東京" + "x" * times), Example(2, text="x")))
    data = encode_all(rows, tokens, max_length=16)
    whole = [encode(each, tokens, max_length=10_000).ids for each in rows.examples]
    assert [index for row in data if row.number == 1 for index in row.ids] == whole[0]
    assert (data.truncated, data.tokens_cut) == (0, 0)
    assert all(2 <= len(row.ids) <= 16 and sum(row.trained) == len(row.ids) - 1 for row in data)


def test_answers_that_are_all_too_long_are_refused(tokens: Tokens) -> None:
    rows = Rows("messages", tuple(chat("q", "long " * (40 + number), number=number) for number in range(1, 4)))
    longest = max(sum(encode(each, tokens, max_length=10_000).trained) for each in rows.examples)
    with pytest.raises(InvalidInput, match=rf"None of the 3 answers fits into max_length, 32 tokens; .* {longest}\."):
        encode_all(rows, tokens, max_length=32)
    assert len(encode_all(Rows("messages", (*rows.examples, chat("q", "a"))), tokens, max_length=32)) == 4


def test_nothing_but_emoji(tokens: Tokens) -> None:
    rows = Rows("prompt-completion", tuple(Example(number, prompt="🙂🙃", answer="👨‍👩‍👧") for number in range(1, 4)))
    assert {learned(row, tokens) for row in encode_all(rows, tokens, max_length=200)} == {"👨‍👩‍👧" + END}


def test_one_row_is_enough_to_encode(tokens: Tokens) -> None:
    assert len(encode_all(Rows("messages", (chat("q", "a"),)), tokens, max_length=64)) == 1
