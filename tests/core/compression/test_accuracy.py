"""Accuracy of measured models on an eval: a figure a model, kept as an eval; the sentences of what cannot be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from core.compression.measuring import MeasureRequest, check
from core.compression.measuring.job import run
from core.errors import InvalidInput, NotFound
from core.evals import results
from core.jobs import JobCancelled, JobContext

EVAL = """
prompts: ["Say {{word}}."]
providers: [smollm2]
defaultTest: {options: {}, assert: [{type: not-icontains, value: "{{never}}"}]}
tests:
  - vars: {word: one, never: zzqqzz}
  - vars: {word: two, never: zzqqzz}
  - vars: {word: three, never: zzqqzz}
    assert: [{type: contains, value: zzqqzz}]
"""


@pytest.fixture(scope="module")
def roomy(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with room for the usual 256 tokens of an answer."""
    folder = tmp_path_factory.mktemp("roomy") / "model"
    shutil.copytree(tiny_model, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 512}))
    return folder


@pytest.fixture
def eval_file(tmp_path: Path) -> Path:
    file = tmp_path / "eval.yaml"
    file.write_text(EVAL)
    return file


def request(roomy: Path, text_file: Path, eval_file: Path, **more: object) -> MeasureRequest:
    models = [f"path:{roomy}", f"path:{roomy}?dtype=bf16"]
    return MeasureRequest.parse(
        models=models, text=str(text_file), tokens=64, speed=False, eval_file=str(eval_file), **more
    )


def test_every_model_gets_a_share_with_its_interval(roomy: Path, text_file: Path, eval_file: Path) -> None:
    asked = request(roomy, text_file, eval_file)
    check(asked)
    job = JobContext("measured")
    found = run(asked.model_dump(mode="json"), job)
    for row in found["rows"]:
        accuracy = row["accuracy"]
        assert (accuracy["n"], accuracy["errors"]) == (3, 0)
        assert accuracy["share"] == pytest.approx(2 / 3)
        low, high = accuracy["ci95"]
        assert (low, high) == pytest.approx((0.2077, 0.9385), abs=1e-4)  # Wilson, as statsmodels has it
    kept = results.summary(found["eval"]["id"])
    assert [each.model for each in kept.variants] == list(asked.models) and kept.done == 6

    again = JobContext("measured", 2, {"eval": {"id": kept.id}})
    assert run(asked.model_dump(mode="json"), again)["eval"]["id"] == kept.id


def test_only_so_many_rows(roomy: Path, text_file: Path, eval_file: Path) -> None:
    found = run(request(roomy, text_file, eval_file, eval_rows=2).model_dump(mode="json"), JobContext("few"))
    assert [(row["accuracy"]["n"], row["accuracy"]["share"]) for row in found["rows"]] == [(2, 1.0)] * 2


def test_it_can_be_cancelled_during_the_eval(
    roomy: Path, text_file: Path, eval_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = JobContext("stopped")
    told = JobContext.progress

    def progress(self: JobContext, done: float, *rest: object, **more: object) -> None:
        told(self, done, *rest, **more)  # type: ignore[arg-type]
        if done > 2:  # both models are measured
            job.cancelled.set()

    monkeypatch.setattr(JobContext, "progress", progress)
    with pytest.raises(JobCancelled):
        run(request(roomy, text_file, eval_file).model_dump(mode="json"), job)


def test_what_gives_no_single_figure(roomy: Path, text_file: Path, eval_file: Path, tmp_path: Path) -> None:
    eval_file.write_text(EVAL.replace('["Say {{word}}."]', '["Say {{word}}.", "Write {{word}}."]'))
    with pytest.raises(InvalidInput, match="asks each model in 2 ways"):
        check(request(roomy, text_file, eval_file))
    with pytest.raises(NotFound, match="There is no eval file"):
        check(request(roomy, text_file, tmp_path / "gone.yaml"))
    with pytest.raises(InvalidInput, match="no eval_file; name one"):
        MeasureRequest.parse(models=["smollm2"], eval_rows=5)
