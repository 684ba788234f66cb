"""Generation on llama.cpp with the bundled weights: settings, seeds, stop strings, cancelling, whole characters."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import ContextOverflow
from core.events import Event, Finished, SampleFinished, Started, TextDelta, Token
from core.generation.engines.llamacpp import stream
from core.generation.request import GenerationRequest
from core.generation.result import Completion, GenerationResult
from core.models.bundled import gguf_file
from core.models.loaders.llamacpp import LlamaCppModel, load
from core.models.reference import parse_ref

FRANCE = {"mode": "completion", "prompt": "The capital of France is"}
EMOJI = {"mode": "completion", "prompt": "Repeat: 🙂🙃🙂🙃🙂"}
STORY = {"mode": "completion", "prompt": "Once upon a time"}
GREEDY = {"temperature": 0, "max_tokens": 12}


@pytest.fixture(scope="module")
def model() -> Iterator[LlamaCppModel]:
    loaded = load(parse_ref(f"gguf:{gguf_file()}"))
    yield loaded
    loaded.close()


def events(model: LlamaCppModel, cancel: threading.Event | None = None, **values: object) -> Iterator[Event]:
    return stream(model, GenerationRequest.parse(model=model.ref, **values), cancel or threading.Event())


def result(model: LlamaCppModel, **values: object) -> GenerationResult:
    folded = GenerationResult()
    for event in events(model, **values):
        folded.fold(event)
    return folded


def answers(model: LlamaCppModel, **values: object) -> list[Completion]:
    return result(model, **values).completions


def ids(completion: Completion) -> list[int]:
    return [token.id for token in completion.tokens]


def test_a_chat_is_answered_token_by_token(model: LlamaCppModel) -> None:
    messages = [{"role": "user", "content": "Say hello."}]
    got = list(events(model, messages=messages, params={"temperature": 0, "max_tokens": 60}))
    assert isinstance(got[0], Started) and isinstance(got[-1], Finished)
    assert got[0].prompt == model.render_chat(messages)  # type: ignore[arg-type]
    assert got[0].prompt_tokens == len(model.encode_chat(messages))  # type: ignore[arg-type]
    folded = GenerationResult()
    for event in got:
        folded.fold(event)
    answer = folded.completions[0]
    assert "Hello" in answer.text
    assert answer.text == "".join(event.text for event in got if isinstance(event, TextDelta))
    assert answer.text == "".join(token.text for token in answer.tokens)
    assert answer.finish_reason == "stop" and answer.tokens[-1].special == "<|im_end|>"
    assert folded.usage.completion_tokens == len(answer.tokens)
    assert model.decode(ids(answer)) == answer.text


def test_probabilities_before_the_samplers(model: LlamaCppModel) -> None:
    cold = answers(model, **FRANCE, params={"temperature": 0.1, "max_tokens": 1, "seed": 1}, top_logprobs=5)[0].tokens[
        0
    ]
    hot = answers(model, **FRANCE, params={"temperature": 2, "max_tokens": 1, "seed": 1}, top_logprobs=5)[0].tokens[0]
    assert [choice.logprob for choice in cold.top] == [choice.logprob for choice in hot.top]
    assert cold.text == " Paris" and cold.logprob == cold.top[0].logprob
    assert [choice.logprob for choice in cold.top] == sorted((choice.logprob for choice in cold.top), reverse=True)
    assert sum(math.exp(choice.logprob) for choice in cold.top) + (cold.rest or 0) == pytest.approx(1)
    assert cold.sampled_logprob is None
    plain = answers(model, **FRANCE, params={"temperature": 0, "max_tokens": 1})[0].tokens[0]
    assert plain.logprob == cold.logprob and not plain.top, "shown even when no alternatives are asked for"


def test_probabilities_agree_with_transformers_on_the_same_weights(model: LlamaCppModel, unpacked: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    reference = AutoModelForCausalLM.from_pretrained(unpacked, dtype=torch.float32).eval()
    with torch.no_grad():
        logprobs = reference(torch.tensor([model.encode_text(str(FRANCE["prompt"]))])).logits[0, -1].log_softmax(-1)
    token = answers(model, **FRANCE, params=GREEDY, top_logprobs=10)[0].tokens[0]
    for choice in token.top:
        assert choice.logprob == pytest.approx(float(logprobs[choice.id]), abs=0.25), (
            "llama.cpp rounds activations to 8 bits"
        )


def test_special_tokens_and_parts_of_characters_have_names(model: LlamaCppModel) -> None:
    tokens = [
        token
        for prompt in (EMOJI, FRANCE)
        for token in answers(model, **prompt, params=GREEDY, top_logprobs=100)[0].tokens
    ]
    shown = {choice.text for token in tokens for choice in token.top}
    assert "<|im_end|>" in shown
    assert any(text.startswith("<0x") for text in shown)
    assert "\N{REPLACEMENT CHARACTER}" not in "".join(shown)


def test_whole_characters_only(model: LlamaCppModel) -> None:
    got = list(events(model, **EMOJI, params={"temperature": 0, "max_tokens": 6}))
    assert [event.text for event in got if isinstance(event, TextDelta)] == ["🙃", "🙃"]
    tokens = [event for event in got if isinstance(event, Token)]
    assert [token.text for token in tokens] == ["", "", "🙃", "", "", "🙃"]
    assert model.decode([token.id for token in tokens]) == "🙃🙃"
    cut = answers(model, **EMOJI, params={"temperature": 0, "max_tokens": 7})[0]
    assert (cut.text, cut.finish_reason) == ("🙃🙃\N{REPLACEMENT CHARACTER}", "length")


def test_the_same_seed_gives_the_same_tokens(model: LlamaCppModel) -> None:
    params = {"max_tokens": 16, "seed": 5}
    first = ids(answers(model, **STORY, params=params)[0])
    answers(model, **FRANCE, params={"max_tokens": 8, "seed": 1})
    assert ids(answers(model, **STORY, params=params)[0]) == first
    assert (
        len({tuple(ids(answers(model, **STORY, params={"max_tokens": 16, "seed": seed})[0])) for seed in range(4)}) > 1
    )
    huge = answers(model, **STORY, params={"max_tokens": 4, "seed": 2**63 - 1})
    assert ids(huge[0]) == ids(answers(model, **STORY, params={"max_tokens": 4, "seed": 2**63 - 1})[0])


def test_the_same_seed_in_a_crowd(model: LlamaCppModel) -> None:
    requests = [(STORY, {"max_tokens": 12, "seed": 5}), (FRANCE, {"max_tokens": 12, "seed": 6}), (EMOJI, GREEDY)]
    alone = [ids(answers(model, **prompt, params=params)[0]) for prompt, params in requests]
    together: dict[int, list[int]] = {}

    def run(index: int) -> None:
        prompt, params = requests[index]
        together[index] = ids(answers(model, **prompt, params=params)[0])

    threads = [threading.Thread(target=run, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[index] for index in range(3)] == alone


def test_several_samples_and_their_seeds(model: LlamaCppModel) -> None:
    three = answers(model, **STORY, params={"max_tokens": 10, "seed": 5, "n": 3})
    assert [completion.finish_reason for completion in three] == ["length"] * 3
    assert len({tuple(ids(completion)) for completion in three}) > 1
    assert ids(three[0]) == ids(answers(model, **STORY, params={"max_tokens": 10, "seed": 5})[0])
    again = answers(model, **STORY, params={"max_tokens": 10, "seed": 5, "n": 3})
    assert [ids(completion) for completion in again] == [ids(completion) for completion in three]


@pytest.mark.parametrize("params", [{"top_k": 1}, {"top_p": 1e-6}, {"min_p": 1.0}])
def test_truncation_to_one_token_is_greedy(model: LlamaCppModel, params: dict) -> None:
    greedy = ids(answers(model, **STORY, params=GREEDY)[0])
    assert ids(answers(model, **STORY, params={"temperature": 2, "max_tokens": 12, "seed": 3, **params})[0]) == greedy


def test_truncation_is_of_the_distribution_after_the_temperature(model: LlamaCppModel) -> None:
    """After a high temperature even a small nucleus holds many tokens, before it only the favourite (72 %)."""
    many = {"max_tokens": 1, "temperature": 2, "top_p": 0.4}
    first = {answers(model, **FRANCE, params={**many, "seed": seed})[0].text for seed in range(12)}
    assert len(first) > 1
    cold = {answers(model, **FRANCE, params={**many, "temperature": 1, "seed": seed})[0].text for seed in range(12)}
    assert cold == {" Paris"}


def test_greedy_ignores_truncation(model: LlamaCppModel) -> None:
    greedy = ids(answers(model, **STORY, params=GREEDY)[0])
    assert ids(answers(model, **STORY, params={**GREEDY, "typical_p": 0.01, "top_k": 2})[0]) == greedy


def test_repetition_penalty_reaches_back_to_the_prompt(model: LlamaCppModel) -> None:
    prompt = "1, 1, 1, 1, 1, 1, 1, 1,"
    plain = answers(model, mode="completion", prompt=prompt, params=GREEDY)[0]
    assert plain.text.startswith(" 1, 1, 1")
    penalised = answers(model, mode="completion", prompt=prompt, params={**GREEDY, "repetition_penalty": 10})[0]
    assert "1" not in penalised.text
    assert len(set(ids(penalised))) == len(ids(penalised))


def test_a_stop_string_across_tokens_is_never_shown(model: LlamaCppModel) -> None:
    free = answers(model, **FRANCE, params={"temperature": 0, "max_tokens": 20})[0]
    stop = free.text[8:14]
    got = list(events(model, **FRANCE, params={"temperature": 0, "max_tokens": 20, "stop": [stop, "zzz"]}))
    text = "".join(event.text for event in got if isinstance(event, TextDelta))
    assert text == free.text[: free.text.index(stop)]
    assert "".join(event.text for event in got if isinstance(event, Token)) == text
    assert [event.finish_reason for event in got if isinstance(event, SampleFinished)] == ["stop"]


def test_text_held_back_for_a_stop_string_that_does_not_come_is_shown(model: LlamaCppModel) -> None:
    free = answers(model, **FRANCE, params={"temperature": 0, "max_tokens": 4})[0]
    held = answers(model, **FRANCE, params={"temperature": 0, "max_tokens": 4, "stop": [free.text[2:] + "never"]})[0]
    assert (held.text, held.finish_reason) == (free.text, "length")
    assert ids(held) == ids(free)


def test_a_fork_continues_from_its_tokens(model: LlamaCppModel) -> None:
    whole = answers(model, **STORY, params=GREEDY)[0]
    begun = ids(whole)[:5]
    rest = answers(
        model, **STORY, params={**GREEDY, "max_tokens": 7}, answer_ids=begun, answer_text=model.decode(begun)
    )[0]
    assert ids(rest) == ids(whole)[5:]
    assert whole.text.endswith(rest.text)


def test_what_does_not_fit_is_refused_before_any_work(model: LlamaCppModel) -> None:
    count = len(model.encode_text("word " * 9000))
    received = events(model, mode="completion", prompt="word " * 9000, params={"max_tokens": 10})
    with pytest.raises(ContextOverflow) as caught:
        next(received)
    assert (caught.value.prompt_tokens, caught.value.max_tokens, caught.value.context_length) == (count, 10, 8192)
    edge = model.context_length - len(model.encode_text(FRANCE["prompt"]))
    with pytest.raises(ContextOverflow):
        next(events(model, **FRANCE, params={"max_tokens": edge + 1}))
    assert isinstance(next(events(model, **FRANCE, params={"max_tokens": edge})), Started)


def test_cancel_during_decoding(model: LlamaCppModel) -> None:
    cancel, tokens = threading.Event(), 0
    for event in events(model, cancel, **STORY, params={"max_tokens": 4000, "n": 2}):
        tokens += isinstance(event, Token)
        if tokens == 3:
            cancel.set()
        if isinstance(event, SampleFinished):
            assert event.finish_reason == "cancelled"
    assert tokens < 20
    assert answers(model, **FRANCE, params=GREEDY)[0].text.startswith(" Paris"), "the next request is served"


def test_cancel_during_prefill(model: LlamaCppModel) -> None:
    cancel = threading.Event()
    received = events(model, cancel, mode="completion", prompt="word " * 7000, params={"max_tokens": 10})
    assert isinstance(next(received), Started)
    threading.Timer(0.2, cancel.set).start()
    rest = list(received)
    assert [type(event) for event in rest] == [SampleFinished, Finished]


def test_cancel_while_another_request_has_its_turn(model: LlamaCppModel) -> None:
    cancel = threading.Event()
    with model.turn(threading.Event()):
        received = events(model, cancel, **STORY)
        assert isinstance(next(received), Started)
        cancel.set()
        assert [event.finish_reason for event in received if isinstance(event, SampleFinished)] == ["cancelled"]


def test_whoever_stops_listening_frees_llama_cpp(model: LlamaCppModel) -> None:
    received = events(model, **STORY, params={"max_tokens": 4000})
    for event in received:
        if isinstance(event, Token):
            break
    received.close()  # type: ignore[attr-defined]
    assert answers(model, **FRANCE, params=GREEDY)[0].text.startswith(" Paris")


@pytest.mark.parametrize("prompt", ["\u202eabc", "e" + "\u0301" * 100, "👨‍👩‍👧‍👦", "a\0b", "\u2028line\u2029"])
def test_unusual_text(model: LlamaCppModel, prompt: str) -> None:
    got = result(model, mode="completion", prompt=prompt, params={"max_tokens": 3, "temperature": 0})
    assert got.prompt == prompt
    assert got.completions[0].finish_reason
