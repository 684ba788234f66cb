"""Models with adapters, against PEFT: the same logits, the same greedy answers; weights, combinations, precisions."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from core.errors import Unsupported
from core.events import Token
from core.generation.engines.transformers import attached, stream
from core.generation.request import GenerationRequest
from core.models.loaders import capabilities_of, estimate, load
from core.models.loaders.transformers import TransformersModel
from core.models.reference import parse_ref
from tests.core.models.adapters.conftest import METHODS, Make
from tests.marks import quick

PROMPT = "Question: how many apples are left?"
WEIGHT_METHODS = [method for method in METHODS if "tuning" not in method]


def loaded(text: str) -> TransformersModel:
    model = load(parse_ref(text))
    assert isinstance(model, TransformersModel)
    return model


def base_of(folder: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def by_peft(folder: Path, adapter: str) -> Any:
    from peft import PeftModel

    return PeftModel.from_pretrained(base_of(folder), adapter).eval()


def logits(model: Any, ids: list[int]) -> Any:
    import torch

    with torch.no_grad():
        return model(input_ids=torch.tensor([ids])).logits[0].float()


def answer(model: TransformersModel, count: int = 20, **params: Any) -> list[int]:
    """Ids of a greedy answer through the decode loop."""
    request = GenerationRequest.parse(
        model=model.ref, prompt=PROMPT, mode="completion", params={"temperature": 0, "max_tokens": count} | params
    )
    return [event.id for event in stream(model, request, threading.Event()) if isinstance(event, Token)]


def peft_answer(model: TransformersModel, wrapped: Any, count: int = 20) -> list[int]:
    import torch

    ids = torch.tensor([model.encode_text(PROMPT)])
    found = wrapped.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=count, pad_token_id=2
    )
    return [int(each) for each in found[0, ids.shape[1] :]]


@pytest.mark.parametrize("method", quick(METHODS, "lora", "prefix-tuning"))
def test_greedy_answers_are_those_of_peft(method: str, tiny_model: Path, make: Make) -> None:
    adapter = make(method)
    model = loaded(f"path:{tiny_model}+{adapter}?dtype=fp32")
    expected = peft_answer(model, by_peft(tiny_model, adapter))
    assert answer(model) == expected
    base = loaded(f"path:{tiny_model}?dtype=fp32")
    assert answer(base) != expected, "the adapter changes nothing, so the test shows nothing"
    assert attached(model).decoder.runner.batches
    model.close()
    base.close()


@pytest.mark.parametrize("method", quick(["prompt-tuning", "p-tuning", "prefix-tuning"], "prefix-tuning"))
def test_without_slots_soft_prompts_answer_the_same(
    method: str, tiny_model: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.generation.decoding import fit

    adapter = make(method)
    monkeypatch.setattr(fit, "_agrees", lambda *_: False)
    model = loaded(f"path:{tiny_model}+{adapter}?dtype=fp32")
    assert answer(model) == peft_answer(model, by_peft(tiny_model, adapter))
    assert not attached(model).decoder.runner.batches
    model.close()


@pytest.mark.parametrize("method", ["prompt-tuning", "prefix-tuning"])
@pytest.mark.parametrize("virtual", [5, 70])
def test_behind_a_soft_prompt_chunks_and_shared_prompts_compute_the_same(
    method: str, virtual: int, tiny_model: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A soft prompt longer and shorter than a chunk; a prompt of several; the second time taken over from the first."""
    import torch

    from core.generation.decoding import slots

    monkeypatch.setattr(slots, "CHUNK", 32)
    monkeypatch.setattr("core.generation.decoding.prompts.CHUNK", 32)
    adapter = make(method, num_virtual_tokens=virtual)
    model = loaded(f"path:{tiny_model}+{adapter}?dtype=fp32")
    runner: Any = slots.Slots(model.model, model.device, slots.Prompts(2**30))
    runner.beginning = model.beginning
    wrapped = by_peft(tiny_model, adapter)
    first = [(37 * i) % 300 + 5 for i in range(90)]
    for ids in (first, [*first[:70], 9, 8, 7], first[:3], first):
        row = runner.join()
        with torch.no_grad():
            while (found := runner.prefill(row, ids)) is None:
                pass
            runner.leave(row)
        assert (found - logits(wrapped, ids)[-1]).abs().max() < 1e-3
    model.close()


