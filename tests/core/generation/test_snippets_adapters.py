"""Get code for a model with an adapter, or quantized: the program is run and gives the run's greedy answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.generation.request import GenerationRequest
from core.generation.snippets import snippet
from core.models.adapters import library
from tests.core.models.adapters.test_library import lora_files
from tests.core.models.adapters.test_loading import PROMPT, answer, loaded


def code_of(ref: str) -> str:
    request = GenerationRequest.parse(
        model=ref, prompt=PROMPT, mode="completion", params={"temperature": 0, "max_tokens": 20}
    )
    return snippet("transformers", request, 1)


@pytest.mark.slow
def test_the_program_of_a_quantized_model_with_an_adapter_runs(tiny_model: Path, tmp_path: Path) -> None:
    lora_files(library.adapters_dir() / "mine", f"path:{tiny_model}")
    ref = f"path:{tiny_model}+mine?dtype=fp32&quantize=nf4"
    code = code_of(ref)
    assert "PeftModel.from_pretrained" in code and 'bnb_4bit_quant_type="nf4"' in code
    model = loaded(ref)
    text = model.decode(answer(model))
    model.close()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == text + "\n"


def test_what_peft_alone_cannot_do_is_said(tiny_model: Path) -> None:
    lora_files(library.adapters_dir() / "mine", f"path:{tiny_model}")
    code = code_of(f"path:{tiny_model}+mine*0.5")
    assert "PeftModel" not in code and "loupe adapters" in code.splitlines()[0] + code.splitlines()[1]
