"""Columns: runs of every kind found again by their ids, one batch, one drawn seed, one that fails beside others."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from core.documents.answering.request import AnswerRequest
from core.documents.settings import RetrievalSettings
from core.errors import InvalidInput, NotFound
from core.evals.compare import columns
from core.evals.compare.scoring import assertions_of
from core.evals.compare.variants import names_of, variant_of
from core.evals.variant import Variant
from core.generation.decoding.slots import Slots
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.prompts.file import PromptMessage
from core.store import runs as store
from core.techniques import TechniqueRequest
from tests.core.evals.compare.conftest import PROMPT, ended, side_by_side, variant


def test_each_column_is_the_run_that_its_variant_makes(tiny_model: Path) -> None:
    ref = f"path:{tiny_model}?dtype=fp32"
    plain = variant(ref, prompt="The {{what}} gathers light", name="plain")
    asked = variant(ref, name="technique", technique="zero-shot", mode=None, max_tokens=4)
    found = side_by_side(plain, asked, what="lens")
    assert isinstance(found[0].request, GenerationRequest) and found[0].request.prompt == PROMPT
    assert isinstance(found[1].request, TechniqueRequest) and found[1].request.question == PROMPT
    for column in found:
        assert column.status == "finished" and column.prompt_tokens and column.ttft_s and column.total_s
        assert column.completion_tokens == len(column.tokens)
        assert "".join(token.text for token in column.tokens) == column.text
    assert len(found[0].tokens[0].top) == columns.ALTERNATIVES
    assert [row.kind for row in store.list_runs()] == ["technique", "generation"]


def test_columns_on_one_model_meet_in_one_batch(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    widths: list[int] = []
    step = Slots.step

    def counted(self: Slots, rows: list[int], ids: list[int]) -> object:
        widths.append(len(rows))
        return step(self, rows, ids)

    monkeypatch.setattr(Slots, "step", counted)
    side_by_side(*[variant(f"path:{tiny_model}?dtype=fp32", temperature=1.0, max_tokens=20) for _ in range(6)])
    assert max(widths) > 1


def test_sampling_columns_without_a_seed_share_one_and_keep_their_own(tiny_model: Path) -> None:
    ref = f"path:{tiny_model}?dtype=fp32"
    warm = {"temperature": 1.0, "max_tokens": 4}
    one, two, own, greedy = side_by_side(
        variant(ref, **warm), variant(ref, **warm), variant(ref, seed=7, **warm), variant(ref, max_tokens=4)
    )
    assert one.seed == two.seed and one.text == two.text
    assert own.seed == 7 and greedy.request.params.seed is None


def test_what_cannot_start_says_so_beside_what_can(tiny_model: Path) -> None:
    good = variant(f"path:{tiny_model}?dtype=fp32", max_tokens=2)
    bad = variant("nowhere", name="bad")
    without = variant(f"path:{tiny_model}?dtype=fp32", prompt="{{missing}}", name="without")
    started = columns.start([bad, good, without], {})
    assert [each.run is None for each in started] == [True, False, True]
    assert "nowhere" in str(started[0].problem) and "missing" in str(started[2].problem)
    assert ended(started[1].run)[0].status == "finished"


@pytest.mark.parametrize("many", [0, 7])
def test_there_are_one_to_six(many: int) -> None:
    with pytest.raises(InvalidInput, match=f"There are {many} columns"):
        columns.start([variant("smollm2")] * many, {})


def test_one_is_stopped_and_the_other_goes_on(tiny_model: Path) -> None:
    ref = f"path:{tiny_model}?dtype=fp32"
    long, short = columns.start(
        [variant(ref, max_tokens=120, min_tokens=120), variant(ref, max_tokens=5, min_tokens=5)], {}
    )
    columns.stop(str(long.run))
    stopped, whole = ended(long.run, short.run)
    assert (stopped.status, whole.status) == ("cancelled", "finished")
    assert len(whole.tokens) == 5 and len(stopped.tokens) < 120


def test_what_is_no_column_is_not_found() -> None:
    with pytest.raises(NotFound):
        columns.find("0" * 20)
    with pytest.raises(NotFound):
        columns.find("../etc")


def test_a_run_that_is_still_going_is_seen_as_it_grows(tiny_model: Path) -> None:
    [started] = columns.start([variant(f"path:{tiny_model}?dtype=fp32", max_tokens=50, min_tokens=50)], {})
    seen: set[int] = set()
    deadline = time.monotonic() + 60
    while (now := columns.find(str(started.run))).running:
        seen.add(len(now.tokens))
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)
    assert len(seen) > 2


REQUESTS = [
    GenerationRequest.parse(
        model="smollm2",
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say {{this}} as it is"}],
        params=SamplingParams(temperature=0.5, seed=3, max_tokens=9),
    ),
    GenerationRequest.parse(model="smollm2", mode="completion", prompt="Once {{upon}}", params=SamplingParams(seed=1)),
    TechniqueRequest.parse(
        technique="few-shot", model="smollm2", question="How many?", system="Count.", shots=2, order="random"
    ),
    AnswerRequest.parse(
        question="Who?", model="smollm2", collection="notes", retrieval=RetrievalSettings(mode="keyword", k=3)
    ),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: type(each).__name__)
def test_a_variant_of_a_request_makes_the_very_same_request(request_: object) -> None:
    found = variant_of(request_, "A")  # type: ignore[arg-type]
    assert found.variables == ()
    again = found.request({})
    assert again == request_


def named(**values: object) -> Variant:
    fields = {"messages": (PromptMessage(role="user", content="Hi"),), "model": "smollm2", **values}
    return Variant.parse(name="x", **fields)


def test_names_say_what_differs_and_nothing_else() -> None:
    cold, warm = SamplingParams(temperature=0), SamplingParams(temperature=0.9, seed=1)
    assert names_of([named(params=cold), named(params=warm)]) == ["temperature 0", "temperature 0.9 · seed 1"]
    assert names_of([named(), named(model="path:/models/tuned?dtype=bf16")]) == ["smollm2", "tuned?dtype=bf16"]
    assert names_of([named(technique="zero-shot"), named(technique="pal")]) == ["zero-shot", "pal"]
    shots = [named(technique="few-shot", technique_options={"shots": each}) for each in (1, 4)]
    assert names_of(shots) == ["1 shots", "4 shots"]
    assert names_of([named(), named()]) == ["smollm2 (1)", "smollm2 (2)"]
    assert names_of([]) == []


def test_names_are_distinct_whatever_they_are_made_of() -> None:
    prompts = [named(messages=(PromptMessage(role="user", content="a" * 40 + tail),)) for tail in "bcd"]
    assert len(set(names_of(prompts))) == 3
    assert all(len(name) <= 60 for name in names_of(prompts))


def test_a_score_is_read_line_by_line() -> None:
    found = assertions_of("contains: blue\n\n  not-contains: sorry \nextract:last-number/numeric: 42\nThe sky.")
    assert [(each.type, each.negated, each.value) for each in found] == [
        ("contains", False, "blue"),
        ("contains", True, "sorry"),
        ("extract", False, "42"),
        ("equals", False, "The sky."),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("contans: blue", "did you mean contains?"),
        ("not-contians-all: a", "did you mean contains-all?"),
        ("javascript: 1", "'javascript'"),
        ("contains:", "contains"),
        ("file://score.py", "no folder"),
        ("\n".join(["contains: a"] * 21), "21 lines"),
    ],
)
def test_a_score_that_cannot_be_checked_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as error:
        assertions_of(text)
    assert said in str(error.value) and "\n" not in str(error.value)
