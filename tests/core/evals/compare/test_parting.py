"""Where outputs part: found on real runs of tiny models, with the probabilities that plain transformers computes."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from core.evals.compare import probing
from core.evals.compare.columns import Column
from core.evals.compare.parting import Parting, one_vocabulary, part
from core.generation.request import GenerationRequest
from core.generation.result import TokenChoice, TokenResult
from tests.core.evals.compare.conftest import PROMPT, side_by_side, variant


@cache
def plain(folder: Path) -> tuple[Any, Any]:
    """Model and tokenizer in plain transformers, in the precision that Loupe loads them."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(folder)


def truth(folder: Path, ids: list[int]) -> Any:
    """Probabilities of the next token after `ids`, shape [vocabulary]."""
    import torch

    with torch.inference_mode():
        return plain(folder)[0](torch.tensor([ids])).logits[0, -1].softmax(0)


def ids_of(folder: Path, column: Column, upto: int) -> list[int]:
    return [*plain(folder)[1](PROMPT)["input_ids"], *(token.id for token in column.tokens[:upto])]


def fp32(folder: Path, **values: Any) -> Any:
    return variant(f"path:{folder}?dtype=fp32", **values)


def chances(left: Column, right: Column) -> tuple[Parting, probing.Chances]:
    place = part(left, right)
    found = probing.compute(left, right, place)
    assert place.left and place.right and found
    return place, found


def test_two_models_part_where_their_first_tokens_differ_with_the_true_probabilities(
    tiny_model: Path, other_weights: Path
) -> None:
    left, right = side_by_side(fp32(tiny_model), fp32(other_weights))
    place, found = chances(left, right)
    assert place.by == "token" and place.left and place.right
    at = place.left.first
    assert [token.id for token in left.tokens[:at]] == [token.id for token in right.tokens[:at]]
    assert left.tokens[at].id != right.tokens[at].id
    assert left.text.startswith(place.same + place.left.text) and right.text.startswith(place.same + place.right.text)
    for folder, side, own, rival in (
        (tiny_model, left, found.left_under_left, found.right_under_left),
        (other_weights, right, found.right_under_right, found.left_under_right),
    ):
        theirs = (place.right if side is left else place.left).ids[0]
        expected = truth(folder, ids_of(folder, side, at))
        assert own.probability == pytest.approx(float(expected[side.tokens[at].id]), rel=1e-3)
        assert rival.probability == pytest.approx(float(expected[theirs]), rel=1e-3)
        assert (own.sampled, rival.sampled) == (1.0, 0.0)  # greedy takes its own and nothing else


def test_one_model_under_two_settings_gives_one_probability_before_and_two_after_the_samplers(
    tiny_model: Path,
) -> None:
    cold, warm = side_by_side(fp32(tiny_model), fp32(tiny_model, temperature=2.0, seed=3))
    _, found = chances(cold, warm)
    assert found.left_under_left.probability == pytest.approx(found.left_under_right.probability, rel=1e-4)
    assert found.right_under_left.probability == pytest.approx(found.right_under_right.probability, rel=1e-4)
    assert found.left_under_left.sampled == 1.0 and found.right_under_left.sampled == 0.0
    assert found.right_under_right.sampled is not None and 0 < found.right_under_right.sampled < 1


def written(folder: Path, text: str) -> Column:
    """A column that wrote `text`, in the tokens of its model."""
    tokenizer = plain(folder)[1]
    tokens = [token(each, tokenizer.decode([each])) for each in tokenizer(text)["input_ids"]]
    request = GenerationRequest.parse(model=f"path:{folder}?dtype=fp32", mode="completion", prompt=PROMPT)
    return Column(
        id="0" * 20, request=request, status="finished", text=text, tokens=tokens, finish_reason="length"
    )  # fmt: skip


def test_models_with_different_tokenizers_part_at_a_letter_and_spell_each_other(
    tiny_model: Path, other_tokenizer: Path
) -> None:
    left = written(tiny_model, " and bends it to a point.")
    right = written(other_tokenizer, " and bends it to the worst.")
    assert len(left.tokens) != len(right.tokens)
    place, found = chances(left, right)
    assert (place.by, place.same) == ("text", " and bends it to") and place.left and place.right
    assert left.text.startswith(place.same + place.left.text) and right.text.startswith(place.same + place.right.text)
    for folder, side, own, other, chance in (
        (other_tokenizer, right, place.right, place.left, found.left_under_right),
        (tiny_model, left, place.left, place.right, found.right_under_left),
    ):
        # its own tokens for the other's text, one after another
        ids, expected = ids_of(folder, side, own.first), 1.0
        for each in plain(folder)[1](other.text)["input_ids"]:
            expected *= float(truth(folder, ids)[each])
            ids.append(each)
        assert chance.probability == pytest.approx(expected, rel=1e-3)
    assert found.left_under_left.probability == pytest.approx(0.5 ** len(place.left.ids))


