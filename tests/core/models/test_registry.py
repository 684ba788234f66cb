"""The registry: what it lists, what it may delete, and that it stays light."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.errors import Conflict, InvalidInput, NotFound
from core.models import bundled, hub
from core.models.pool import get_pool
from core.models.reference import parse_ref
from core.models.registry import delete_model, list_models, local_dir
from core.settings import get_settings


@pytest.fixture
def local(tiny_model: Path) -> Path:
    return Path(shutil.copytree(tiny_model, local_dir() / "tiny"))


def test_a_fresh_machine_has_the_bundled_model() -> None:
    [info] = list_models()
    assert (info.ref, info.parameters, info.context_length, info.source) == ("smollm2", 134_515_008, 8192, "bundled")
    assert info.path is None and info.size_bytes == bundled.gguf_file().stat().st_size and not info.loaded


def test_local_folders_and_files_are_listed_with_what_their_headers_say(local: Path) -> None:
    (local_dir() / "smollm2.gguf").symlink_to(bundled.gguf_file())
    (local_dir() / "notes.txt").write_text("not a model")
    (local_dir() / ".hidden").mkdir()
    infos = {info.name: info for info in list_models()}
    assert infos["tiny"].context_length == 256 and infos["tiny"].path == str(local)
    assert infos["tiny"].parameters and infos["tiny"].backend == "transformers"
    gguf = infos["Smollm2 135M 8k Lc100K Mix1 Ep2"]
    assert (gguf.parameters, gguf.context_length, gguf.backend) == (134_515_008, 8192, "llamacpp")
    assert len(infos) == 3


def test_a_broken_model_is_listed_with_its_problem(local: Path) -> None:
    (local / "model.safetensors").write_bytes(b"nonsense")
    (local_dir() / "broken.gguf").write_bytes(b"GGUF" + bytes(10))
    problems = {info.name: info.problem for info in list_models()}
    assert "not a safetensors file" in (problems["tiny"] or "")
    assert "not a GGUF file" in (problems["broken"] or "")
    assert problems["SmolLM2-135M-Instruct"] is None


def test_downloads_carry_their_revision(tiny_model: Path) -> None:
    for ref in ("hf:org/tiny", "hf:org/tiny@refs/pr/1"):
        shutil.copytree(tiny_model, hub.download_folder(parse_ref(ref)))
    assert [info.ref for info in list_models()] == ["smollm2", "hf:org/tiny", "hf:org/tiny@refs/pr/1"]


def test_loaded_models_are_marked_wherever_they_come_from(local: Path, tiny_model: Path) -> None:
    with get_pool().lease(f"path:{local}?dtype=fp32"), get_pool().lease(f"path:{tiny_model}"):
        loaded = {info.ref: info.loaded for info in list_models()}
    assert loaded == {"smollm2": False, f"path:{local}": True, f"path:{tiny_model}": True}
    get_pool().unload(f"path:{local}?dtype=fp32")
    get_pool().unload(f"path:{tiny_model}")


def test_endpoints_of_the_settings_are_listed(loupe_home: Path) -> None:
    loupe_home.mkdir(parents=True)
    (loupe_home / "settings.toml").write_text(
        '[[endpoints]]\nname = "x"\nbase_url = "http://127.0.0.1:9/v1"\nmodels = ["a:1b", "org/b"]\n'
        'context_length = 4096\n[[endpoints]]\nname = "silent"\nbase_url = "http://127.0.0.1:9/v1"\n'
    )
    get_settings.cache_clear()
    refs = {info.ref: info for info in list_models(refresh_endpoints=True)}
    assert {"api:x/a:1b", "api:x/org/b"} < set(refs)
    assert refs["api:x/a:1b"].context_length == 4096 and refs["api:x/a:1b"].source == "endpoint x"
    assert all(parse_ref(ref) for ref in refs)


def test_delete_takes_only_what_is_loupes_own(local: Path, tiny_model: Path, tmp_path: Path) -> None:
    for ref, match in (
        (f"path:{tiny_model}", "lies outside"),
        (f"path:{get_settings().models_dir}", "lies outside"),
        (f"path:{local_dir()}", "lies outside"),
        ("api:x/y", "behind an endpoint"),
    ):
        with pytest.raises(InvalidInput, match=match):
            delete_model(ref)
    (local_dir() / "link").symlink_to(tiny_model)
    with pytest.raises(InvalidInput, match="lies outside"):  # what a link points to is not ours
        delete_model(f"path:{local_dir() / 'link'}")
    assert (tiny_model / "config.json").is_file()
    with get_pool().lease(f"path:{local}?dtype=bf16"), pytest.raises(Conflict, match="unload it"):
        delete_model(f"path:{local}")
    get_pool().unload(f"path:{local}?dtype=bf16")
    delete_model(f"path:{local}")
    assert not local.exists()
    for ref in ("smollm2", "hf:org/tiny", f"path:{local}"):
        with pytest.raises(NotFound):
            delete_model(ref)


def test_adapters_stand_under_the_model_they_were_made_for(local: Path) -> None:
    from core.models.adapters import library
    from tests.core.models.adapters.test_library import lora_files

    for name, base in {"mine": f"path:{local}", "other": "org/elsewhere", "small": "smollm2"}.items():
        lora_files(library.adapters_dir() / name, base)
    infos = list_models()
    assert [info.ref for info in infos] == ["smollm2", "smollm2+small", f"path:{local}", f"path:{local}+mine"]
    assert infos[3].name == "tiny + mine" and infos[3].source == "tuned: lora" and infos[3].context_length == 256
    assert infos[3].parameters == (infos[2].parameters or 0) + library.read("mine").parameters
    delete_model(f"path:{local}+mine")
    assert local.is_dir() and [each.name for each in library.list_adapters()] == ["other", "small"]
    with pytest.raises(InvalidInput, match="one by one"):
        delete_model("smollm2+small+other")


def test_a_model_with_an_adapter_is_loaded_and_its_base_is_not(local: Path) -> None:
    from core.models.adapters import library
    from tests.core.models.adapters.test_library import lora_files

    lora_files(library.adapters_dir() / "mine", f"path:{local}")
    with get_pool().lease(f"path:{local}+mine?dtype=fp32"):
        assert [info.ref for info in list_models() if info.loaded] == [f"path:{local}+mine"]
    get_pool().unload(f"path:{local}+mine?dtype=fp32")
