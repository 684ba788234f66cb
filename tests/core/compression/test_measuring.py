"""Measuring: perplexity against a plain loop, every token once, one table for folders, packed ones and GGUF files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.compression.loading import load_model, load_tokenizer
from core.compression.measuring import MeasureRequest, check, speed, subjects
from core.compression.measuring.job import run, sight_of
from core.compression.measuring.perplexity import Surprise, surprise_of, windows
from core.errors import InvalidInput, LoupeError, NotFound, Unsupported
from core.jobs import JobCancelled, JobContext
from core.settings import get_settings
from tests.core.compression.conftest import Compress, plain


@given(st.integers(2, 400), st.integers(2, 64), st.data())
def test_every_token_but_the_first_counts_once(count: int, window: int, data: st.DataObject) -> None:
    stride = data.draw(st.integers(1, window - 1))
    counted = []
    for begin, end, tokens in windows(count, window, stride):
        assert end - begin <= window
        assert 1 <= tokens < end - begin
        counted += range(end - tokens, end)
        assert begin == 0 or end == count or end - begin == window
    assert counted == list(range(1, count))


@pytest.mark.parametrize(("window", "stride"), [(64, 32), (48, 48), (256, 7)])
def test_it_is_the_perplexity_of_a_plain_loop(tiny_model: Path, text_file: Path, window: int, stride: int) -> None:
    """The loop of transformers' documentation, written out, with the mean over tokens that are really counted."""
    model, ids = plain(tiny_model), load_tokenizer(tiny_model)(text_file.read_text())["input_ids"][:300]
    found = surprise_of(load_model(tiny_model, torch.float32), ids, window, stride)
    total = count = before = 0.0
    for begin in range(0, len(ids), stride):
        end = min(begin + window, len(ids))
        row = torch.tensor([ids[begin:end]])
        labels = row.clone()
        labels[:, : -int(end - before)] = -100
        with torch.no_grad():
            loss = model(input_ids=row, labels=labels).loss
        kept = int((labels[:, 1:] != -100).sum())
        if kept:
            total, count = total + float(loss) * kept, count + kept
        before = end
        if end == len(ids):
            break
    # where windows do not overlap, nothing comes before the first token of each
    assert found.tokens == count == len(ids) - (1 if stride < window else -(-len(ids) // window))
    assert found.perplexity == pytest.approx(math.exp(total / count), rel=1e-3)


def test_a_model_that_knows_nothing_has_the_perplexity_of_its_vocabulary(tiny_model: Path) -> None:
    model = load_model(tiny_model, torch.float32)
    with torch.no_grad():
        model.lm_head.weight.zero_()
    assert surprise_of(model, list(range(3, 90)), 32, 16).perplexity == pytest.approx(model.config.vocab_size, rel=1e-4)
    assert Surprise(1e6, 1, ()).perplexity == math.inf
    assert Surprise(math.log(2) * 80, 20, ()).bits_per_byte(10) == pytest.approx(8)


@pytest.fixture
def measured(compress: Compress, tiny_model: Path, text_file: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The tiny model, packed at load, packed on disk, as GGUF; on one text."""
    monkeypatch.setattr(speed, "RUNS", 1)
    monkeypatch.setattr(subjects, "RUNS", 1)
    double = {"double_quantization": True, "compute_dtype": "fp32"}  # as ?quantize=nf4 packs, and the models compute
    packed = compress("nf4", "packed", **double)["ref"]
    file = compress("gguf", "file", precision="q8_0")["ref"]
    tiny, job = f"path:{tiny_model}?dtype=fp32", JobContext("measure")
    models = [tiny, f"{tiny}&quantize=nf4", f"{packed}?dtype=fp32", file]
    found = run({"models": models, "text": str(text_file), "tokens": 600}, job)
    assert job.take().columns["done"] == 4
    return found


def test_one_table_for_all_of_them(measured: dict[str, Any], tiny_model: Path) -> None:
    whole, at_load, packed, file = measured["rows"]
    assert (measured["window"], measured["stride"], measured["prompt_tokens"]) == (256, 128, 224)
    for row in measured["rows"]:
        assert row["perplexity_tokens"] == 599
        assert row["tokens_per_s"] > 0 and row["prefill_tokens_per_s"] > 0 and row["load_s"] > 0
        for name, ratio in row["against_first"].items():
            assert ratio == pytest.approx(row[name] / whole[name])
    assert set(whole["against_first"].values()) == {1.0}
    assert whole["bits_per_weight"] == 32 and whole["size_bytes"] > packed["size_bytes"] > file["size_bytes"]
    assert whole["memory_bytes"] == pytest.approx(4 * whole["parameters"], rel=1e-3)  # and the rotary table
    assert packed["memory_bytes"] == at_load["memory_bytes"] < 0.6 * whole["memory_bytes"]
    assert packed["perplexity"] == pytest.approx(at_load["perplexity"], rel=1e-6)
    assert file["perplexity"] == pytest.approx(whole["perplexity"], rel=0.03)
    assert file["perplexity"] != whole["perplexity"]
    assert 8.5 <= file["bits_per_weight"] < 9.5
    assert {row["engine"] for row in measured["rows"]} == {"transformers", "llama.cpp"}
    assert "unpacked to fp32" in file["notes"][0]
    assert json.loads(json.dumps(measured, allow_nan=False)) == measured


def test_what_cannot_be_measured(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_ENDPOINTS", json.dumps([{"name": "here", "base_url": "http://127.0.0.1:9/v1"}]))
    get_settings.cache_clear()
    tiny = f"path:{tiny_model}"
    for values, kind, sentence in [
        ({"models": ["api:here/model"]}, Unsupported, "neither weights nor the probabilities"),
        ({"models": [tiny], "text": str(tmp_path / "nowhere")}, NotFound, "There is no text file"),
        ({"models": [tiny], "window": 257}, InvalidInput, "more than the context of 256 tokens"),
        ({"models": [f"path:{tmp_path / 'nowhere'}"]}, NotFound, "There is no folder"),
    ]:
        with pytest.raises(kind) as caught:
            check(MeasureRequest.parse(**values))
        assert sentence in str(caught.value)
    (tmp_path / "short.txt").write_text("a")
    with pytest.raises(LoupeError, match="less than two tokens"):
        run({"models": [tiny], "text": str(tmp_path / "short.txt")}, JobContext("short"))


def test_what_is_packed_is_not_packed_again(compress: Compress) -> None:
    packed = compress("nf4", "packed")["ref"]
    with pytest.raises(Unsupported, match="is quantized already \\(bitsandbytes\\); leave '\\?quantize=int8' out"):
        check(MeasureRequest.parse(models=[packed, f"{packed}?quantize=int8"]))


def test_folder_and_file_are_told_the_same_tokens_of_a_text(
    compress: Compress, tiny_model: Path, tmp_path: Path
) -> None:
    """Names of special tokens in it are text to both."""
    (tmp_path / "turns.txt").write_text("<|im_start|>user\nSeven apples are left.<|im_end|>\n" * 8)
    models = [f"path:{tiny_model}", compress("gguf", "file", precision="f16")["ref"]]
    asked = {"models": models, "text": str(tmp_path / "turns.txt"), "speed": False}
    whole, file = run(asked, JobContext("turns"))["rows"]
    assert whole["perplexity_tokens"] == file["perplexity_tokens"] > 8 * 20
    assert file["perplexity"] == pytest.approx(whole["perplexity"], rel=0.01)


def test_a_short_text_is_repeated_to_the_prompt_whose_speed_is_told(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def speed_of(model: Any, ids: list[int], tell: Any) -> speed.Speed:
        read.extend(ids)
        return speed.Speed(1.0, 1.0)

    monkeypatch.setattr(subjects, "speed_of", speed_of)
    (tmp_path / "short.txt").write_text("Seven apples are left.")
    found = run({"models": [f"path:{tiny_model}"], "text": str(tmp_path / "short.txt")}, JobContext("short"))
    tokens = found["rows"][0]["perplexity_tokens"] + 1
    assert len(read) == found["prompt_tokens"] == 224
    assert read[tokens : 2 * tokens] == read[:tokens]


def test_window_and_stride_are_the_same_for_all(tiny_model: Path) -> None:
    tiny = f"path:{tiny_model}"
    found = sight_of(MeasureRequest.parse(models=[tiny], window=100))
    assert (found.window, found.stride) == (100, 50)
    found = sight_of(MeasureRequest.parse(models=[tiny], stride=10))
    assert (found.window, found.stride) == (256, 10)


def test_it_can_be_cancelled(tiny_model: Path, text_file: Path) -> None:
    job = JobContext("cancel")
    job.cancelled.set()
    with pytest.raises(JobCancelled):
        run({"models": [f"path:{tiny_model}"], "text": str(text_file)}, job)