def test_an_end_is_any_token_that_ends_the_other_model(tiny_model: Path, other_tokenizer: Path) -> None:
    left, right = written(tiny_model, " and bends it"), written(other_tokenizer, " and bends it to a point")
    ended = replace(left, tokens=[*left.tokens, token(2, "", "<|im_end|>")], finish_reason="stop")
    place, found = chances(ended, right)
    assert place.left and place.left.ends and place.same == " and bends it"
    expected = truth(other_tokenizer, ids_of(other_tokenizer, right, place.right.first if place.right else 0))
    assert found.left_under_right.probability == pytest.approx(float(expected[2]), rel=1e-3)


def test_text_that_takes_too_many_tokens_of_the_other_model_is_not_computed(
    tiny_model: Path, other_tokenizer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "MOST_TOKENS", 3)
    left, right = written(tiny_model, " seven apples"), written(other_tokenizer, " some Ishmael")
    place, found = chances(left, right)
    assert place.same == "" and found.right_under_left.probability is None
    assert "cannot be spelled" in found.right_under_left.why_not


def test_the_same_output_is_said_to_be_the_same(tiny_model: Path) -> None:
    left, right = side_by_side(fp32(tiny_model), fp32(tiny_model, name="B"))
    place = part(left, right)
    assert not place.parted and place.same == left.text
    assert place.note == "The outputs are the same, token for token."
    assert probing.reported(left, right, place) is None


def test_an_output_that_was_cut_has_not_gone_another_way(tiny_model: Path) -> None:
    long, short = side_by_side(fp32(tiny_model), fp32(tiny_model, max_tokens=3, name="B"))
    place = part(long, short)
    assert not place.parted
    assert place.note == "The same as far as the second goes: it was cut at max tokens."


def test_different_prompts_are_each_followed_by_their_own_text_so_far(tiny_model: Path) -> None:
    left, right = side_by_side(fp32(tiny_model), fp32(tiny_model, prompt="def add(a, b):", name="B"))
    place, found = chances(left, right)
    at = place.left.first if place.left else 0
    _, tokenizer = plain(tiny_model)
    ids = [*tokenizer("def add(a, b):")["input_ids"], *(token.id for token in right.tokens[:at])]
    expected = truth(tiny_model, ids)
    assert found.left_under_right.probability == pytest.approx(float(expected[left.tokens[at].id]), rel=1e-3)


def column(model: str, *tokens: TokenResult, reason: Any = "stop", text: str | None = None) -> Column:
    shown = "".join(token.text for token in tokens) if text is None else text
    request = GenerationRequest.parse(model=model, mode="completion", prompt="x")
    return Column(
        id="0" * 20, request=request, status="finished", text=shown, tokens=tokens, finish_reason=reason
    )  # fmt: skip


def token(id: int, text: str, special: str | None = None, top: tuple[tuple[int, str, float], ...] = ()) -> TokenResult:
    choices = [TokenChoice(id=each, text=words, logprob=math.log(p)) for each, words, p in top]
    return TokenResult(id=id, text=text, logprob=math.log(0.5), special=special, top=choices)


def test_an_output_that_ends_parts_from_one_that_goes_on() -> None:
    left = column("smollm2", token(1, "one"), token(2, "", "<|im_end|>", ((2, "<|im_end|>", 0.5), (5, " two", 0.25))))
    right = column("smollm2?dtype=fp32", token(1, "one"), token(5, " two", None, ((5, " two", 0.5),)))
    place = part(left, right)
    assert place.same == "one" and place.left and place.right
    assert (place.left.name, place.left.ends, place.right.name) == ("<|im_end|>", True, " two")
    found = probing.reported(left, right, place)
    assert found and found.right_under_left.probability == pytest.approx(0.25)
    assert found.left_under_right.computable


def test_parts_of_one_character_part_where_their_tokens_do() -> None:
    """🙂 and 🙃 share their first three bytes; only the last token differs, and neither text has begun there."""
    left = column("smollm2", token(1, "a"), token(2, ""), token(3, "🙂"))
    right = column("smollm2", token(1, "a"), token(2, ""), token(4, "🙃"))
    place = part(left, right)
    assert place.same == "a" and place.left and (place.left.first, place.left.text) == (2, "🙂")


