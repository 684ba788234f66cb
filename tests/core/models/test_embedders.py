"""Embedding models on this machine: the library's vectors, only faster; and what is refused before it is loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidInput, ModelFailed, ModelLoadError, NotFound, UnsafeModel
from core.models import embedding, hub
from core.models.embedders import canonical, forget, get_embedder
from core.models.embedders.local import LocalEmbedder
from core.models.reference import parse_ref
from tests.core.models.tiny_bert import make_embedder, write

TEXTS = ["How many lenses?", "", "Light bends. " * 200, "東京 naïve 🙂", "a lens", "apple " * 20]


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    forget()


@pytest.fixture(scope="module")
def minilm() -> LocalEmbedder:
    from core.models.embedders.local import load_minilm

    return load_minilm()


def plainly(folder: Path, texts: list[str], task: str = "document") -> np.ndarray:
    """What sentence-transformers itself gives."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    encode = model.encode_query if task == "query" else model.encode_document
    return np.asarray(encode(texts, normalize_embeddings=True, show_progress_bar=False))


def test_the_bundled_model_gives_the_librarys_vectors(minilm: LocalEmbedder) -> None:
    assert (minilm.ref, minilm.dimension, minilm.max_tokens, minilm.special_tokens) == ("minilm", 384, 256, 2)
    expected = plainly(embedding.folder(), TEXTS)
    for found in (minilm.encode_documents(TEXTS), minilm.encode_queries(TEXTS)):
        assert found.dtype == np.float32 and found.shape == (len(TEXTS), 384)
        assert np.abs(found - expected).max() < 1e-6
    assert np.abs(minilm.encode_queries(TEXTS[:1]) - expected[:1]).max() < 1e-6, "a text alone, a text in a crowd"
    assert minilm.encode_documents([]).shape == (0, 384)


def test_tokens_are_counted_without_marks_and_beyond_what_is_read(minilm: LocalEmbedder) -> None:
    long = "light " * 1_000
    assert minilm.count([long, "", "Größe"]) == [1_000, 0, len(minilm.token_offsets("Größe"))]
    offsets = minilm.token_offsets("Größe, naïve 🙂 東京!")
    assert offsets[0][0] == 0 and offsets[-1] == (17, 18)
    assert all(start < end for start, end in offsets) and offsets == sorted(offsets)


