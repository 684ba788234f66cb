"""The key of a call: everything that matters changes it, nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.documents.settings import RetrievalSettings
from core.evals.running.fingerprints import ABSENT, Fingerprints
from core.evals.running.keys import failed_key, key_of
from core.evals.variant import Request
from core.models import bundled
from core.settings import get_settings
from core.store import collections
from tests.core.evals.running.conftest import variant

VALUES = {"question": "2 + 2"}


def key(request: Request, **more: Any) -> str:
    return key_of(request, Fingerprints(), **more)


def asked(**fields: Any) -> Request:
    return variant(**fields).request(VALUES)


@pytest.mark.parametrize(
    "other",
    [
        {"model": "smollm2?dtype=fp32"},
        {"prompt": "Q:  {{question}}"},
        {"mode": "completion"},
        {"temperature": 0.5},
        {"temperature": 0.5, "seed": 1},
        {"max_tokens": 9},
        {"min_tokens": 1},
        {"repetition_penalty": 1.1},
        {"presence_penalty": 0.1},
        {"frequency_penalty": 0.1},
        {"no_repeat_ngram_size": 2},
        {"stop": ("x",)},
        {"num_beams": 2},
        {"technique": "zero-shot"},
        {"technique": "few-shot"},
        {"technique": "few-shot", "technique_options": {"shots": 2}},
        {"technique": "few-shot", "technique_options": {"examples": "facts"}},
        {"technique": "few-shot", "technique_options": {"order": "reversed"}},
    ],
)
def test_what_is_asked_changes_the_key(other: dict[str, Any]) -> None:
    assert key(asked(**other)) != key(asked())


def test_all_those_keys_differ_from_each_other() -> None:
    requests = [asked(temperature=each / 10, seed=seed) for each in range(1, 4) for seed in range(3)]
    assert len({key(each) for each in requests}) == 9


def test_the_input_and_the_repeat_of_a_drawn_answer_change_the_key() -> None:
    drawn = variant(temperature=1)
    assert key(drawn.request({"question": "2 + 3"})) != key(drawn.request(VALUES))
    assert key(drawn.request(VALUES, 1)) != key(drawn.request(VALUES))
    assert key(asked()) == key(variant().request(VALUES, 1))  # greedy: the same answer again
    voting = variant(technique="self-consistency")
    assert key(voting.request(VALUES, 1)) != key(voting.request(VALUES))  # it draws at temperature 0 too


def test_names_change_nothing() -> None:
    assert key(asked(name="another name")) == key(asked()) == key(variant().request(VALUES | {"other": 1}))
    assert len(key(asked())) == 64


def test_a_salt_and_a_failure_have_keys_of_their_own() -> None:
    first = key(asked())
    assert (
        len({first, key(asked(), salt="a"), key(asked(), salt="b"), failed_key(first, "a"), failed_key(first, "b")})
        == 5
    )


def test_other_weights_or_another_configuration_change_the_key(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    seen = [key(asked(model=f"path:{folder}"))]
    config = folder / "config.json"
    config.write_text(config.read_text() + " ")
    seen.append(key(asked(model=f"path:{folder}")))
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1  # same size, another number
    weights.write_bytes(content)
    seen.append(key(asked(model=f"path:{folder}")))
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    seen.append(key(asked(model=f"path:{folder}")))
    assert len(set(seen)) == 4
    assert key(asked(model=f"path:{folder}")) == seen[-1]


def test_large_weights_count_by_size_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setattr("core.evals.running.fingerprints.READ_BYTES", 3)
    file = tmp_path / "model.gguf"
    file.write_bytes(b"weights")
    first = Fingerprints().model(f"gguf:{file}")
    os.utime(file, ns=(1, 1))
    assert Fingerprints().model(f"gguf:{file}") != first


def test_the_bundled_model_counts_alike_before_and_after_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Fingerprints().model("smollm2")
    assert first != ABSENT
    monkeypatch.setattr(bundled, "converted", lambda: Path("/somewhere"))
    assert Fingerprints().model("smollm2") == first


def test_what_is_absent_has_no_fingerprint() -> None:
    assert Fingerprints().model("hf:nobody/nothing") == ABSENT
    assert Fingerprints().model("api:nowhere/x") == ABSENT


def test_an_endpoint_counts_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def at(address: str, extras: str = "[]") -> str:
        monkeypatch.setenv("LOUPE_ENDPOINTS", f'[{{"name": "e", "base_url": "{address}", "extras": {extras}}}]')
        get_settings.cache_clear()
        return key(asked(model="api:e/m"))

    first = at("http://127.0.0.1:1/v1")
    assert len({first, at("http://127.0.0.1:2/v1"), at("http://127.0.0.1:1/v1", '["top_k"]')}) == 3
    assert at("http://127.0.0.1:1/v1") == first


def test_another_wording_changes_the_key(loupe_home: Path) -> None:
    prompts = loupe_home / "prompts"
    prompts.mkdir(parents=True)
    own = prompts / "mine.prompt.yml"
    options = {"technique": "zero-shot", "technique_options": {"prompt": "mine"}}
    own.write_text("messages:\n  - role: user\n    content: 'Q: {{question}}'\n")
    first = key(asked(**options))
    own.write_text("messages:\n  - role: user\n    content: 'Question: {{question}}'\n")
    assert len({first, key(asked(**options)), key(asked(technique="zero-shot"))}) == 3


def test_other_examples_change_the_key(tmp_path: Path) -> None:
    shots = tmp_path / "shots.jsonl"
    options = {"technique": "few-shot", "technique_options": {"examples": str(shots)}}
    shots.write_text('{"question": "1+1", "answer": "2"}\n')
    first = key(asked(**options))
    shots.write_text('{"question": "1+1", "answer": "3"}\n')
    assert key(asked(**options)) != first


def test_a_collection_counts_by_its_revision() -> None:
    row = collections.create("Handbook", embedding="minilm", splitter="{}")
    first = key(asked(collection="Handbook"))
    assert key(asked(collection="Handbook", retrieval=RetrievalSettings(k=2))) != first
    assert key(asked(collection="Handbook")) == first
    collections.touch(row.id)
    changed = key(asked(collection="Handbook"))
    collections.delete(row.id)
    collections.create("Handbook", embedding="minilm", splitter="{}")
    assert len({first, changed, key(asked(collection="Handbook"))}) == 3


def test_a_folder_of_texts_counts_by_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text("The sun is a star.")
    options = {"technique": "react", "technique_options": {"collection": str(folder)}}
    first = key(asked(**options))
    (folder / "b.txt").write_text("So is Vega.")
    assert key(asked(**options)) != first