def test_borders_that_only_one_tokenizer_has_are_no_place() -> None:
    left = column("smollm2", token(1, "un"), token(2, "happi"), token(3, "ly"))
    right = column("api:there/other", token(-1, "unhap"), token(-1, "py"))
    place = part(left, right)
    assert place.by == "text" and place.left and place.right
    assert (place.same, place.left.text, place.right.text) == ("", "unhappi", "unhappy")
    found = probing.reported(left, right, place)
    assert found and found.left_under_left.probability == pytest.approx(0.25)  # two tokens at a half each


def test_an_endpoint_gives_a_bound_and_says_why_it_cannot_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.settings import get_settings

    monkeypatch.setenv("LOUPE_ENDPOINTS", '[{"name": "there", "url": "http://127.0.0.1:9/v1"}]')
    get_settings.cache_clear()
    top = ((-1, " blue", 0.5), (-1, " grey", 0.125))
    left = column("api:there/one", token(-1, "It is"), token(-1, " blue", None, top))
    right = column("api:there/two", token(-1, "It is"), token(-1, " red", None, top))
    place = part(left, right)
    assert place.left and place.right and (place.left.text, place.right.text) == (" blue", " red")
    found = probing.reported(left, right, place)
    assert found and found.left_under_right.probability == pytest.approx(0.5)
    assert found.right_under_left.probability is None
    assert found.right_under_left.at_most == pytest.approx(0.125)
    assert "endpoint" in found.right_under_left.why_not and not found.computable


def test_texts_without_tokens_are_still_compared() -> None:
    left = column("api:there/one", text="The sky is blue.")
    right = column("api:there/two", text="The sky was blue.")
    place = part(left, right)
    assert place.left and place.right
    assert (place.same, place.left.text, place.right.text) == ("The sky ", "is blue.", "was blue.")
    found = probing.reported(left, right, place)
    assert found and found.left_under_left.probability is None and found.left_under_left.why_not
    assert not found.computable


def test_tokens_that_do_not_add_up_to_the_text_are_no_place_to_compute_at() -> None:
    left = column("smollm2", token(1, "The"), token(2, "\ufffd"), text="The é.")
    right = column("smollm2", token(1, "The"), token(2, "\ufffd"), text="The è.")
    place = part(left, right)
    assert place.same == "The " and place.parted
    found = probing.reported(left, right, place)
    assert found and not found.computable and found.left_under_left.why_not


def test_ids_alone_do_not_make_one_vocabulary() -> None:
    """The same ids with other texts, or too few that both name."""
    shared = tuple((id, f"w{id}", 0.1) for id in range(9))
    left = column("path:/gone/a", token(1, "w1", None, shared))
    assert one_vocabulary(left, column("path:/gone/b", token(1, "w1", None, shared)))
    assert not one_vocabulary(left, column("path:/gone/b", token(1, "w1", None, shared[:3])))
    other = tuple((id, f"x{id}", 0.1) for id in range(9))
    assert not one_vocabulary(left, column("path:/gone/b", token(1, "w1", None, other)))


def test_a_vocabulary_that_lacks_entries_of_the_other_is_compared_by_letters() -> None:
    """Every id means the same to both; one cuts more finely, which is not yet another answer."""
    shared = tuple((id, f"w{id}", 0.1) for id in range(9))
    left = column("path:/gone/a", token(20, " light", None, shared), token(1, "w1"))
    right = column("path:/gone/b", token(21, " li", None, shared), token(22, "ght"), token(2, "w2"))
    place = part(left, right)
    assert place.by == "text" and place.same == " light" and place.left and place.left.text == "w1"


def test_letters_cut_into_other_tokens_by_chance_are_named() -> None:
    left = column("smollm2", token(20, " light"), token(1, "w1"))
    right = column("smollm2", token(21, " li"), token(22, "ght"), token(1, "w1"))
    place = part(left, right)
    assert place.by == "token" and place.parted and place.note.startswith("The same letters")


def test_it_is_computed_in_a_thread_once_and_kept(tiny_model: Path, other_weights: Path) -> None:
    import time

    left, right = side_by_side(fp32(tiny_model), fp32(other_weights))
    place, deadline = part(left, right), time.monotonic() + 60
    assert not probing.known(left, right)
    while (found := probing.computed(left, right, place)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert probing.known(left, right) and probing.computed(left, right, place) is found


def test_a_model_that_is_gone_is_one_sentence_and_nothing_else_is_lost() -> None:
    request = GenerationRequest.parse(model="path:/gone/model", mode="completion", prompt="x")
    gone = Column(
        id="1" * 20, request=request, status="finished", text="one", tokens=(token(1, "one"),), finish_reason="stop"
    )
    here = column("smollm2", token(2, "two"))
    place = part(gone, here)
    found = probing.reported(gone, here, place)
    assert found and found.left_under_left.probability == pytest.approx(0.5)
    assert found.right_under_left.why_not.startswith("There is no folder")