def test_threads_share_one_model_and_get_what_each_would_alone(tmp_path: Path) -> None:
    folder = make_embedder(tmp_path / "tiny")
    texts = [[f"light bends lens{'s' * (number % 3)} " * (number % 9 + 1)] * (number % 4 + 1) for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        embedders = list(threads.map(lambda _: get_embedder(f"path:{folder}"), range(8)))
        assert len({id(embedder) for embedder in embedders}) == 1
        found = list(threads.map(embedders[0].encode_documents, texts))
        counts = list(threads.map(embedders[0].count, texts))
    for each, vectors, count in zip(texts, found, counts, strict=True):
        assert np.abs(vectors - embedders[0].encode_documents(each)).max() < 1e-6
        assert count == embedders[0].count(each)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("include_prompt", [True, False])
def test_prompts_and_pooling_are_the_models_own(tmp_path: Path, pooling: str, include_prompt: bool) -> None:
    folder = make_embedder(tmp_path / "tiny", prompts=True, pooling=pooling, include_prompt=include_prompt)
    embedder = get_embedder(f"path:{folder}")
    assert (embedder.dimension, embedder.max_tokens, embedder.special_tokens) == (32, 64, 4)
    queries, documents = embedder.encode_queries(TEXTS), embedder.encode_documents(TEXTS)
    assert np.abs(queries - plainly(folder, TEXTS, "query")).max() < 1e-6
    assert np.abs(documents - plainly(folder, TEXTS)).max() < 1e-6
    assert np.abs(queries - documents).max() > 1e-3, "a prompt makes a difference"
    assert np.allclose(np.linalg.norm(documents, axis=1), 1, atol=1e-5)


def test_a_download_is_found_by_its_reference(tmp_path: Path) -> None:
    ref = parse_ref("hf:org/tiny@main")
    with pytest.raises(NotFound, match="download it"):
        get_embedder("hf:org/tiny@main")
    folder = hub.download_folder(ref)
    folder.parent.mkdir(parents=True)
    make_embedder(folder)
    embedder = get_embedder("hf:org/tiny@main")
    assert (embedder.ref, embedder.name) == ("hf:org/tiny@main", "org/tiny")
    assert embedder is get_embedder("hf:org/tiny@main")


def test_a_plain_transformers_folder_is_pooled_by_the_mean(tmp_path: Path) -> None:
    folder = make_embedder(tmp_path / "tiny")
    for name in ("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"):
        (folder / name).unlink()
    found = get_embedder(f"path:{folder}").encode_documents(TEXTS[:2])
    assert np.abs(found - plainly(folder, TEXTS[:2])).max() < 1e-6


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("smollm2", "not an embedding model; write minilm, hf:ORG"),
        ("minilm2", "not a model reference"),
        ("hf:a/b+adapter", "leave out"),
        ("hf:a/b?dtype=bf16", "leave out"),
        ("", "empty"),
    ],
)
def test_what_is_no_embedding_model_is_refused(ref: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        canonical(ref)
    with pytest.raises(InvalidInput, match=said):
        get_embedder(ref)


def test_references_have_one_form() -> None:
    assert canonical(" minilm ") == "minilm" and canonical("hf:a/b@v1") == "hf:a/b@v1"
    assert canonical("api:e/m") == "api:e/m"
    with pytest.raises(NotFound):
        canonical("path:/no/such/folder")


def _module(folder: Path, **values: str) -> None:
    modules = json.loads((folder / "modules.json").read_text())
    modules[1] |= values
    write(folder / "modules.json", modules)


def _foreign(folder: Path) -> None:
    _module(folder, type="modeling_evil.Evil")
    (folder / "modeling_evil.py").write_text("raise SystemExit('ran')")


def _router(folder: Path) -> None:
    _module(folder, type="sentence_transformers.models.Router")


def _outside(folder: Path) -> None:
    _module(folder, path="../elsewhere")


def _link(folder: Path) -> None:
    (folder / "1_Pooling" / "more.json").symlink_to("/etc/passwd")


def _pickle(folder: Path) -> None:
    _module(folder, type="sentence_transformers.models.Dense")
    (folder / "1_Pooling" / "pytorch_model.bin").write_bytes(b"\x80\x04.")


def _only_pickle(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _code(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    write(folder / "config.json", config | {"auto_map": {"AutoModel": "modeling_evil.Evil"}})


def _arguments(folder: Path) -> None:
    write(folder / "sentence_bert_config.json", {"model_args": {"trust_remote_code": True}})


def _no_list(folder: Path) -> None:
    write(folder / "modules.json", {"a": 1})


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_foreign, "code from outside sentence-transformers"),
        (_router, "'Router', which Loupe does not load"),
        (_outside, "not a folder beside it"),
        (_link, "link out of the model's folder"),
        (_pickle, "unsafe weights only"),
        (_only_pickle, "unsafe weights only"),
        (_code, "auto_map"),
        (_arguments, "trust_remote_code"),
        (_no_list, "not a list of modules"),
    ],
)
def test_what_could_run_code_is_refused_before_it_is_loaded(tmp_path: Path, damage, said: str) -> None:
    folder = make_embedder(tmp_path / "tiny")
    damage(folder)
    with pytest.raises(UnsafeModel, match=said):
        get_embedder(f"path:{folder}")


def test_a_missing_part_is_named_instead_of_guessed(tmp_path: Path) -> None:
    folder = make_embedder(tmp_path / "tiny", pooling="cls")
    (folder / "1_Pooling" / "config.json").unlink()
    with pytest.raises(NotFound, match=r"1_Pooling/config\.json"):
        get_embedder(f"path:{folder}")


def test_files_that_cannot_be_loaded_are_one_sentence(tmp_path: Path) -> None:
    folder = make_embedder(tmp_path / "tiny")
    write(folder / "config.json", {"model_type": "no-such-architecture"})
    with pytest.raises(ModelLoadError, match="could not be loaded") as caught:
        get_embedder(f"path:{folder}")
    assert "\n" not in str(caught.value)


def test_damaged_weights_give_no_vectors(tmp_path: Path) -> None:
    import torch

    embedder = get_embedder(f"path:{make_embedder(tmp_path / 'tiny')}")
    assert isinstance(embedder, LocalEmbedder)
    with torch.no_grad():
        next(embedder._model.parameters()).fill_(float("nan"))
    with pytest.raises(ModelFailed, match="not made of finite numbers"):
        embedder.encode_documents(["a lens"])
