"""Ways on from the page Compress under AppTest: the guided paths, sizes matched, what is handed to Fine-tune."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from core.compression import CompressRequest, estimate
from core.compression.source import open_source
from core.models.registry import local_dir
from core.tuning.methods import METHODS
from pages.shared import model_picker
from pages.shared.compression import draft, guides, session, size_match
from pages.shared.tuning import draft as tuning
from tests.pages.compress_pages import (
    click,
    compressed,
    drawn,
    fresh,
    model,
    page,
    texts,
    with_method,
)

__all__ = ["fresh", "model"]


def test_pruned_models_are_handed_to_fine_tune(model: Path) -> None:
    _, result = compressed(model, "prune", "idle", criterion="magnitude", sparsity=0.5)
    app = page(model, state={session.VIEW: session.GUIDES})
    said = texts(app)
    assert ("stays in force" in said) == ("keep_zeros" in METHODS["full"].options)
    assert ("does not hold the mask yet" in said) != ("keep_zeros" in METHODS["full"].options)
    app.button(key="compress_retrain").click()
    drawn(app)
    assert app.session_state[tuning.MODEL] == result["ref"]
    assert app.session_state[tuning.METHOD] == "full"


def test_the_original_teaches_a_pruned_model(model: Path) -> None:
    _, result = compressed(model, "prune", "idle", criterion="magnitude", sparsity=0.5)
    app = click(page(model, state={session.VIEW: session.GUIDES}), "compress_reteach")
    assert app.session_state[draft.METHOD] == "distill"
    assert app.get_by_key(draft.field("student")).value == result["ref"]
    assert "more than the student's context of 256 tokens" in texts(app)
    app.get_by_key(draft.field("sample_tokens")).set_value(64)
    drawn(app)
    assert not app.button(key="compress_start_button").disabled


def test_original_pruned_and_retrained_meet_in_one_table(model: Path) -> None:
    _, result = compressed(model, "prune", "idle", criterion="magnitude", sparsity=0.5)
    state = {session.VIEW: session.GUIDES}
    app = click(page(model, state=state), "compress_measure_path")
    assert app.session_state[session.MODELS] == [f"path:{model}", result["ref"]]
    for name, record in (("again", {"method": "full", "base": result["ref"]}), ("other", {"base": f"path:{model}"})):
        shutil.copytree(model, local_dir() / name)
        (local_dir() / name / "loupe.json").write_text(json.dumps(record))
    text = {"samples": 8, "sample_tokens": 32, "steps": 1, "batch_size": 1}
    _, taught = compressed(model, "distill", "taught", student=result["ref"], **text)
    model_picker._models.clear()
    app = click(page(model, state=state), "compress_measure_path")
    assert app.session_state[session.MODELS] == [
        *(f"path:{model}", result["ref"], f"path:{local_dir() / 'again'}", taught["ref"])
    ]
    assert app.session_state[session.VIEW] == session.MEASURE


def test_a_guided_path_sets_the_draft_up(model: Path) -> None:
    app = click(page(model, state={session.VIEW: session.GUIDES}), "compress_prune_channels")
    assert app.session_state[draft.METHOD] == "prune"
    assert app.get_by_key(draft.field("structure")).value == "channels"
    assert not app.error


def test_qlora_is_explained_and_leads_to_fine_tune(model: Path) -> None:
    app = with_method(page(model), "nf4")
    assert "QLoRA is something else" in texts(app)
    click(app, "compress_qlora")
    assert app.session_state[tuning.METHOD] == "qlora"


def test_bigger_and_quantized_meets_smaller_and_whole(model: Path) -> None:
    compressed(model, "prune", "small", criterion="magnitude", structure="layers", sparsity=0.5)
    app = page(model, state={session.VIEW: session.GUIDES})
    said = texts(app)
    assert "whole: **" in said
    assert "of weights" in said
    click(app, "compress_match_measure")
    bigger, smaller = app.session_state[session.MODELS]
    assert bigger.startswith(f"path:{model}?")
    assert bigger.endswith("quantize=nf4")
    assert "/small" in smaller
    assert bigger.partition("?")[2].removesuffix("&quantize=nf4") == smaller.partition("?")[2]


def test_sizes_of_packed_weights_are_those_of_what_loads_them(model: Path) -> None:
    """NF4 at loading has double quantization."""
    request = CompressRequest.parse(method="nf4", name="x", model=f"path:{model}", double_quantization=True)
    about = size_match.packed_bytes(f"path:{model}", "nf4")
    assert about == pytest.approx(estimate(request, open_source(f"path:{model}")).after, rel=1e-3)


def test_the_words_about_masks_follow_what_fine_tune_can_do() -> None:
    assert "50 %" in guides.mask_words({"zeros": 1, "weights": 2})
    assert guides.mask_words({"zeros": "x"})
