"""Starting and resuming: what is wrong is said at once, and what changed since keeps an eval from being resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, InvalidInput, NotFound
from core.evals.assertion import Assertion, AssertionSet
from core.evals.eval_file import DataSource, EvalFile
from core.evals.row import Row
from core.evals.running import check_models, latest, plan_of, resume, start
from core.evals.running.overrides import Overrides
from core.settings import get_settings
from core.store import collections
from core.store import evals as store
from tests.core.evals.running.conftest import Script, cells, eval_file, questions, run, variant

PATH = "/somewhere/eval.yaml"


def test_a_plan_is_read_as_it_was_written(script: Script) -> None:
    file = eval_file(2, variant(technique="few-shot", technique_options={"shots": 2}), notes=("It has a note.",))
    said = Overrides(limit=2, models=("smollm2",), skip_broken=True)
    record = start(file, path=PATH, said=said)
    plan = plan_of(record)
    assert plan.said == said
    assert plan.file == file and plan.path == PATH and plan.notes == ("It has a note.",) and plan.use_cache
    assert {"the model smollm2", "Loupe", "the wording techniques/few-shot"} < set(plan.depends)
    assert record.name == "eval.yaml" and record.rows == 2 and record.job


def test_the_last_eval_of_a_file_is_found(script: Script) -> None:
    first = start(eval_file(1), path=PATH)
    second = start(eval_file(1), path=PATH)
    start(eval_file(1), path=f"{PATH}2")
    start(eval_file(1), path='/odd"%_.yaml')
    found = latest(PATH)
    assert found is not None and found.id == second.id != first.id
    assert latest('/odd"%_.yaml') is not None and latest("/oddx%_.yaml") is None and latest("") is None


def test_a_malformed_model_is_refused_with_the_name_of_its_variant(script: Script) -> None:
    with pytest.raises(InvalidInput, match=r"The variant 'odd': .*is not a model reference"):
        start(eval_file(1, variant("good"), variant("odd", model="gpt-9")))
    assert store.list_evals() == []


def test_a_model_that_is_not_here_is_noted_and_all_of_them_are_refused(script: Script) -> None:
    gone = variant("gone", model="api:nowhere/x")
    assert list(check_models(eval_file(1, variant(), gone))) == ["gone"]
    with pytest.raises(NotFound, match="no endpoint named 'nowhere'"):
        start(eval_file(1, gone))


def changed(**fields: Any) -> EvalFile:
    return eval_file(2, variant(**fields))


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (changed(prompt="A: {{question}}"), "the prompt of 'plain' has changed"),
        (changed(max_tokens=9), "max_tokens of 'plain' was 8 and is 9"),
        (changed(temperature=0.5), "temperature of 'plain' was 0.0 and is 0.5"),
        (changed(model="smollm2?dtype=fp32"), "the model of 'plain' has changed"),
        (changed(technique="zero-shot"), "the technique of 'plain' has changed"),
        (changed(name="other"), "the variant 'plain' is gone; the variant 'other' is new"),
        (eval_file(3), "the data set is another one"),
        (eval_file(2, repeat=3), "it asked once, and now 3 times"),
        (
            eval_file(data=DataSource(rows=questions(["number 0", "number 1"]), limit=1)),
            "it was for all rows, and now is for the first 1 rows",
        ),
        (eval_file(2, default_assertions=(Assertion(type="contains", value="x"),)), "the assertions are other ones"),
    ],
)
def test_a_resume_says_what_changed(script: Script, file: EvalFile, said: str) -> None:
    start(eval_file(2), path=PATH)
    with pytest.raises(Conflict) as refused:
        resume(file, PATH)
    assert f"cannot be resumed: {said}." in str(refused.value)


def test_what_an_answer_does_not_depend_on_may_change(script: Script) -> None:
    record = start(eval_file(2), path=PATH)
    assert resume(eval_file(2, concurrency=3, description="Other words", notes=("x",)), PATH).id == record.id


def test_variants_in_another_order_are_refused(script: Script) -> None:
    start(eval_file(1, variant("a"), variant("b")), path=PATH)
    with pytest.raises(Conflict, match="another order"):
        resume(eval_file(1, variant("b"), variant("a")), PATH)


def test_a_collection_that_changed_is_refused(script: Script) -> None:
    row = collections.create("Handbook", embedding="minilm", splitter="{}")
    file = eval_file(1, variant(collection="Handbook"))
    record = start(file, path=PATH)
    collections.touch(row.id)
    with pytest.raises(Conflict, match="the collection Handbook has changed"):
        resume(file, PATH)
    with pytest.raises(Conflict, match="the collection Handbook has changed since it began"):
        run(record)


def test_other_weights_are_refused(script: Script, tmp_path: Path) -> None:
    weights = tmp_path / "m.gguf"
    weights.write_bytes(b"one")
    file = eval_file(1, variant(model=f"gguf:{weights}"), variant("other"))
    start(file, path=PATH)
    weights.write_bytes(b"two")
    with pytest.raises(Conflict, match=r"the model gguf:.*m\.gguf has changed"):
        resume(file, PATH)


@pytest.mark.parametrize("where", ["defaults", "row", "set"])
def test_another_judge_is_refused(script: Script, tmp_path: Path, where: str) -> None:
    weights = tmp_path / "j.gguf"
    weights.write_bytes(b"one")
    asked: Any = Assertion(type="llm-rubric", value="fits", options={"provider": f"gguf:{weights}"})
    if where == "set":
        asked = AssertionSet(assertions=(asked,))
    row = Row(number=1, vars={"question": "a"}, assertions=() if where == "defaults" else (asked,))
    file = eval_file(data=DataSource(rows=(row,)), default_assertions=(asked,) if where == "defaults" else ())
    record = start(file, path=PATH)
    weights.write_bytes(b"two")
    with pytest.raises(Conflict, match=r"the judge gguf:.*j\.gguf has changed"):
        resume(file, PATH)
    with pytest.raises(Conflict, match=r"the judge gguf:.*j\.gguf has changed since it began"):
        run(record)


def test_another_usual_judge_or_embedding_model_is_refused(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "embedder"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"one")
    named = Assertion(type="similar", value="b", options={"provider": f"path:{folder}"})
    asked = (Assertion(type="llm-rubric", value="fits"), Assertion(type="similar", value="b"), named)
    file = eval_file(data=DataSource(rows=(Row(number=1, vars={"question": "a"}, assertions=asked),)))
    record = start(file, path=PATH)
    assert {"the usual judge", "the usual embedding model"} < plan_of(record).depends.keys()
    assert resume(file, PATH).id == record.id
    monkeypatch.setenv("LOUPE_DEFAULT_MODEL", "smollm2?dtype=fp32")
    get_settings.cache_clear()
    with pytest.raises(Conflict, match="the usual judge has changed"):
        resume(file, PATH)
    monkeypatch.delenv("LOUPE_DEFAULT_MODEL")
    get_settings.cache_clear()
    (folder / "model.safetensors").write_bytes(b"two")
    with pytest.raises(Conflict, match=r"the embedding model path:.* has changed"):
        resume(file, PATH)


def test_a_file_that_was_never_run_cannot_be_resumed(script: Script) -> None:
    with pytest.raises(NotFound, match="was not run before"):
        resume(eval_file(1), PATH)


def test_a_resume_of_what_is_done_starts_nothing(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    record = start(eval_file(2), path=PATH)
    run(record)
    started: list[str] = []
    monkeypatch.setattr("core.jobs.start", lambda *_, **__: started.append("one") or "1" * 20)
    assert resume(eval_file(2), PATH).id == record.id and started == []
    assert len(cells(record)) == 2
