"""What is promised before is what is written after, within a few percent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.compression import CompressRequest, estimate
from core.compression.source import open_source
from core.compression.storage import weight_data_bytes
from core.models import safety
from core.models.gguf_header import read_header
from tests.core.compression.conftest import Compress


@pytest.mark.parametrize(
    "settings",
    [
        {"method": "int8"},
        {"method": "gguf", "precision": "q4_0"},
        {"method": "gguf", "precision": "f16"},
        {"method": "prune", "criterion": "magnitude"},
        {"method": "prune", "criterion": "magnitude", "structure": "heads"},
        {"method": "prune", "criterion": "magnitude", "structure": "channels", "sparsity": 0.3},
        {"method": "prune", "criterion": "magnitude", "structure": "layers"},
    ],
)
def test_the_promise_is_kept(compress: Compress, tiny_model: Path, settings: dict[str, Any]) -> None:
    source = open_source(f"path:{tiny_model}")
    promised = estimate(CompressRequest.parse(name="made", model=source.ref, **settings), source)
    made = Path(compress(**settings)["path"])
    written = made.stat().st_size - read_header(made).data_offset if made.is_file() else weight_data_bytes(made)
    assert promised.before == weight_data_bytes(tiny_model)
    assert promised.after == pytest.approx(written, rel=0.02)


@pytest.mark.parametrize("settings", [{"method": "gptq"}, {"method": "distill", "student": True}])
def test_headers_are_read_a_few_times_however_many_tensors_there_are(
    compress: Compress, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    """A page estimates at every draw."""
    if settings.get("student"):
        half = compress("prune", criterion="magnitude", structure="layers")
        settings = settings | {"student": half["ref"]}
    source, read = open_source(f"path:{tiny_model}"), []
    whole = safety.safetensors_tensors
    monkeypatch.setattr(safety, "safetensors_tensors", lambda file: read.append(file) or whole(file))
    promised = estimate(CompressRequest.parse(name="made", model=source.ref, **settings), source)
    assert len(read) <= 3
    if settings.get("student"):
        assert promised.after == weight_data_bytes(Path(half["path"]))


def test_published_bits_are_promised(tiny_model: Path) -> None:
    """Over the linear layers: 4.5 and 4.127 bits (QLoRA), 4 bits and a scale a group (GPTQ)."""
    source = open_source(f"path:{tiny_model}")
    linear, rest = 73_728, (121_408 - 73_728) * 4
    for settings, bits in [
        ({"method": "nf4"}, 4.5),
        ({"method": "nf4", "double_quantization": True}, 4.127),
        ({"method": "gptq", "group_size": 32}, 5.0),
    ]:
        promised = estimate(CompressRequest.parse(name="made", model=source.ref, **settings), source)
        assert promised.after == pytest.approx(linear * bits / 8 + rest, rel=1e-3)