def test_a_soft_prompt_takes_room_in_the_context_and_rules_out_beams(tiny_model: Path, make: Make) -> None:
    ref = f"path:{tiny_model}+{make('prompt-tuning')}?dtype=fp32"
    before = capabilities_of(parse_ref(ref))
    model = loaded(ref)
    assert model.context_length == 256 - 5
    assert before.beams is model.capabilities.beams is False and "soft prompt" in (before.reason("beams") or "")
    model.close()


def test_penalties_and_probabilities_behind_a_soft_prompt(tiny_model: Path, make: Make) -> None:
    """The virtual tokens are no tokens that could be penalised, and no candidates."""
    import torch

    adapter = make("prompt-tuning")
    model = loaded(f"path:{tiny_model}+{adapter}?dtype=fp32")
    request = GenerationRequest.parse(
        model=model.ref,
        prompt=PROMPT,
        mode="completion",
        top_logprobs=3,
        params={"temperature": 0, "max_tokens": 6, "repetition_penalty": 1.3, "no_repeat_ngram_size": 2},
    )
    tokens = [event for event in stream(model, request, threading.Event()) if isinstance(event, Token)]
    ids = [*model.encode_text(PROMPT), *(token.id for token in tokens)]
    rows = logits(by_peft(tiny_model, adapter), ids)[-len(tokens) - 1 : -1].log_softmax(-1)
    assert len(tokens) == 6
    for token, row in zip(tokens, rows, strict=True):
        assert token.logprob == pytest.approx(float(row[token.id]), abs=1e-3)
        assert [each.id for each in token.top] == torch.topk(row, 3).indices.tolist()
    model.close()


@pytest.mark.parametrize("method", WEIGHT_METHODS)
def test_merged_weights_compute_what_the_adapter_beside_them_does(method: str, tiny_model: Path, make: Make) -> None:
    adapter = make(method)
    model = loaded(f"path:{tiny_model}+{adapter}?dtype=fp32")
    assert not any(hasattr(module, "base_layer") for module in model.model.modules())
    ids = model.encode_text(PROMPT)
    found, expected = logits(model.model, ids), logits(by_peft(tiny_model, adapter), ids)
    assert (found - expected).abs().max() < 2e-5 * expected.abs().max()
    model.close()


def deltas(model: Any, base: Any) -> dict[str, Any]:
    before = base.state_dict()
    return {key: value - before[key] for key, value in model.state_dict().items()}


@pytest.mark.parametrize(
    ("first", "second"),
    [("lora", "lora"), ("lora", "rslora"), ("dora", "lora"), ("ia3", "ia3")],
)
def test_a_combination_is_the_base_plus_the_weighted_sum_of_what_each_changes(
    first: str, second: str, tiny_model: Path, make: Make
) -> None:
    one, other = (
        make(first),
        make(second, seed=2, **({"r": 2, "target_modules": ["q_proj", "up_proj"]} if second != "ia3" else {})),
    )
    base = base_of(tiny_model)
    alone = [deltas(loaded(f"path:{tiny_model}+{each}?dtype=fp32").model, base) for each in (one, other)]
    both = loaded(f"path:{tiny_model}+{one}*0.6+{other}*-0.4?dtype=fp32")
    for key, change in deltas(both.model, base).items():
        assert (change - (0.6 * alone[0][key] - 0.4 * alone[1][key])).abs().max() < 1e-5, key
    assert any(change.abs().max() > 1e-2 for change in alone[0].values())
    assert any(change.abs().max() > 1e-2 for change in alone[1].values())
    nothing = loaded(f"path:{tiny_model}+{one}*0?dtype=fp32")
    assert all(change.abs().max() < 1e-6 for change in deltas(nothing.model, base).values())


