"""Model references: what parses, what is refused, and that the canonical form parses to itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput, LoupeError, NotFound
from core.models.reference import ModelRef, parse_ref


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smollm2", ModelRef("bundled")),
        (" smollm2 ", ModelRef("bundled")),
        ("hf:HuggingFaceTB/SmolLM2-135M", ModelRef("hf", name="HuggingFaceTB/SmolLM2-135M")),
        ("hf:a/b@refs/pr/1", ModelRef("hf", name="a/b", revision="refs/pr/1")),
        ("hf:a/b.c@v1.0?dtype=fp16", ModelRef("hf", name="a/b.c", revision="v1.0", dtype="fp16")),
        ("api:local/llama3.2:3b", ModelRef("api", endpoint="local", name="llama3.2:3b")),
        ("api:vllm/meta-llama/Llama-3@x", ModelRef("api", endpoint="vllm", name="meta-llama/Llama-3@x")),
        ("smollm2?dtype=bf16&quantize=nf4", ModelRef("bundled", dtype="bf16", quantize="nf4")),
        (
            "smollm2+tone*0.5+style?dtype=fp32",
            ModelRef("bundled", adapters=(("tone", 0.5), ("style", 1.0)), dtype="fp32"),
        ),
    ],
)
def test_every_kind_parses_to_its_parts_and_back(text: str, expected: ModelRef) -> None:
    assert parse_ref(text) == expected
    assert parse_ref(str(expected)) == expected


def test_canonical_form_does_not_depend_on_the_order_of_options() -> None:
    assert str(parse_ref("smollm2?quantize=nf4&dtype=bf16")) == str(parse_ref("smollm2?dtype=bf16&quantize=nf4"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "../../etc",
        "/etc/passwd",
        "C:\\",
        "C:\\models\\x",
        "a/b/c",
        "http://evil.example/model",
        "https://huggingface.co/a/b",
        "; rm -rf /",
        "$(touch x)",
        "--flag",
        "x" * 10_240,
        "hf:" + "x" * 10_240,
        "hf:a/b/c",
        "hf:../../etc",
        "hf:a/..",
        "hf:a/b..c",
        "hf:a",
        "hf:/b",
        "hf:a/b@",
        "hf:a/b@../x",
        "hf:a/b\x00",
        "hf:a/b\nc",
        "hf:a/b ",
        "hf:оpenai/gpt",  # a Cyrillic о
        "hf:a/b\u202e",
        "hf:a\uff0fb",
        "\ud800",
        "api:",
        "api:x",
        "api:x/",
        "api:http://evil/x",
        "api:x/y?dtype=fp32",
        "smollm2?dtype=int3",
        "smollm2?dtype",
        "smollm2?unknown=1",
        "smollm2?dtype=fp32&dtype=bf16",
        "smollm2?trust_remote_code=1",
        "smollm2+",
        "smollm2+../x",
        "smollm2+a*",
        "smollm2+a*nan",
        "smollm2+a*1e9",
        "smollm2+a*99",
        "SMOLLM2",
        "path:",
        "gguf:",
        "path:/no/such/folder",
        "gguf:/no/such/file.gguf",
        "path:" + "x" * 5000,
        "path:\x00",
        "path:~nobody-of-this-name/x",
    ],
)
def test_bad_references_are_one_clear_sentence(text: str) -> None:
    if text == "hf:a/b ":  # surrounding spaces are forgiven
        assert parse_ref(text).name == "a/b"
        return
    with pytest.raises((InvalidInput, NotFound)) as caught:
        parse_ref(text)
    sentence = str(caught.value)
    assert sentence.endswith((".", "?")) and "\n" not in sentence and len(sentence) < 400
    assert sentence.isascii() or "…" in sentence or "–" in sentence


def test_look_alike_letters_give_themselves_away() -> None:
    with pytest.raises(InvalidInput, match=r"\\u043e"):
        parse_ref("hf:оpenai/gpt")


def test_a_hub_id_without_prefix_is_suggested() -> None:
    with pytest.raises(InvalidInput, match="did you mean hf:a/b"):
        parse_ref("a/b")


def test_local_paths_are_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "w.gguf").touch()
    monkeypatch.chdir(tmp_path)
    assert parse_ref("path:m").path == tmp_path / "m"
    assert parse_ref(f"path:{tmp_path}/./m/../m").path == tmp_path / "m"
    assert parse_ref("gguf:w.gguf").path == tmp_path / "w.gguf"
    with pytest.raises(InvalidInput, match="folder"):
        parse_ref("path:w.gguf")
    with pytest.raises(InvalidInput, match="not a file"):
        parse_ref("gguf:m")
    with pytest.raises(InvalidInput, match="precision"):
        parse_ref("gguf:w.gguf?dtype=fp32")


def test_what_exists_on_disk_is_the_path_even_with_signs_in_it(tmp_path: Path) -> None:
    for name in ("a", "a+b", "a+b?dtype=fp32"):
        (tmp_path / name).mkdir()
    whole = parse_ref(f"path:{tmp_path}/a+b?dtype=fp32")
    assert whole.path == tmp_path / "a+b?dtype=fp32" and whole.dtype is None
    plus = parse_ref(f"path:{tmp_path}/a+b?dtype=bf16")
    assert plus.path == tmp_path / "a+b" and plus.dtype == "bf16"
    adapter = parse_ref(f"path:{tmp_path}/a+c*0.5")
    assert adapter.path == tmp_path / "a" and adapter.adapters == (("c", 0.5),)
    assert parse_ref(str(adapter)) == adapter


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40) | st.from_regex(r"(hf|api|path|gguf|smollm2)[:+?@/*=.a-z0-9]{0,20}", fullmatch=True))
def test_any_text_is_a_reference_or_a_sentence(text: str) -> None:
    try:
        ref = parse_ref(text)
    except LoupeError as error:
        assert "\n" not in str(error)
    else:
        assert parse_ref(str(ref)) == ref
