"""The bundled model: greedy output equals generate token by token, alone and in a mixed batch (fp32, 20 prompts)."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.core.generation.conftest import crowd, ids, request, run

TOKENS = 6
PROMPTS = [
    "The history of the lens begins",
    "Once upon a time, in a small village,",
    "def fibonacci(n):",
    "The capital of France is",
    "Water boils at",
    "import numpy as np\n\n",
    "In 1969, humans first",
    "1, 1, 2, 3, 5, 8,",
    "Die Hauptstadt von Deutschland ist",
    "Dear Sir or Madam,",
    "Ingredients:\n- 2 eggs\n-",
    "Q: What is 2 + 2?\nA:",
    '{"name": "Ada", "age":',
    "The quick brown fox",
    "SELECT name FROM users WHERE",
    "To be, or not to be,",
    "# Introduction\n\nMachine learning",
    "東京は",
    "She opened the door and saw",
    "The three primary colours are",
]


@pytest.fixture
def folder(unpacked: Path) -> Path:
    """The bundled weights in Hugging Face format."""
    return unpacked


@pytest.mark.slow
def test_greedy_equals_generate(folder: Path) -> None:
    reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    expected = []
    for prompt in PROMPTS:
        inputs = tokenizer(prompt, return_tensors="pt")
        output = reference.generate(**inputs, max_new_tokens=TOKENS, do_sample=False)
        expected.append(output[0, inputs.input_ids.shape[1] :].tolist())
    model = f"path:{folder}?dtype=fp32"
    greedy = [request(model, prompt, temperature=0, max_tokens=TOKENS) for prompt in PROMPTS]
    assert [ids(run(one)) for one in greedy] == expected
    others = [
        request(model, prompt, temperature=0.5 + place / 20, top_p=0.9, seed=place, max_tokens=4 + place % 3)
        for place, prompt in enumerate(PROMPTS[:8])
    ]
    assert [ids(result) for result in crowd(greedy + others)[: len(greedy)]] == expected


def test_the_tokenizer_knows_its_special_tokens(folder: Path) -> None:
    """The file's own conversion calls `<|im_start|>` the end token: then no answer would ever end."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert (tokenizer.eos_token, tokenizer.bos_token) == ("<|im_end|>", "<|im_start|>")
    messages = [{"role": "user", "content": "Say hi."}]
    result = run(request(f"path:{folder}", mode="chat", messages=messages, temperature=0, max_tokens=60))
    assert result.completions[0].finish_reason == "stop"