def test_peft_agrees_about_a_combination_of_lora(tiny_model: Path, make: Make) -> None:
    from peft import PeftModel

    one, other = make("lora"), make("lora", seed=2, r=2)
    wrapped = PeftModel.from_pretrained(base_of(tiny_model), one, adapter_name="a")
    wrapped.load_adapter(other, "b")
    wrapped.add_weighted_adapter(["a", "b"], [0.6, 0.4], "both", combination_type="cat")
    wrapped.set_adapter("both")
    model = loaded(f"path:{tiny_model}+{one}*0.6+{other}*0.4?dtype=fp32")
    ids = model.encode_text(PROMPT)
    expected = logits(wrapped.eval(), ids)
    assert (logits(model.model, ids) - expected).abs().max() < 2e-5 * expected.abs().max()


def test_an_adapter_of_a_tied_embedding_leaves_the_head_alone(tiny_model: Path, tmp_path: Path, make: Make) -> None:
    import shutil

    from transformers import AutoModelForCausalLM, AutoTokenizer

    tied = AutoModelForCausalLM.from_pretrained(tiny_model)
    tied.config.tie_word_embeddings = True
    tied.tie_weights()
    tied.save_pretrained(tmp_path / "tied")
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path / "tied")
    adapter = make("lora", base=tmp_path / "tied", target_modules=["embed_tokens", "q_proj"])
    model = loaded(f"path:{tmp_path / 'tied'}+{adapter}?dtype=fp32")
    ids = model.encode_text(PROMPT)
    expected = logits(by_peft(tmp_path / "tied", adapter), ids)
    assert (logits(model.model, ids) - expected).abs().max() < 2e-5 * expected.abs().max()
    assert model.model.config.tie_word_embeddings is False
    shutil.rmtree(tmp_path / "tied")


def test_a_head_that_is_saved_whole_is_loaded(tiny_model: Path, make: Make) -> None:
    adapter = make("lora", modules_to_save=["lm_head"])
    model = loaded(f"path:{tiny_model}+{adapter}?dtype=fp32")
    ids = model.encode_text(PROMPT)
    expected = logits(by_peft(tiny_model, adapter), ids)
    assert (logits(model.model, ids) - expected).abs().max() < 2e-5 * expected.abs().max()
    with pytest.raises(Unsupported, match="modules_to_save"):
        loaded(f"path:{tiny_model}+{adapter}*0.5?dtype=fp32")


@pytest.mark.parametrize("weight", [1, 0.5])
def test_the_bottleneck_adapter_answers_as_it_was_trained(weight: float, tiny_model: Path, tmp_path: Path) -> None:
    import torch

    from core.models.adapters import bottleneck

    tuned = bottleneck.attach(base_of(tiny_model), bottleneck.BottleneckConfig(size=4, base=f"path:{tiny_model}"))
    with torch.no_grad():
        for tensor in bottleneck.state(tuned).values():
            tensor.copy_(torch.randn_like(tensor) * 0.3)
        bottleneck.save(tuned, tmp_path / "b")
        for name, tensor in bottleneck.state(tuned).items():
            tensor.mul_(weight if ".up." in name else 1)
    model = loaded(f"path:{tiny_model}+{tmp_path / 'b'}*{weight}?dtype=fp32")
    ids = model.encode_text(PROMPT)
    assert (logits(model.model, ids) - logits(tuned, ids)).abs().max() < 1e-4
    found = tuned.generate(torch.tensor([ids]), do_sample=False, max_new_tokens=10, pad_token_id=2)
    assert answer(model, 10) == found[0, len(ids) :].tolist() and attached(model).decoder.runner.batches
    model.close()


@pytest.mark.parametrize("method", METHODS)
def test_the_estimate_counts_the_adapter(method: str, tiny_model: Path, make: Make) -> None:
    ref = f"path:{tiny_model}+{make(method)}?dtype=fp32"
    model = loaded(ref)
    assert estimate(parse_ref(ref)) == pytest.approx(model.memory_bytes, rel=0.15)
    assert estimate(parse_ref(ref)) > estimate(parse_ref(f"path:{tiny_model}?dtype=fp32"))
    model.close()
