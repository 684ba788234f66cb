"""Models that cannot be compressed are refused before anything is loaded, each with one sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from core.compression import KIND, CompressRequest, check, start
from core.compression.source import open_source
from core.errors import Conflict, InvalidInput, LoupeError, NotFound, Unsupported
from core.jobs import processes
from core.models import bundled
from core.models.registry import local_dir
from core.settings import get_settings
from core.store import jobs as job_store
from tests.core.compression.conftest import variant


def changed(tiny_model: Path, folder: Path, **config: Any) -> Path:
    """The tiny model with another configuration."""
    shutil.copytree(tiny_model, folder)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return folder


def test_endpoints_files_adapters_and_quantized_loading(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoints = json.dumps([{"name": "here", "base_url": "http://127.0.0.1:9/v1"}])
    monkeypatch.setenv("LOUPE_ENDPOINTS", endpoints)
    get_settings.cache_clear()
    for ref, sentence in {
        "api:here/model": "does not hand out weights",
        f"gguf:{bundled.gguf_file()}": "is a GGUF file",
        f"path:{tiny_model}+adapter": "merge them",
        f"path:{tiny_model}?quantize=nf4": "choose the method nf4",
    }.items():
        with pytest.raises(Unsupported) as caught:
            open_source(ref)
        assert sentence in str(caught.value)


def test_a_quantized_model_and_another_kind_of_model(tiny_model: Path, tmp_path: Path) -> None:
    packed = changed(tiny_model, tmp_path / "packed", quantization_config={"quant_method": "bitsandbytes"})
    with pytest.raises(Unsupported, match="is quantized already \\(bitsandbytes\\)"):
        open_source(f"path:{packed}")
    classifier = changed(tiny_model, tmp_path / "bert", architectures=["BertForSequenceClassification"])
    with pytest.raises(Unsupported, match="decoder-only"):
        open_source(f"path:{classifier}")


def test_missing_models_and_pickles_keep_their_own_sentences(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        open_source(f"path:{tmp_path / 'nowhere'}")
    shutil.copytree(tiny_model, tmp_path / "pickle")
    (tmp_path / "pickle" / "model.safetensors").rename(tmp_path / "pickle" / "pytorch_model.bin")
    with pytest.raises(LoupeError, match="unsafe weights"):
        open_source(f"path:{tmp_path / 'pickle'}")


def test_what_exists_is_never_written_over(tiny_model: Path) -> None:
    local_dir().mkdir(parents=True)
    (local_dir() / "taken").mkdir()
    (local_dir() / "file.gguf").write_text("mine")
    (local_dir() / "link").symlink_to("/nowhere")
    for name in ("taken", "file", "link"):
        for method in ("int8", "gguf"):
            with pytest.raises(Conflict, match="already"):
                check(CompressRequest.parse(method=method, name=name, model=f"path:{tiny_model}"))


def test_a_name_that_another_job_is_making_is_refused(tiny_model: Path) -> None:
    now = job_store.datetime.now(job_store.UTC)
    job_store.create(
        job_store.JobRow(
            id="a" * 20,
            kind=KIND,
            title="soon",
            status="queued",
            worker=processes.this_process("starter"),
            created_at=now,
            updated_at=now,
            request=json.dumps({"method": "int8", "name": "soon"}),
            result="{}",
        )
    )
    with pytest.raises(Conflict, match="A compression is making soon already; choose another name"):
        start(CompressRequest.parse(method="int8", name="soon", model=f"path:{tiny_model}"))


@pytest.mark.parametrize("size", [48, 96, 128])
def test_a_group_size_that_does_not_divide_is_said_before_anything_starts(tiny_model: Path, size: int) -> None:
    request = CompressRequest.parse(method="gptq", name="made", model=f"path:{tiny_model}", group_size=size)
    with pytest.raises(InvalidInput) as caught:
        check(request)
    assert f"group_size is {size}, which does not divide the width" in str(caught.value)
    assert "use 64" in str(caught.value)


def test_families_that_a_method_does_not_know(tiny_model: Path, tmp_path: Path) -> None:
    other = changed(tiny_model, tmp_path / "gpt", architectures=["GPT2LMHeadModel"], model_type="gpt2")
    with pytest.raises(Unsupported, match="GPT2LMHeadModel cannot be written as GGUF"):
        check(CompressRequest.parse(method="gguf", name="made", model=f"path:{other}"))
    config = json.loads((other / "config.json").read_text())
    config["n_head"] = config.pop("num_attention_heads")
    (other / "config.json").write_text(json.dumps(config))
    with pytest.raises(Unsupported, match="built like Llama"):
        check(CompressRequest.parse(method="prune", structure="heads", name="made", model=f"path:{other}"))


def test_layers_and_students_that_are_not_there(tiny_model: Path, tmp_path: Path) -> None:
    ref = f"path:{tiny_model}"
    for settings, sentence in [
        ({"layers": "0,5"}, "layers names 5"),
        ({"layers": "0,1"}, "would keep all 2 layers"),
        ({"samples": 1}, "at least 2"),
    ]:
        with pytest.raises(InvalidInput) as caught:
            check(CompressRequest.parse(method="distill", name="made", model=ref, **settings))
        assert sentence in str(caught.value)
    large = variant(tiny_model, tmp_path / "large", num_hidden_layers=3)
    small = variant(tiny_model, tmp_path / "small", num_hidden_layers=1)
    for teacher, student, sentence in [
        (tiny_model, tiny_model, "is the teacher itself; name another model."),
        (tiny_model, large, "is larger than its teacher (158,400 numbers against 121,408)"),
        (large, small, "sample_tokens is 512, more than the student's context of 256 tokens; lower it."),
    ]:
        with pytest.raises(InvalidInput) as caught:
            check(CompressRequest.parse(method="distill", name="x", model=f"path:{teacher}", student=f"path:{student}"))
        assert sentence in str(caught.value)
