"""The library of adapters, without torch; and what is refused, one sentence each, before any weights are read."""

from __future__ import annotations

import json
import pickle
import shutil
import struct
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, InvalidInput, LoupeError, ModelLoadError, NotFound, UnsafeModel, Unsupported
from core.models.adapters import library
from core.models.loaders import load
from core.models.pool import get_pool
from core.models.reference import parse_ref
from tests.core.models.adapters.conftest import Make
from tests.marks import quick

ROOT = Path(__file__).parents[4]


def edit(folder: Path, **changes: Any) -> None:
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def lora_files(folder: Path, base: str) -> None:
    """A LoRA adapter for the shapes of the tiny model, of rank 2, without PEFT."""
    import torch
    from safetensors.torch import save_file

    name = "base_model.model.model.layers.0.self_attn.q_proj"
    folder.mkdir(parents=True)
    tensors = {f"{name}.lora_A.weight": torch.ones(2, 64), f"{name}.lora_B.weight": torch.ones(64, 2)}
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 2, "lora_alpha": 2, "target_modules": ["q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": base}))


@pytest.fixture
def plain(make: Make) -> Path:
    """A LoRA adapter of the tiny model in the library, under the name `plain`."""
    target = library.adapters_dir() / "plain"
    shutil.copytree(make("lora"), target)
    return target


def test_a_name_and_a_path_are_the_same_adapter(plain: Path, tiny_model: Path) -> None:
    named, by_path = library.read("plain"), library.read(str(plain))
    assert (named.name, by_path.name, named.folder) == ("plain", str(plain), by_path.folder)
    assert (named.method, named.size, named.base) == ("lora", 4, str(tiny_model))
    assert named.parameters == 2 * 4 * ((64 + 64) + (64 + 32) + (128 + 64))  # two layers of q, v and down
    assert named.size_bytes == sum(file.stat().st_size for file in plain.iterdir())
    load(parse_ref(f"path:{tiny_model}+plain")).close()
    load(parse_ref(f"path:{tiny_model}+{plain}")).close()


def test_the_list_names_what_is_broken_and_hides_what_is_being_written(plain: Path, make: Make) -> None:
    shutil.copytree(make("ia3"), library.adapters_dir() / "b")
    shutil.copytree(plain, library.adapters_dir() / ".being-written")
    shutil.copytree(plain, library.adapters_dir() / "a")
    (library.adapters_dir() / "a" / "adapter_config.json").unlink()
    (library.adapters_dir() / "file").write_text("x")
    found = library.list_adapters()
    assert [(each.name, each.method) for each in found if not each.problem] == [("b", "ia3"), ("plain", "lora")]
    [broken] = [each for each in found if each.problem]
    assert broken.name == "a" and "adapter_config.json" in (broken.problem or "")


def test_listing_loads_nothing_heavy(plain: Path) -> None:
    program = (
        "import sys\nfrom core.models.adapters.library import list_adapters\n"
        "heavy = [name for name in ('torch', 'peft', 'transformers') if name in sys.modules]\n"
        "print([each.name for each in list_adapters()], heavy)"
    )
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert child.stdout.strip() == "['plain'] []"


def test_deleting(plain: Path, tiny_model: Path, tmp_path: Path) -> None:
    ref = f"path:{tiny_model}+plain"
    get_pool().load(ref)
    with pytest.raises(Conflict, match=r"is loaded; unload it before deleting the adapter plain"):
        library.delete("plain")
    get_pool().unload(ref)
    outside = tmp_path / "outside"
    shutil.copytree(plain, outside)
    with pytest.raises(InvalidInput, match="lies outside"):
        library.delete(str(outside))
    library.delete("plain")
    assert outside.is_dir() and not plain.exists() and list(library.adapters_dir().iterdir()) == []
    with pytest.raises(NotFound, match="no adapter plain"):
        library.delete("plain")


@pytest.mark.parametrize(
    "name", ["../x", "..", "-flag", "$(touch x)", "a b", "x" * 65, "ünïcode", "", ".hidden", "a\nb"]
)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(LoupeError) as caught:
        library.read(name)
    assert "\n" not in str(caught.value)
    with pytest.raises(LoupeError):
        library.delete(name)


