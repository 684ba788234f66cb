"""The page Compress under AppTest: drafts and what they would save, starting, outcomes, the table that decides, guides.

Jobs are run in the test's own process, or stored as if they had been; no worker is started.
"""

from __future__ import annotations

import json
import math
import random
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import jobs
from core.compression import NAMES, CompressRequest, estimate, find_method, job, made
from core.compression.measuring import MeasureRequest
from core.compression.measuring import job as measuring_job
from core.compression.source import open_source
from core.jobs import JobContext, processes
from core.models.registry import local_dir
from core.store import jobs as job_store
from core.store.runs import new_id
from core.tuning.methods import METHODS
from pages.shared import model_picker
from pages.shared.compression import draft, guides, session, size_match
from pages.shared.compression.pareto import labels_above, pareto
from pages.shared.compression.words import how, names_of, short
from pages.shared.tuning import draft as tuning
from tests.pages.document_pages import HOSTILE, IMAGE, LINK, live_in_markdown

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    model_picker._models.clear()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Requests of jobs that were started; they wait for ever."""
    found: list[dict[str, Any]] = []

    def begin(kind: str, title: str, request: dict[str, Any], *, accelerator: bool = False) -> str:
        found.append(request)
        return stored(kind, request, status="queued")

    monkeypatch.setattr(jobs, "start", begin)
    return found


@pytest.fixture
def model(tiny_model: Path) -> Path:
    """The tiny model among the local ones."""
    folder = local_dir() / "tiny"
    shutil.copytree(tiny_model, folder)
    return folder


def stored(kind: str, request: dict[str, Any], *, status: Any = "finished", result: Any = None) -> str:
    name, now = new_id(), job_store.datetime.now(job_store.UTC)
    job_store.create(
        job_store.JobRow(
            id=name,
            kind=kind,
            title=f"{kind} {request.get('name', '')}",
            status=status,
            worker=processes.this_process("starter") if status == "queued" else None,
            created_at=now,
            updated_at=now,
            ended_at=None if status == "queued" else now,
            request=json.dumps(request),
            result=json.dumps(result or {}),
        )
    )
    return name


def compressed(folder: Path, method: str, name: str, **settings: Any) -> tuple[str, dict[str, Any]]:
    """Id and result of a compression that was really done."""
    request = {"method": method, "model": f"path:{folder}", "name": name, **settings}
    result = job.run(request, JobContext("test"))
    return stored("compress", request, result=result), result


def page(model: Path | str, *, state: dict[str, Any] | None = None, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.session_state[draft.MODEL] = model if isinstance(model, str) else f"path:{model}"
    for name, value in (state or {}).items():
        app.session_state[name] = value
    app.run()
    app.switch_page("pages/models/compress.py")
    for name, value in query.items():
        app.query_params[name] = value
    return drawn(app)


def drawn(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return drawn(app)


def texts(app: AppTest) -> str:
    found = (*app.markdown, *app.caption, *app.error, *app.warning, *app.info)
    return "\n".join(each.value.replace("\\", "") for each in found)


def with_method(app: AppTest, method: str, **settings: Any) -> AppTest:
    app.get_by_key(draft.METHOD).set_value(method)
    drawn(app)
    for name, value in settings.items():
        app.get_by_key(draft.field(name)).set_value(value)
        drawn(app)
    return app


def keys(app: AppTest) -> set[str]:
    return {str(key).removeprefix("compress_set_") for key in draft.FIELDS if has(app, draft.field(str(key)))}


def has(app: AppTest, key: str) -> bool:
    try:
        app.get_by_key(key)
    except KeyError:
        return False
    return True


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


def test_the_words_about_masks_follow_what_fine_tune_can_do() -> None:
    assert "50 %" in guides.mask_words({"zeros": 1, "weights": 2})
    assert guides.mask_words({"zeros": "x"})
