"""The bundled model: unpacked once, with the tokenizer put right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelLoadError
from core.models import bundled
from core.models.loaders import load
from core.models.reference import parse_ref
from core.settings import get_settings


@pytest.fixture
def at_home(unpacked: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOUPE_HOME", str(unpacked.parents[1]))
    get_settings.cache_clear()
    return unpacked


def test_the_folder_is_whole_and_alone(at_home: Path) -> None:
    names = {file.name for file in at_home.iterdir()}
    assert names == {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
    }
    assert not [entry for entry in at_home.parent.iterdir() if entry.is_dir() and entry != at_home]


def test_the_tokenizer_is_smollm2s_own(at_home: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(at_home)
    ids = (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.unk_token_id)
    assert ids == (1, 2, 2, 0)
    # every digit is a token of its own, as llama.cpp's pre-tokenizer `smollm` has it
    assert tokenizer.tokenize("In 2024, x") == ["In", "Ġ", "2", "0", "2", "4", ",", "Ġx"]
    for text in ("Größe, naïve 東京 🙂 ½", " leading", "tab\tnew\n\nline  two spaces", "don 't , punctuation !"):
        assert tokenizer.decode(tokenizer(text).input_ids) == text


TEXTS = [
    "In 2024, 12345 apples  cost ½.\n\nGröße 東京 🙂 don't",
    "def f(x):\n    return x**2  # comment\n\n\n",
    "\t\ttabs\r\nCRLF  ",
    "²³ ٣ Ⅷ 一二三 ৩",
    "I'll we've they'RE 'S" + "a" * 50 + "!!!???...",
    "🏳️‍🌈 é e\u0301 \u200b\u202e",
]


def test_its_token_ids_are_those_of_llama_cpp_on_the_original_file(at_home: Path) -> None:
    ours: Any = load(parse_ref("smollm2"))
    theirs: Any = load(parse_ref(f"gguf:{bundled.gguf_file()}"))
    for text in TEXTS:
        assert ours.encode_text(text) == theirs.encode_text(text), text
    ours.close()
    theirs.close()


def test_plain_transformers_loads_it_and_it_answers_sensibly(at_home: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(at_home, dtype=torch.float32)
    tokenizer: Any = AutoTokenizer.from_pretrained(at_home)
    assert getattr(model.config, "quantization_config", None) is None
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}],
        add_generation_prompt=True,
        return_tensors="pt",
    )
    answer = model.generate(**prompt, max_new_tokens=12, do_sample=False)
    assert "Paris" in tokenizer.decode(answer[0][prompt["input_ids"].shape[1] :])


def test_loupe_loads_it_with_the_right_end(at_home: Path) -> None:
    model: Any = load(parse_ref("smollm2"))
    assert (model.context_length, model.vocab_size, model.eos_token_ids) == (8192, 49152, {2})
    assert model.model.num_parameters() == bundled.PARAMETERS
    messages = [{"role": "user", "content": "Hi"}]
    expected = model.tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"]
    assert model.encode_chat(messages) == expected
    model.close()


def test_a_data_directory_that_cannot_take_it_is_one_sentence(loupe_home: Path) -> None:
    (loupe_home / "models").mkdir(parents=True)
    (loupe_home / "models" / ".smollm2.lock").mkdir()
    with pytest.raises(ModelLoadError, match="could not be unpacked"):
        bundled.ensure_converted()
