"""The page Compress under AppTest: drafts and what they would save, starting, outcomes, the table that decides."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core import jobs
from core.compression import NAMES, CompressRequest, find_method, made
from core.compression.measuring import MeasureRequest
from core.compression.measuring import job as measuring_job
from core.jobs import JobContext
from pages.shared.compression import draft, session
from pages.shared.compression.pareto import labels_above, pareto
from pages.shared.compression.words import how, names_of, short
from tests.pages.compress_pages import (
    click,
    compressed,
    drawn,
    fresh,
    has,
    keys,
    model,
    page,
    started,
    stored,
    texts,
    with_method,
)
from tests.pages.document_pages import HOSTILE, IMAGE, LINK, live_in_markdown

__all__ = ["fresh", "model", "started"]


def test_an_empty_page_offers_an_example_that_starts_once(model: Path, started: list[dict[str, Any]]) -> None:
    app = page(model)
    assert "8 bits" in texts(app)
    click(app, "compress_example")
    assert started == [{"method": "int8", "name": "smollm2-int8"}]
    assert app.query_params[session.MADE]
    assert not has(app, "compress_example")


def test_every_method_says_what_it_does_and_can_be_started(model: Path, started: list[dict[str, Any]]) -> None:
    app = page(model)
    for method in NAMES:
        with_method(app, method)
        said = texts(app)
        assert "**What is done.** " + find_method(method).does in said
        assert "**When.** " + find_method(method).choose in said
        if method == "gguf":  # the tiny model's tokenizer is one that GGUF cannot hold, or the sentence would be none
            assert app.button(key="compress_start_button").disabled == bool(app.error)
            continue
        assert not app.error, method
    click(app, "compress_start_button")
    assert started == [{"method": "distill", "model": f"path:{model}", "name": "tiny-distill"}]


def test_the_estimate_is_what_is_then_written(model: Path) -> None:
    app = with_method(page(model), "prune", structure="layers", sparsity=0.5, criterion="magnitude")
    said = texts(app)
    _, result = compressed(model, "prune", "half", structure="layers", sparsity=0.5, criterion="magnitude")
    weights = Path(result["path"]) / "model.safetensors"
    about = float(said.split("→ about ")[1].split(" ")[0].replace(",", ""))
    assert about == pytest.approx(weights.stat().st_size / 1e6, rel=0.15, abs=0.06)


def test_zeros_are_said_to_save_nothing(model: Path) -> None:
    said = texts(with_method(page(model), "prune"))
    assert "before and after" in said


def test_only_settings_with_an_effect_are_asked_for(model: Path) -> None:
    app = with_method(page(model), "prune", criterion="magnitude", structure="2:4")
    assert keys(app) == {"criterion", "structure"}
    with_method(app, "gptq", calibrated=False)
    assert keys(app) == {"bits", "group_size", "symmetric", "calibrated"}
    with_method(app, "distill", hard_only=True, layers="0")
    assert not keys(app) & {"temperature", "alpha", "keep"}


def test_bad_input_is_one_sentence_and_start_is_off(model: Path) -> None:
    app = page(model)
    for method, settings, sentence in (
        ("gptq", {"group_size": 48}, "does not divide"),
        ("gptq", {"calibration": "/no/such/text.txt"}, "no text file"),
        ("prune", {"structure": "heads", "criterion": "sparsegpt", "calibration": ""}, "is about single weights"),
        ("prune", {"criterion": "wanda", "sparsity": 1.0}, "sparsity is 1.0"),
        ("distill", {"layers": "0,99"}, "99"),
    ):
        with_method(app, method, **settings)
        [error] = app.error
        assert sentence in error.value.replace("\\", "")
        button = app.button(key="compress_start_button")
        assert button.disabled
        assert button.help


def test_names_that_exist_or_are_being_made_are_refused(model: Path, started: list[dict[str, Any]]) -> None:
    stored("compress", {"method": "int8", "name": "soon"}, status="queued")
    app = page(model)
    for name, sentence in (("tiny", "a local model tiny already"), ("soon", "making soon already"), ("a b", "a name")):
        app.text_input(key=draft.NAME).set_value(name)
        drawn(app)
        assert sentence in texts(app)
        assert app.button(key="compress_start_button").disabled


def test_a_model_that_cannot_be_compressed_is_a_sentence() -> None:
    for ref in ("api:nobody/model", "nonsense ref"):
        app = page(ref)
        assert app.error
        assert app.button(key="compress_start_button").disabled


def test_what_came_of_it_is_shown_listed_and_handed_on(model: Path) -> None:
    job_id, result = compressed(model, "prune", "idle", criterion="magnitude", sparsity=0.5)
    app = page(model, compressed=job_id)
    said = texts(app)
    assert "50 % of the layers' weights are zero" in said
    [table] = [each.value for each in app.dataframe if "How" in each.value]
    assert list(table["Name"]) == ["idle"]
    assert "criterion magnitude" in table["How"][0]
    click(app, "compress_measure_made")
    assert app.session_state[session.MODELS] == [f"path:{model}", result["ref"]]
    assert has(app, "compress_measure_button")


def test_a_bad_link_is_a_message(model: Path) -> None:
    app = page(model, compressed="nothing")
    assert app.error
    other = stored("ingest", {"name": "x"})
    assert "another kind" in texts(page(model, compressed=other))


def test_models_are_measured_into_one_table_with_a_plot(
    model: Path, tmp_path: Path, started: list[dict[str, Any]]
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("The lens bends the light, and seven apples are left. " * 40)
    _, result = compressed(model, "prune", "idle", criterion="magnitude", sparsity=0.9)
    state = {session.MODELS: [f"path:{model}", result["ref"]], session.VIEW: session.MEASURE}
    app = page(model, state={**state, session.TEXT: str(text), session.TOKENS: 200, session.SPEED: False})
    click(app, "compress_measure_button")
    assert MeasureRequest.parse(**started[0]).models == (f"path:{model}", result["ref"])
    figures = measuring_job.run(started[0], JobContext("test"))
    app = page(model, measured_models=stored("measure-models", started[0], result=figures))
    [table] = [each.value for each in app.dataframe if "Perplexity" in each.value]
    assert list(table["Model"]) == ["tiny", "idle"]
    assert f"{figures['rows'][0]['perplexity']:,.4g}" == table["Perplexity"][0]
    assert "×)" in table["Perplexity"][1]
    assert list(table["Writes/s"]) == ["–", "–"]
    assert list(table["Runs as"]) == [f"transformers, {figures['rows'][0]['dtype']}"] * 2
    assert f"window {figures['window']:,}, stride {figures['stride']:,}" in texts(app)
    assert has(app, "compress_cost")


def test_without_models_nothing_can_be_measured(model: Path) -> None:
    app = page(model, state={session.MODELS: [], session.VIEW: session.MEASURE})
    assert app.button(key="compress_measure_button").disabled
    assert "Choose at least one model" in texts(app)


def test_a_student_stands_beside_its_hard_label_twin(
    model: Path, started: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = {"method": "distill", "model": f"path:{model}", "name": "student", "steps": 20}
    result = {"ref": f"path:{model}", "source": f"path:{model}", "source_bytes": 9, "size_bytes": 4, "seconds": 1.0}
    result |= {"method": "distill", "held_out": 3.0, "teacher_held_out": 2.5, "held_out_pieces": 6}
    student = stored("compress", request, result=result)
    points = [SimpleNamespace(name="held-out loss", step=step, value=4 - step / 20) for step in (0, 10, 20)]
    monkeypatch.setattr(jobs, "metrics", lambda job_id, after=0: points)
    app = page(model, compressed=student)
    click(app, "compress_twin")
    twin = {"hard_only": True, "name": "student-hard"}
    assert CompressRequest.parse(**started[0]) == CompressRequest.parse(**request | twin)
    stored("compress", request | twin, result=result | {"held_out": 3.25})
    said = texts(page(model, compressed=student))
    assert "**3.0000** against **3.2500**" in said
    assert "student of the teacher predicts better" in said


def test_hostile_records_take_no_effect(model: Path) -> None:
    (model / "loupe.json").write_text(
        json.dumps(
            {"kind": "compression", "method": {"name": HOSTILE}, "source": HOSTILE, "settings": {HOSTILE: HOSTILE},
             "made_at": HOSTILE, "result": {"zeros": HOSTILE, "weights": 1}}
        )
    )  # fmt: skip
    for view in (session.MAKE, session.GUIDES):
        app = page(model, state={session.VIEW: view})
        said = [each.value for each in (*app.markdown, *app.caption, *app.error, *app.info)]
        for words in (IMAGE, LINK, ":red[red]"):
            assert not live_in_markdown(said, words)


def test_records_that_are_none_are_left_out(model: Path) -> None:
    for text in ("[]", "{", '{"kind": "compression"}', '{"kind": "other", "method": {"name": "int8"}}'):
        (model / "loupe.json").write_text(text)
        assert made.versions() == []


def test_the_pareto_line_keeps_what_nothing_beats() -> None:
    draw = random.Random(7)
    for _ in range(200):
        points = [(draw.randint(1, 9) / 1, draw.randint(1, 9) / 1) for _ in range(draw.randint(1, 12))]
        kept = pareto(points)
        line = {points[place] for place in kept}
        for point in points:
            beaten = any(other[0] <= point[0] and other[1] <= point[1] and other != point for other in points)
            assert (point in line) == (not beaten)
        assert [points[place][0] for place in kept] == sorted(points[place][0] for place in kept)
    assert pareto([(1.0, math.inf)]) == []


def test_labels_of_neighbours_do_not_stand_on_each_other() -> None:
    assert labels_above([(100, 15.0)]) == [True]
    assert labels_above([(120, 17.9), (121, 16.4), (145, 15.1), (165, 15.2), (163, 141.0), (270, 15.1)]) == [
        *(True, False, True, False, True, True)
    ]


def test_models_have_short_names_unless_two_would_be_the_same(tmp_path: Path) -> None:
    one, two = tmp_path / "a" / "m", tmp_path / "b" / "m"
    for folder in (one, two):
        folder.mkdir(parents=True)
    assert short(f"path:{one}?quantize=nf4") == "m?quantize=nf4"
    assert short("smollm2?dtype=fp32") == "smollm2?dtype=fp32"
    assert names_of([f"path:{one}", f"path:{two}"]) == {f"path:{each}": f"path:{each}" for each in (one, two)}
    assert how("gptq", {"bits": 4, "calibration": "/a/b.txt", "symmetric": True, "group_size": None}) == (
        "gptq · bits 4 · calibration b.txt"
    )