class Payload:
    """What a pickle would run."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (Path.touch, (self.canary,))


def test_pickled_weights_are_refused_and_never_opened(plain: Path, tiny_model: Path, tmp_path: Path) -> None:
    (plain / "adapter_model.safetensors").unlink()
    (plain / "adapter_model.bin").write_bytes(pickle.dumps(Payload(tmp_path / "canary")))
    with pytest.raises(UnsafeModel, match=r"unsafe weights only \(adapter_model.bin\)"):
        load(parse_ref(f"path:{tiny_model}+plain"))
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    "config",
    [
        {"auto_map": {"AutoModel": "x.py"}},
        {"auto_mapping": {"parent_library": "os", "base_model_class": "system"}},
        {"auto_mapping": "evil"},
        {"trust_remote_code": True},
        {"megatron_config": {"a": 1}, "megatron_core": "antigravity"},
        {"layer_replication": [[0, 10**9]]},
        {"rank_pattern": {"(a+)+$": 4}},
        {"alpha_pattern": [1]},
    ],
)
def test_a_configuration_that_asks_for_more_than_an_adapter_is_refused(config: dict[str, Any], plain: Path) -> None:
    edit(plain, **config)
    with pytest.raises(UnsafeModel) as caught:
        library.read("plain")
    assert "\n" not in str(caught.value)


def test_what_peft_writes_without_a_task_is_let_pass(plain: Path) -> None:
    edit(plain, auto_mapping={"parent_library": "transformers.models.llama.modeling_llama", "base_model_class": "x"})
    assert library.read("plain").method == "lora"


def test_links_are_refused(plain: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.safetensors"
    shutil.copy(plain / "adapter_model.safetensors", secret)
    (library.adapters_dir() / "linked").symlink_to(tmp_path)
    (plain / "adapter_model.safetensors").unlink()
    (plain / "adapter_model.safetensors").symlink_to(secret)
    for name in ("plain", "linked"):
        with pytest.raises(UnsafeModel, match="link"):
            library.read(name)
    library.delete("linked")
    assert secret.is_file()


def test_weights_that_lie_are_refused(plain: Path) -> None:
    file = plain / "adapter_model.safetensors"
    whole = file.read_bytes()
    for broken in (whole[:-1], struct.pack("<Q", 2**63) + whole[8:], b"", b"\x00" * 100):
        file.write_bytes(broken)
        with pytest.raises(UnsafeModel):
            library.read("plain")
    (plain / "adapter_config.json").write_text("[" * 10_000)
    with pytest.raises(UnsafeModel):
        library.read("plain")


# Adapters that are not for this model.


def refused(ref: str) -> str:
    """The sentence; the model that is loaded already answers as before."""
    with pytest.raises(ModelLoadError) as caught:
        load(parse_ref(ref))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("method", quick(["lora", "ia3", "prompt-tuning", "prefix-tuning"], "lora"))
def test_an_adapter_of_another_size_names_both_models_and_leaves_the_loaded_one_alone(
    method: str, tiny_model: Path, tmp_path: Path, make: Make
) -> None:
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    other = tmp_path / "other"
    LlamaForCausalLM(
        LlamaConfig(vocab_size=300, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2)
    ).save_pretrained(other)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(other)
    adapter = Path(make(method, base=other))
    ids = torch.tensor([[5, 6, 7]])
    with get_pool().lease(f"path:{tiny_model}?dtype=fp32") as model:
        before = model.model(ids).logits  # type: ignore[attr-defined]
        said = refused(f"path:{tiny_model}+{adapter}")
        assert f"was made for {other} and not for path:{tiny_model}" in said and "base_model_name_or_path" in said
        edit(adapter, base_model_name_or_path="/gone/elsewhere")  # of another machine: then the shapes must tell
        said = refused(f"path:{tiny_model}+{adapter}")
        assert f"made for /gone/elsewhere, does not fit path:{tiny_model}: " in said
        assert torch.equal(model.model(ids).logits, before)  # type: ignore[attr-defined]


def test_the_recorded_base_counts_where_it_can_be_known(tiny_model: Path, plain: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_model, tmp_path / "copy")
    ref = f"path:{tiny_model}+plain"
    for same in (
        str(tiny_model),
        f"path:{tiny_model}",
        str(copy),
        None,
        "",
        "/gone/elsewhere",
        f"org/{tiny_model.name}",
    ):
        edit(plain, base_model_name_or_path=same)
        load(parse_ref(ref)).close()
    for other in ("org/another-model", "hf:org/another", "smollm2", "HuggingFaceTB/SmolLM2-135M"):
        edit(plain, base_model_name_or_path=other)
        assert f"was made for {other} and not for path:{tiny_model}" in refused(ref)
    from tests.conftest import make_tiny_model

    twin = make_tiny_model(tmp_path / "twin", seed=7)  # the same shapes, other weights
    edit(plain, base_model_name_or_path=str(twin))
    assert f"was made for {twin}" in refused(ref)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"r": 8}, "configuration says rank 8 and its weights have rank 4"),
        ({"r": 10**9}, "rank"),
        ({"r": 4, "rank_pattern": {"q_proj": 10**9}}, "rank"),
        ({"peft_type": "NONSENSE"}, "NONSENSE"),
        ({"peft_type": "PROMPT_TUNING"}, "prompt_embeddings"),
    ],
)
def test_a_configuration_that_does_not_fit_its_weights(
    change: dict[str, Any], match: str, tiny_model: Path, plain: Path
) -> None:
    edit(plain, **change)
    assert match in refused(f"path:{tiny_model}+plain")


def test_missing_and_foreign_tensors_are_named(tiny_model: Path, plain: Path) -> None:
    from safetensors.torch import load_file, save_file

    file = plain / "adapter_model.safetensors"
    tensors = load_file(file)
    name = next(name for name in tensors if "lora_B" in name)
    save_file({key: value for key, value in tensors.items() if key != name}, file)
    assert f"lack 1 of its tensors, such as {name}" in refused(f"path:{tiny_model}+plain")
    save_file({key.replace("layers.0", "layers.7"): value for key, value in tensors.items()}, file)
    assert "no such module" in refused(f"path:{tiny_model}+plain")


def test_what_does_not_combine_says_why(tiny_model: Path, plain: Path, make: Make) -> None:
    ia3, soft, prefix = make("ia3"), make("prompt-tuning"), make("prefix-tuning")
    for adapters, match in {
        f"plain+{ia3}": "different methods do not combine",
        f"plain+{soft}": "different methods do not combine",
        f"{soft}*0.5": "takes no weight",
        f"{soft}+{prefix}": "different methods do not combine",
        f"{soft}+{make('prompt-tuning', seed=2)}": "do not combine",
        "plain+plain": "stands twice",
    }.items():
        with pytest.raises(Unsupported, match=match) as caught:
            load(parse_ref(f"path:{tiny_model}+{adapters}"))
        assert "\n" not in str(caught.value)


def test_what_is_not_there_is_said(tiny_model: Path, plain: Path) -> None:
    with pytest.raises(NotFound, match=r"There is no adapter nothing.*loupe adapters list"):
        load(parse_ref(f"path:{tiny_model}+nothing"))
    with pytest.raises(NotFound, match="loupe models --download hf:org/gone"):
        load(parse_ref("hf:org/gone+plain"))


@pytest.mark.parametrize("options", ["", "&quantize=nf4"])
@pytest.mark.parametrize("method", quick(["lora", "prompt-tuning", "prefix-tuning"], "lora"))
def test_nothing_holds_a_model_that_was_unloaded(method: str, options: str, tiny_model: Path, make: Make) -> None:
    from core.generation.engines.transformers import attached

    ref = f"path:{tiny_model}+{make(method)}?dtype=fp32{options}"
    with get_pool().lease(ref) as model:
        attached(model)  # type: ignore[arg-type]
        weights: Any = weakref.ref(model.model.get_input_embeddings().weight)  # type: ignore[attr-defined]
        inner: Any = weakref.ref(model.model.get_decoder())  # type: ignore[attr-defined]
    del model
    assert weights() is not None
    get_pool().unload(ref)
    assert weights() is None and inner() is None
