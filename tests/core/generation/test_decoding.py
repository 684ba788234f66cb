"""The decode loop on real (tiny) models: equal to generate, the same in a crowd, cancelled at once, one prefill."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from core.errors import ContextOverflow, InvalidInput, ModelFailed, OutOfMemory
from core.events import Progress, SampleFinished, TextDelta, Token
from core.generation.decoding.prompts import CHUNK
from core.generation.decoding.slots import Slots
from core.generation.decoding.solo import Solo
from core.generation.engines.transformers import attached
from core.generation.generate import generate
from core.models.pool import get_pool
from tests.conftest import make_tiny_model
from tests.core.generation.conftest import crowd, ids, request, run

PROMPTS = ["The lens", "Question: how many", "def add(a, b):", "Größe, naïve", "emoji 🙂", "a", "light " * 30, "of"]
MIXED: list[dict[str, Any]] = [
    {"temperature": 0.8, "top_p": 0.9, "seed": 1},
    {"temperature": 1.2, "top_k": 40, "seed": 2},
    {"seed": 3},
    {"temperature": 0.7, "min_p": 0.05, "seed": 4},
    {"typical_p": 0.8, "seed": 5},
    {"temperature": 0.9, "repetition_penalty": 1.2, "seed": 6},
    {"presence_penalty": 0.5, "frequency_penalty": 0.4, "seed": 7},
    {"temperature": 0, "no_repeat_ngram_size": 3},
]


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> str:
    return f"path:{tiny_model}?dtype=fp32"


def plain(folder: Path, prompt: str, tokens: int, **options: Any) -> list[list[int]]:
    """What transformers itself generates."""
    reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    inputs = AutoTokenizer.from_pretrained(folder)(prompt, return_tensors="pt")
    options = {"do_sample": False, **options}
    output = reference.generate(**inputs, max_new_tokens=tokens, **options)
    return [row[inputs.input_ids.shape[1] :].tolist() for row in output]


def test_greedy_equals_generate_alone_and_in_a_crowd(tiny_model: Path, model: str) -> None:
    expected = [plain(tiny_model, prompt, 40)[0] for prompt in PROMPTS]
    asked = [request(model, prompt, temperature=0, max_tokens=40) for prompt in PROMPTS]
    assert [ids(run(one)) for one in asked] == expected
    others = [request(model, prompt, max_tokens=40, **extra) for prompt, extra in zip(PROMPTS, MIXED, strict=True)]
    found = crowd([one for pair in zip(asked, others, strict=True) for one in pair])
    assert [ids(result) for result in found[::2]] == expected


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_a_seed_gives_the_same_tokens_whoever_else_is_there(tiny_model: Path, dtype: str) -> None:
    model = f"path:{tiny_model}?dtype={dtype}"
    asked = [
        request(model, prompt, max_tokens=10 + 9 * place, **extra)
        for place, (prompt, extra) in enumerate(zip(PROMPTS, MIXED, strict=True))
    ]
    alone = [ids(run(one)) for one in asked]
    assert [ids(result) for result in crowd(asked)] == alone
    assert [ids(result) for result in crowd(asked[3:6])] == alone[3:6]


def test_seeds_differ_and_an_unset_one_is_told(model: str) -> None:
    one, other = (run(request(model, max_tokens=30, seed=seed)) for seed in (1, 2))
    assert ids(one) != ids(other)
    free = run(request(model, max_tokens=30))
    assert free.seed is not None
    assert ids(run(request(model, max_tokens=30, seed=free.seed))) == ids(free)


def test_samples_share_one_prefill_and_the_first_is_that_of_n_1(model: str) -> None:
    with get_pool().lease(model) as loaded:
        runner = attached(loaded).decoder.runner  # type: ignore[arg-type]
    prompt = "bends it to a point " * 3
    before = runner.computed
    several = run(request(model, prompt, n=5, seed=11, max_tokens=12))
    assert runner.computed - before == several.usage.prompt_tokens
    assert len({tuple(ids(several, sample)) for sample in range(5)}) > 1
    assert ids(run(request(model, prompt, seed=11, max_tokens=12))) == ids(several)


def test_a_longer_prompt_takes_over_whole_chunks(tmp_path: Path) -> None:
    """Exact: the same tokens as when it is computed from nothing."""
    from transformers import AutoConfig

    folder = make_tiny_model(tmp_path / "long", seed=3)
    config = AutoConfig.from_pretrained(folder)
    config.max_position_embeddings = 2048
    config.save_pretrained(folder)
    model = f"path:{folder}?dtype=fp32"
    beginning = "The lens gathers light. " * 60
    fresh = run(request(model, beginning + "And then", temperature=0, max_tokens=20))
    with get_pool().lease(model) as loaded:
        runner = attached(loaded).decoder.runner  # type: ignore[arg-type]
    assert isinstance(runner, Slots)
    runner.prompts.clear()
    first = run(request(model, beginning, temperature=0, max_tokens=5))
    before = runner.computed
    again = run(request(model, beginning + "And then", temperature=0, max_tokens=20))
    assert ids(again) == ids(fresh)
    assert first.usage.prompt_tokens is not None and again.usage.prompt_tokens is not None
    assert runner.computed - before == again.usage.prompt_tokens - first.usage.prompt_tokens // CHUNK * CHUNK


def test_cancel_keeps_the_text(model: str) -> None:
    cancel = threading.Event()
    seen: list[Token] = []
    ended: list[SampleFinished] = []
    text = ""
    for event in generate(request(model, max_tokens=200, min_tokens=200), cancel):
        if isinstance(event, Token):
            seen.append(event)
            if len(seen) == 5:
                cancel.set()
        elif isinstance(event, TextDelta):
            text += event.text
        elif isinstance(event, SampleFinished):
            ended.append(event)
    assert ended[0].finish_reason == "cancelled"
    assert ended[0].text == text == "".join(token.text for token in seen)
    assert 5 <= len(seen) < 200


def test_others_go_on_when_one_is_cancelled(tiny_model: Path, model: str) -> None:
    expected = plain(tiny_model, "The lens", 60)[0]
    cancel = threading.Event()
    doomed = generate(request(model, "of", max_tokens=200, min_tokens=200), cancel)
    for event in doomed:
        if isinstance(event, Token):
            break
    result: list[list[int]] = []
    other = threading.Thread(target=lambda: result.append(ids(run(request(model, temperature=0, max_tokens=60)))))
    other.start()
    cancel.set()
    list(doomed)
    other.join()
    assert result == [expected]


def test_listener_that_goes_away_frees_its_place(model: str) -> None:
    events = generate(request(model, max_tokens=200, min_tokens=200))
    next(events)
    next(events)
    events.close()
    with get_pool().lease(model) as loaded:
        decoder = attached(loaded).decoder  # type: ignore[arg-type]
        run(request(model, max_tokens=2))
        assert not decoder._writing


def test_context_overflow_is_refused_with_the_three_numbers(model: str) -> None:
    events = generate(request(model, "light " * 100, max_tokens=200))
    with pytest.raises(ContextOverflow) as caught:
        next(events)
    assert (caught.value.max_tokens, caught.value.context_length) == (200, 256)
    assert str(caught.value.prompt_tokens) in str(caught.value)


def test_min_tokens_forbids_the_end_and_the_end_token_is_told_but_not_shown(model: str) -> None:
    """A seed whose answer ends early, found by trying: with min_tokens it goes on."""
    short = next(
        result
        for seed in range(200)
        if (result := run(request(model, max_tokens=40, seed=seed))).completions[0].finish_reason == "stop"
        and "\ufffd" not in result.completions[0].text  # else the last token carries the cut character
    )
    last = short.completions[0].tokens[-1]
    assert (last.id, last.text, last.special) == (2, "", "<|im_end|>")
    assert "<|im_end|>" not in short.completions[0].text
    longer = run(request(model, max_tokens=40, min_tokens=40, seed=short.seed))
    assert len(ids(longer)) == 40
    assert ids(longer)[: len(ids(short)) - 1] == ids(short)[:-1]


def test_a_stop_string_across_tokens_is_never_shown(model: str) -> None:
    whole = run(request(model, max_tokens=40, seed=5)).completions[0].text
    stop = whole[8:13]
    events = list(generate(request(model, max_tokens=40, seed=5, stop=[stop])))
    shown = "".join(event.text for event in events if isinstance(event, TextDelta))
    tokens = "".join(event.text for event in events if isinstance(event, Token))
    end = next(event for event in events if isinstance(event, SampleFinished))
    assert shown == tokens == end.text == whole[: whole.index(stop)]
    assert end.finish_reason == "stop"


def test_token_probabilities_add_up_and_hold_the_choice(model: str) -> None:
    result = run(request(model, max_tokens=20, temperature=0.7, top_k=30, seed=3, top_logprobs=10))
    for token in result.completions[0].tokens:
        assert token.rest is not None and token.rest_sampled is not None
        probabilities = torch.tensor([choice.logprob for choice in token.top]).exp()
        assert float(probabilities.sum()) + token.rest == pytest.approx(1, abs=1e-5)
        after = torch.tensor([choice.sampled_logprob for choice in token.top]).exp()
        assert float(after.sum()) + token.rest_sampled == pytest.approx(1, abs=1e-5)
        assert token.logprob is not None and token.logprob <= token.top[0].logprob
        for choice in token.top:
            if choice.id == token.id:
                assert choice.logprob == pytest.approx(token.logprob)


def test_logprobs_are_those_of_a_plain_forward_pass(tiny_model: Path, model: str) -> None:
    result = run(request(model, "Größe", max_tokens=15, seed=9))
    reference = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()
    prompt = AutoTokenizer.from_pretrained(tiny_model)("Größe")["input_ids"]
    with torch.inference_mode():
        logprobs = reference(torch.tensor([prompt + ids(result)])).logits[0].log_softmax(-1)
    for place, token in enumerate(result.completions[0].tokens):
        assert token.logprob == pytest.approx(float(logprobs[len(prompt) + place - 1, token.id]), abs=1e-4)


def test_a_fork_continues_after_its_given_tokens(model: str) -> None:
    whole = run(request(model, max_tokens=20, temperature=0))
    given = ids(whole)[:6]
    rest = run(request(model, max_tokens=14, temperature=0, answer_ids=tuple(given), answer_text="…"))
    assert given + ids(rest) == ids(whole)


@pytest.mark.parametrize("n", [1, 3])
def test_beams_are_transformers_own(tiny_model: Path, model: str, n: int) -> None:
    options: dict[str, Any] = {"num_beams": 4, "length_penalty": 0.5, "early_stopping": True}
    expected = plain(tiny_model, "The lens", 24, num_return_sequences=n, **options)
    result = run(request(model, max_tokens=24, temperature=0, n=n, top_logprobs=3, **options))
    end = [row.index(2) + 1 if 2 in row else len(row) for row in expected]
    assert [ids(result, k) for k in range(n)] == [row[:stop] for row, stop in zip(expected, end, strict=True)]
    assert all(token.logprob is not None and len(token.top) == 3 for token in result.completions[0].tokens)


def test_beams_can_be_cancelled(model: str) -> None:
    cancel = threading.Event()
    progress, reasons = [], []
    for event in generate(request(model, max_tokens=200, min_tokens=200, num_beams=4), cancel):
        if isinstance(event, Progress):
            progress.append(event.done)
            cancel.set()
        elif isinstance(event, SampleFinished):
            reasons.append(event.finish_reason)
    assert reasons == ["cancelled"]
    assert progress[-1] < 150  # it ended before the search did


def test_tokens_of_another_vocabulary_are_refused_and_nobody_else_notices(tiny_model: Path, model: str) -> None:
    expected = plain(tiny_model, "The lens", 60)[0]
    result: list[list[int]] = []
    other = threading.Thread(target=lambda: result.append(ids(run(request(model, temperature=0, max_tokens=60)))))
    other.start()
    for wrong in (-1, 10**6):
        with pytest.raises(InvalidInput, match="tokens"):
            run(request(model, answer_ids=(3, wrong), answer_text="x"))
    other.join()
    assert result == [expected]


def test_memory_that_runs_out_while_growing_breaks_nothing(
    tiny_model: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = get_pool()
    if model in [entry.ref for entry in pool.status()]:
        pool.unload(model)
    run(request(model, "a", max_tokens=2))
    calls = iter(range(10))
    new_zeros = torch.Tensor.new_zeros

    def failing(tensor: torch.Tensor, *shape: Any, **options: Any) -> torch.Tensor:
        if len(shape) == 4 and next(calls) == 2:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return new_zeros(tensor, *shape, **options)

    with monkeypatch.context() as patch:
        patch.setattr(torch.Tensor, "new_zeros", failing)
        with pytest.raises(OutOfMemory):
            run(request(model, "light " * 30, max_tokens=100))
    assert (
        ids(run(request(model, "light " * 30, temperature=0, max_tokens=20))) == plain(tiny_model, "light " * 30, 20)[0]
    )


def test_memory_of_a_model_counts_its_caches_and_comes_back(model: str) -> None:
    pool = get_pool()
    if model in [entry.ref for entry in pool.status()]:
        pool.unload(model)
    pool.load(model)
    empty = pool.status()[0].memory_bytes
    run(request(model, "light " * 30, max_tokens=20))
    answered = pool.status()[0].memory_bytes
    assert answered > empty
    run(request(model, "bends " * 30, max_tokens=20, n=4))
    assert pool.status()[0].memory_bytes > answered
    pool.unload(model)
    pool.load(model)
    assert pool.status()[0].memory_bytes == empty


def test_weights_that_give_no_numbers_are_one_sentence(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "nan")
    broken = AutoModelForCausalLM.from_pretrained(folder)
    broken.lm_head.weight.data[5] = torch.nan
    broken.save_pretrained(folder)
    with pytest.raises(ModelFailed, match="fp32"):
        run(request(f"path:{folder}?dtype=fp32", top_k=5, max_tokens=5))


ARCHITECTURES: list[tuple[str, dict[str, Any], type]] = [
    ("Qwen2", {}, Slots),
    ("Mistral", {"sliding_window": 24}, Slots),
    (
        "Gemma3Text",
        {"sliding_window": 24, "head_dim": 16, "layer_types": ["sliding_attention", "full_attention"]},
        Slots,
    ),
    ("GPT2", {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 256}, Slots),
    ("Mamba", {"state_size": 8}, Solo),
    ("Gemma2", {"sliding_window": 24, "head_dim": 16}, Slots),
    ("Llama", {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}}, Solo),
]


@pytest.mark.parametrize(("name", "options", "runner"), ARCHITECTURES, ids=[case[0] for case in ARCHITECTURES])
def test_other_architectures_equal_generate(
    tiny_model: Path, tmp_path: Path, name: str, options: dict[str, Any], runner: type
) -> None:
    """Slots where they compute the same, one at a time where they do not; right either way."""
    import transformers

    config_class = getattr(transformers, f"{name}Config")
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    sizes = {
        "vocab_size": len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "initializer_range": 0.3,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 2,
    }
    if name == "GPT2":
        sizes = {key: sizes[key] for key in ("vocab_size", "initializer_range", "bos_token_id", "eos_token_id")}
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config_class(**{**sizes, **options})).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model = f"path:{tmp_path}?dtype=fp32"
    prompts = ["The lens gathers light and bends it to a point. " * 2, "emoji 🙂", "of"]
    expected = [plain(tmp_path, prompt, 40)[0] for prompt in prompts]
    found = crowd([request(model, prompt, temperature=0, max_tokens=40) for prompt in prompts])
    assert [ids(result) for result in found] == expected
    with get_pool().lease(model) as loaded:
        assert isinstance(attached(loaded).decoder.runner, runner)  # type: ignore[arg-type]


@pytest.mark.parametrize("prompt", ["", None])
def test_an_empty_prompt_is_refused(model: str, prompt: str | None) -> None:
    with pytest.raises(InvalidInput):
        request(model, prompt or "")
