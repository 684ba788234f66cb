"""Sweeps: values a person types, the grid of variants, and a real grid on a tiny model, stopped and completed."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from core.documents.collections import chunk_counts
from core.errors import InvalidInput, LoupeError
from core.evals.assertion import Assertion
from core.evals.compare import columns, figures, sweeping
from core.evals.compare.axes import MOST_VALUES, SETTINGS, values_of
from core.evals.compare.sweep import Axis, SweepRequest, SweepResult, Taken, missing
from core.evals.variant import Variant
from core.generation import runs
from core.prompts import library
from core.prompts.file import PromptFile, PromptMessage
from core.store import collections
from core.store import runs as store
from tests.core.documents.retrieval.library import PLANETS, make, put, words
from tests.core.evals.compare.conftest import variant

__all__ = ["words"]


@pytest.mark.parametrize(
    ("setting", "text", "values"),
    [
        ("temperature", "0, 0.5,1", (0.0, 0.5, 1.0)),
        ("temperature", "0..1 step 0.25", (0.0, 0.25, 0.5, 0.75, 1.0)),
        ("top_p", "0.1…0.3 by 0.1", (0.1, 0.2, 0.3)),
        ("presence_penalty", "-1..1", (-1.0, -0.5, 0.0, 0.5, 1.0)),
        ("seed", "1..4", (1, 2, 3, 4)),
        ("shots", "0..8 step 4\n2", (0, 4, 8, 2)),
        ("k", "3; 3; 1", (3, 1)),
        ("model", "smollm2, smollm2?dtype=fp32", ("smollm2", "smollm2?dtype=fp32")),
    ],
)
def test_lists_and_ranges_are_read(setting: str, text: str, values: tuple[Any, ...]) -> None:
    assert values_of(setting, text) == values


@pytest.mark.parametrize(
    ("setting", "text", "said"),
    [
        ("temperature", "warm", "Temperature: 'warm' is no number."),
        ("seed", "1.5", "Seed: '1.5' is no whole number."),
        ("temperature", " , ", "Temperature has no values; write some, such as 0, 0.5, 1, 1.5."),
        ("seed", "1..1000000000000", f"Seed has 1000000000000 values; a sweep takes at most {MOST_VALUES}."),
        ("seed", "4..1", "Seed: the range '4..1' goes from more to less."),
        ("temperature", "0..inf", "Temperature: 'inf' is no number."),
        ("temperature", "0..1 step 0", "Temperature: the step of a range must be above 0."),
        ("weather", "1", "There is no setting 'weather' to sweep; choose one of temperature, "),
    ],
)
def test_what_cannot_be_read_is_one_sentence(setting: str, text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as error:
        values_of(setting, text)
    assert str(error.value).startswith(said)


def request(base: Any, *axes: tuple[str, tuple[Any, ...]], **values: Any) -> SweepRequest:
    return SweepRequest.parse(base=base, axes=[Axis(setting=name, values=each) for name, each in axes], **values)


def test_the_grid_is_every_pair_of_values_the_second_changing_fastest() -> None:
    grid = request(variant("smollm2"), ("temperature", (0.0, 1.0)), ("max_tokens", (8, 16, 32)))
    assert [(each.params.temperature, each.params.max_tokens) for each in grid.variants] == [
        (0.0, 8), (0.0, 16), (0.0, 32), (1.0, 8), (1.0, 16), (1.0, 32),
    ]  # fmt: skip
    assert grid.variants[4].name == "Temperature 1 · Max tokens 16"
    assert SweepRequest.model_validate_json(grid.model_dump_json()) == grid


def test_a_cell_without_chance_draws_once() -> None:
    grid = request(variant("smollm2"), ("temperature", (0.0, 1.0)), samples=5)
    assert [grid.draws(each) for each in grid.variants] == [1, 5] and grid.outputs == 6
    assert grid.notes() == ["1 of 2 cells take no chance: each draws one output instead of 5."]
    still = request(variant("smollm2"), ("top_p", (0.5, 1.0)))
    assert still.notes() == ["At temperature 0 Top-p changes nothing: raise the temperature, or sweep it too."]


def test_techniques_come_before_what_they_allow_whatever_the_order_of_the_axes() -> None:
    base = variant("smollm2", messages=(PromptMessage(role="user", content="What is 2 + 3?"),), mode=None)
    grid = request(base, ("shots", (1, 3)), ("technique", ("few-shot", "few-shot-cot")))
    assert [(each.technique, each.technique_options["shots"]) for each in grid.variants] == [
        ("few-shot", 1), ("few-shot-cot", 1), ("few-shot", 3), ("few-shot-cot", 3),
    ]  # fmt: skip
    with pytest.raises(InvalidInput, match="has no shots"):
        request(base, ("shots", (1, 3)))


def test_searching_is_swept_where_there_is_a_collection() -> None:
    base = variant("smollm2", mode=None)
    with pytest.raises(InvalidInput, match="choose a collection"):
        request(base, ("k", (1, 3)))
    base = variant("smollm2", mode=None, collection="notes")
    grid = request(base, ("k", (1, 80)), ("mode", ("keyword", "hybrid")))
    found = [each.retrieval for each in grid.variants]
    assert [(each.k, each.mode) for each in found if each] == [
        (1, "keyword"), (1, "hybrid"), (80, "keyword"), (80, "hybrid"),
    ]  # fmt: skip


def test_a_prompt_of_the_library_is_as_it_was_when_the_sweep_began() -> None:
    for name, text in (("mine/short", "Say {{topic}}."), ("mine/long", "Explain {{topic}} at length.")):
        library.save(name, PromptFile(messages=(PromptMessage(role="user", content=text),)))
    grid = request(variant("smollm2", mode=None), ("prompt", ("mine/short", "mine/long")), values={"topic": "lenses"})
    library.delete("mine/long", digest=library.load("mine/long").digest)
    again = SweepRequest.model_validate_json(grid.model_dump_json())
    assert [each.messages[0].content for each in again.variants] == ["Say {{topic}}.", "Explain {{topic}} at length."]


@pytest.mark.parametrize(
    ("axes", "values", "said"),
    [
        ([("temperature", (0.0, 3.0))], {}, "temperature is 3.0: input should be less than or equal to 2."),
        ([("temperature", (0.0,)), ("temperature", (1.0,))], {}, "Temperature is swept twice"),
        ([("seed", tuple(range(12))), ("top_k", tuple(range(12)))], {}, "The grid has 144 cells; a sweep"),
        ([("temperature", (1.0, 1.1))], {"samples": 40}, "samples is 40: "),
        ([("seed", tuple(range(9))), ("temperature", (0.5, 1.0, 1.5))], {"samples": 20}, "The sweep would draw 540"),
        ([("temperature", (1.0,))], {"assertions": [Assertion(type="contans", value="a")]}, "Assertion 1: there is no"),
        ([("temperature", (1.0,))], {"extract": "guess"}, "There is no rule 'guess'"),
        ([("technique", ("magic",))], {}, "There is no technique 'magic'"),
        ([("colour", ("red",))], {}, "There is no setting 'colour'"),
    ],
)
def test_what_cannot_be_swept_is_refused_before_anything_runs(axes: Any, values: Any, said: str) -> None:
    with pytest.raises(LoupeError) as error:
        request(variant("smollm2", temperature=1.0), *axes, **values)
    assert str(error.value).startswith(said)
    assert store.list_runs() == []


def test_a_variable_without_a_value_is_named() -> None:
    with pytest.raises(InvalidInput, match="topic"):
        request(variant("smollm2", prompt="Say {{topic}}"), ("seed", (1,)))


def whole(sweep_id: str) -> sweeping.RunView:
    deadline = time.monotonic() + 60
    while (view := sweeping.get(sweep_id)).running:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return view


def test_a_sweep_runs_every_cell_and_scores_it(tiny_model: Path) -> None:
    """Each output is a run like any other, the very one that its variant makes."""
    asked = request(
        variant(f"path:{tiny_model}?dtype=fp32", max_tokens=6),
        ("temperature", (0.0, 2.0)),
        ("max_tokens", (2, 6)),
        samples=3,
        assertions=[Assertion(type="equals", negated=True, value="no such text")],
    )
    view = whole(sweeping.start(asked).id)
    assert view.status == "finished" and len(view.result.samples) == asked.outputs == 8
    found = figures.cells(asked, view.result.samples)
    assert [len(cell.samples) for cell in found] == [1, 1, 3, 3]
    assert figures.FIGURES["tokens"].of(found[0]) == 2.0
    assert all(figures.FIGURES["score"].of(cell) == 1.0 for cell in found)
    assert figures.FIGURES["agreement"].of(found[0]) == 1.0 and figures.FIGURES["diversity"].of(found[0]) == 0.0
    for cell, drawn in enumerate(asked.variants):
        for each in view.result.of(cell):
            run = runs.get(str(each.run))
            assert run.request == drawn.request({}, each.number) and run.result.text == each.text
    assert len({each.text for each in view.result.of(3)}) > 1  # each sample has a seed of its own


def test_the_whole_output_is_scored_with_how_its_call_went(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "TEXT_CHARACTERS", 2)
    asked = request(
        variant(f"path:{tiny_model}?dtype=fp32", max_tokens=6),
        ("temperature", (0.0, 2.0)),
        assertions=[
            Assertion(type="finish-reason", value="length"),
            Assertion(type="length", value={"min": 3}),
        ],
    )
    samples = whole(sweeping.start(asked).id).result.samples
    assert [(each.passed, len(each.text)) for each in samples] == [(True, 2)] * 2, samples


def test_an_output_that_could_not_be_judged_is_no_part_of_a_score(tiny_model: Path) -> None:
    asked = request(
        variant(f"path:{tiny_model}?dtype=fp32", max_tokens=6),
        ("temperature", (0.0, 2.0)),
        samples=2,
        assertions=[Assertion(type="llm-rubric", value="fits", options={"provider": "hf:nobody/nothing"})],
    )
    found = figures.cells(asked, whole(sweeping.start(asked).id).result.samples)
    for cell in found:
        assert [each.passed for each in cell.samples] == [None] * len(cell.samples) and cell.samples[0].text
        assert all("gave no verdict" in (each.unjudged or "") for each in cell.samples)
        by_name = {name: figures.FIGURES[name].of(cell) for name in ("score", "passed", "unjudged", "failed")}
        assert by_name == {"score": None, "passed": None, "unjudged": len(cell.samples), "failed": 0}
        assert figures.interval(figures.FIGURES["score"], cell) is None


def test_a_stopped_sweep_keeps_what_it_has_and_is_completed_without_repeating_it(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "WIDTH", 1)
    asked = request(variant(f"path:{tiny_model}?dtype=fp32", temperature=1.0, max_tokens=30), ("seed", tuple(range(8))))
    first = sweeping.start(asked)
    deadline = time.monotonic() + 60
    while not sweeping.get(first.id).result.samples:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    sweeping.cancel(first.id)
    stopped = whole(first.id)
    assert stopped.status == "cancelled" and 1 <= len(stopped.result.samples) < 8
    before = {each.run for each in stopped.result.samples}
    completed = whole(sweeping.complete(first.id).id)
    assert completed.status == "finished" and {each.cell for each in completed.result.samples} == set(range(8))
    assert before < {each.run for each in completed.result.samples}


def test_one_model_that_is_gone_costs_its_own_cells_only(tiny_model: Path) -> None:
    there = f"path:{tiny_model}?dtype=fp32"
    asked = request(variant(there, max_tokens=2), ("model", (there, "hf:nobody/nothing")))
    found = figures.cells(asked, whole(sweeping.start(asked).id).result.samples)
    assert [(len(cell.samples), cell.failed) for cell in found] == [(1, 0), (0, 1)]


def test_a_failed_output_is_drawn_again_when_the_sweep_is_completed() -> None:
    asked = request(variant("smollm2", temperature=1.0), ("seed", (1, 2)), samples=2)
    done = [Taken(cell=0, number=0), Taken(cell=0, number=1, error="It failed."), Taken(cell=1, number=0)]
    assert missing(asked, done) == [(0, 1), (1, 1)]


def test_it_ends_when_nobody_listens() -> None:
    """A generator that is closed sets the event, so that no output goes on in the dark."""
    cancel = threading.Event()
    asked = request(variant("hf:nobody/nothing"), ("seed", (1, 2, 3)))
    events = sweeping.work(asked, cancel)
    next(events)
    events.close()
    assert cancel.is_set()


def test_chunk_sizes_are_cut_anew_for_as_long_as_the_sweep_lasts(
    words: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = put(make(splitter="fixed"), {path: f"{text} " * 4 for path, text in PLANETS.items()})
    chunks: dict[int, int] = {}

    def take(asked: SweepRequest, drawn: Variant, cell: int, number: int, judging: object) -> Taken:
        chunks[cell] = sum(chunk_counts(str(drawn.collection)).values())
        return Taken(cell=cell, number=number, text="x")

    monkeypatch.setattr(sweeping, "_take", take)
    base = variant("smollm2", mode=None, collection=row.name)
    asked = request(base, ("chunk_size", (8, 16)), ("k", (1, 2)))
    result = SweepResult()
    for event in sweeping.work(asked, threading.Event()):
        result.fold(event)
    assert len(result.samples) == 4 and result.doing == ""
    assert chunks[0] == chunks[1] > chunks[2] == chunks[3] > 0
    assert [each.name for each in collections.list_all()] == [row.name]


def test_a_chunk_size_needs_a_collection_and_a_size_it_can_have() -> None:
    with pytest.raises(InvalidInput, match="choose one to answer from"):
        request(variant("smollm2", mode=None), ("chunk_size", (100,)))
    with pytest.raises(InvalidInput, match="chunk_size"):
        request(variant("smollm2", mode=None, collection="notes"), ("chunk_size", (1,)))


def taken(*texts: str, **values: Any) -> figures.Cell:
    samples = [Taken(cell=0, number=number, text=text, **values) for number, text in enumerate(texts)]
    return figures.Cell("A", samples, 0, len(samples), False)


def test_diversity_and_agreement_are_counted() -> None:
    diversity, agreement = figures.FIGURES["diversity"].of, figures.FIGURES["agreement"].of
    assert (diversity(taken("a", "a", "a")), agreement(taken("a", "a", "a"))) == (0.0, 1.0)
    assert (diversity(taken("a", "b", "c")), agreement(taken("a", "b", "c"))) == (1.0, pytest.approx(1 / 3))
    assert (diversity(taken("a", "b", "a")), agreement(taken("a", "b", "a"))) == (0.5, pytest.approx(2 / 3))
    assert diversity(taken("a")) is None and agreement(taken("a")) is None and diversity(taken()) is None
    numbers = figures.Cell("A", taken("It is 4.", "So 4", "So 5").samples, 0, 3, False, "last-number")
    assert agreement(numbers) == pytest.approx(2 / 3)


def test_a_score_has_its_interval_and_a_length_has_none() -> None:
    cell = figures.Cell("A", [Taken(cell=0, number=n, passed=n < 3, score=float(n < 3)) for n in range(4)], 0, 4, False)
    low, high = figures.interval(figures.FIGURES["passed"], cell) or (0, 0)
    assert (low, high) == (pytest.approx(0.3006, abs=1e-3), pytest.approx(0.9544, abs=1e-3))  # Wilson, 3 of 4
    assert figures.interval(figures.FIGURES["tokens"], cell) is None
    assert figures.shown(figures.FIGURES["passed"], 0.75) == "75%"


def test_every_setting_can_be_moved() -> None:
    """Each has a title, and values that a person may start from are values that it takes."""
    for name, setting in SETTINGS.items():
        assert setting.title
        if setting.usual:
            assert values_of(name, setting.usual)


def test_results_are_stored_and_read_back() -> None:
    result = SweepResult(samples=[Taken(cell=1, number=0, text="x", score=0.5)], total_s=1.5)
    assert SweepResult.model_validate_json(result.model_dump_json()) == result


def test_columns_of_a_sweep_can_be_opened_side_by_side(tiny_model: Path) -> None:
    asked = request(variant(f"path:{tiny_model}?dtype=fp32", max_tokens=2), ("seed", (1, 2)))
    view = whole(sweeping.start(asked).id)
    assert [columns.find(str(each.run)).text for each in view.result.samples] == [
        each.text for each in view.result.samples
    ]
