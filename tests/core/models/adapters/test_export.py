"""Merged models: plain transformers loads them, and they compute what the reference computes."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, InvalidInput, StoreError, Unsupported
from core.models.adapters import bottleneck, export
from core.models.registry import list_models
from tests.core.models.adapters.conftest import Make
from tests.core.models.adapters.test_loading import PROMPT, base_of, loaded, logits


def test_a_merged_model_is_a_model_of_its_own(tiny_model: Path, make: Make, tmp_path: Path) -> None:
    ref = f"path:{tiny_model}+{make('lora')}*0.5+{make('dora', seed=2)}"
    target = export.merged(ref, export.target_of("both"))
    assert {"config.json", "model.safetensors", "tokenizer.json", "loupe.json"} <= {
        file.name for file in target.iterdir()
    }
    assert [each.name for each in target.parent.iterdir()] == ["both"]
    model = loaded(f"{ref}?dtype=fp32")
    ids = model.encode_text(PROMPT)
    assert (logits(base_of(target), ids) - logits(model.model, ids)).abs().max() < 1e-5
    assert f"path:{target}" in {info.ref for info in list_models()}
    model.close()
    with pytest.raises(Conflict, match="exists already"):
        export.merged(ref, target)


def test_what_cannot_be_merged_says_why_and_leaves_nothing(tiny_model: Path, make: Make, tmp_path: Path) -> None:
    bottleneck.save(bottleneck.attach(base_of(tiny_model), bottleneck.BottleneckConfig(size=2)), tmp_path / "narrow")
    lora = make("lora")
    cases: list[tuple[type[Exception], str, str]] = [
        (Unsupported, f"+{make('prompt-tuning')}", "soft prompt"),
        (Unsupported, f"+{make('prefix-tuning')}", "soft prompt"),
        (Unsupported, f"+{tmp_path / 'narrow'}", "non-linearity"),
        (InvalidInput, "", "no adapter to merge"),
        (InvalidInput, f"+{lora}?quantize=nf4", "leave '.quantize=nf4' out"),
    ]
    for kind, extras, match in cases:
        with pytest.raises(kind, match=match):
            export.merged(f"path:{tiny_model}{extras}", tmp_path / "out" / "merged")
    assert not (tmp_path / "out").exists()


def test_a_full_disk_leaves_nothing(
    tiny_model: Path, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import PreTrainedModel

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    ref = f"path:{tiny_model}+{make('lora')}"
    monkeypatch.setattr(PreTrainedModel, "save_pretrained", full)
    with pytest.raises(StoreError, match="disk is full"):
        export.merged(ref, tmp_path / "out" / "merged")
    assert list((tmp_path / "out").iterdir()) == []
    shutil.rmtree(tmp_path / "out")


@pytest.mark.parametrize("name", ["../x", "$(touch x)", "--flag", "a/b", "", "x" * 65])
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(InvalidInput, match="is not a name"):
        export.target_of(name)
