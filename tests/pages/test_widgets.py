"""What the Playground's widgets show, computed without a page: spans, forks, rivals, cut lines."""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime

import pytest

from core.generation.lens import Bar, LensView, StageReport
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.generation.result import Completion, GenerationResult, TokenChoice, TokenResult
from core.generation.runs import RunView
from pages.shared import session
from pages.shared.bars import Cut, Row
from pages.shared.conversation import fork_place, spans, statistics, whole_text
from pages.shared.forks import cursor, rival_rows
from pages.shared.lens_chart import cuts, describe, effects, rows
from pages.shared.text import magnitude, percent, visible


def run_of(*tokens: TokenResult, text: str | None = None, **request: object) -> RunView:
    shown = "".join(token.text for token in tokens) if text is None else text
    values = {"model": "smollm2", "messages": [{"role": "user", "content": "Hi"}], **request}
    return RunView(
        id="0" * 20,
        request=GenerationRequest.parse(**values),
        status="finished",
        result=GenerationResult(completions=[Completion(text=shown, tokens=list(tokens), finish_reason="stop")]),
        version=1,
        created_at=datetime.now(UTC),
    )


def token(id: int, text: str, probability: float = 0.5, **values: object) -> TokenResult:
    return TokenResult(id=id, text=text, logprob=math.log(probability), **values)  # type: ignore[arg-type]


def test_a_stop_string_is_not_shown_though_its_tokens_are_there() -> None:
    run = run_of(token(1, "one"), token(2, " EN"), token(3, "D"), text="one ")
    assert [(span.text, span.index) for span in spans(run, 0)] == [("one", 0), (" ", 1)]


def test_special_tokens_are_shown_apart_and_can_be_chosen() -> None:
    run = run_of(token(1, "one"), token(2, "", 0.9, special="<|im_end|>"))
    last = spans(run, 0)[-1]
    assert (last.text, last.kind, last.index) == ("<|im_end|>", "special", 1)


def test_an_answer_that_repeats_what_it_began_with_is_whole() -> None:
    run = run_of(token(1, "ha"), token(2, " no"), answer_ids=(1,), answer_text="ha")
    assert whole_text(run, 0) == "haha no"
    assert [(span.text, span.kind) for span in spans(run, 0)] == [("ha", "given"), ("ha", "token"), (" no", "token")]


def test_going_on_from_the_end_is_no_fork() -> None:
    parent = run_of(token(1, "a"), token(2, " b"), answer_ids=(7,), answer_text="x")
    assert fork_place(run_of(token(9, " z"), answer_ids=(7, 1, 2), answer_text="xa b"), parent) is None
    assert fork_place(run_of(token(9, " z"), answer_ids=(7, 1, 5), answer_text="xa c"), parent) == (0, 1)


def test_an_answer_without_token_probabilities_is_one_plain_span() -> None:
    assert [(span.text, span.index) for span in spans(run_of(text="plain"), 0)] == [("plain", None)]


def test_a_fork_knows_where_it_left_and_shows_what_it_shares() -> None:
    parent = run_of(token(1, "a"), token(2, " b"), token(3, " c"))
    fork = run_of(token(9, " z"), answer_ids=(1, 7), answer_text="a x", parent=parent.id, text=" z")
    assert fork_place(fork, parent) == (0, 1)
    assert [(span.text, span.kind) for span in spans(fork, 0, fork_at=1)] == [
        ("a", "given"),
        (" x", "fork"),
        (" z", "token"),
    ]
    assert whole_text(fork, 0) == "a x z"
    begun = cursor(fork, 0, 1)
    assert begun.answer_ids == (1, 7, 9) and begun.answer_text == "a x z"


def test_a_fork_of_an_answer_that_is_not_the_parents_is_shown_alone() -> None:
    parent = run_of(token(1, "a"), token(2, " b"))
    assert fork_place(run_of(answer_ids=(8, 7), answer_text="y x"), parent) is None


@pytest.mark.parametrize("gone", [-math.inf, None])  # a stored result holds minus infinity as null
def test_a_rival_that_the_samplers_removed_is_marked(gone: float | None) -> None:
    top = [
        TokenChoice(id=1, text="a", logprob=math.log(0.6), sampled_logprob=0.0),
        TokenChoice(id=2, text="b", logprob=math.log(0.3), sampled_logprob=gone),
    ]
    listed = rival_rows(token(1, "a", 0.6, sampled_logprob=0.0, top=top))
    assert [(row.id, row.after, row.removed_by, row.taken) for row in listed] == [
        (1, 1.0, None, True),
        (2, 0.0, "samplers", False),
    ]


def test_a_token_outside_of_its_rivals_is_listed_too() -> None:
    listed = rival_rows(token(5, "e", 0.01, top=[TokenChoice(id=1, text="a", logprob=math.log(0.9))]))
    assert [(row.id, row.taken) for row in listed] == [(1, False), (5, True)]
    assert listed[0].after is None and listed[0].removed_by is None


def test_rivals_without_ids_are_told_apart_by_their_text() -> None:
    top = [TokenChoice(id=-1, text=text, logprob=math.log(p)) for text, p in ((" a", 0.5), (" b", 0.3), (" c", 0.1))]
    listed = rival_rows(token(-1, " b", 0.3, top=top))
    assert [(row.text, row.taken) for row in listed] == [(" a", False), (" b", True), (" c", False)]
    outside = rival_rows(token(-1, " d", 0.02, top=top))
    assert [(row.text, row.taken) for row in outside][-1] == (" d", True) and len(outside) == 4


def view(*removed_by: str | None, stages: tuple[StageReport, ...]) -> LensView:
    bars = tuple(Bar(i, f" {i}", 0.2, 0.0 if name else 0.5, name) for i, name in enumerate(removed_by))
    return LensView(bars, 0.1, 0.0, 90, stages, 3.0, 100, 2)


def test_cut_lines_stand_where_each_sampler_begins_to_remove() -> None:
    top_k, top_p = (
        StageReport("top_k", 4, 4, 96, 0.2, 0.1),
        StageReport("top_p", 0.9, 2, 2, 0.1, 0.2),
    )
    shown = view(None, None, "top_p", "top_p", "top_k", "top_k", stages=(top_k, top_p))
    assert cuts(shown) == [Cut(2, "top-p 0.9"), Cut(4, "top-k 4")]
    assert [effect.removed for effect in effects(shown)] == ["96", "2"]
    assert "top-k removes 96 tokens with 20 %" in describe(shown)


def test_a_cut_inside_the_rest_stands_above_it_and_an_idle_sampler_has_no_line() -> None:
    top_k, min_p = StageReport("top_k", 50, 50, 50, 0.01, 0.1), StageReport("min_p", 0.01, 50, 0, 0.0, None)
    shown = view(None, None, stages=(top_k, min_p))
    assert cuts(shown) == [Cut(2, "top-k 50")]
    assert effects(shown)[1].removed == "—"


def test_a_penalty_has_its_line_in_the_table_before_the_samplers() -> None:
    penalty = StageReport("repetition_penalty", 1.05, 100, 0, 0.0, None, reweighed=7)
    table = effects(view(None, stages=(penalty, StageReport("temperature", 0.7, 100, 0, 0.0, None))))
    assert [(effect.name, effect.setting) for effect in table] == [("repetition", "1.05"), ("temperature", "0.7")]
    assert (table[0].kept, table[0].removed) == ("100", "reweighs 7")


def test_typical_may_remove_the_favourite_and_still_has_its_line_in_the_tail() -> None:
    shown = view("typical_p", None, "typical_p", stages=(StageReport("typical_p", 0.5, 1, 99, 0.7, 0.2),))
    assert cuts(shown) == [Cut(2, "typical-p 0.5")]
    assert rows(shown, taken=1)[0] == Row(0, " 0", 0.2, 0.0, "typical-p", False)
    assert rows(shown, taken=1)[1].taken


def test_settings_survive_the_way_into_the_widgets_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit.session_state", state := {})
    given = SamplingParams.parse(
        temperature=0.3, seed=2**63 - 1, stop=("a\nb", "\\n", "c\\"), early_stopping="never", num_beams=3, n=2
    )
    session.set_dials(given.model_dump())
    assert state["play_seed"] == str(2**63 - 1)
    assert session.params() == given


def test_a_click_on_a_page_that_is_over_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit.session_state", {"play_run": (shown := session.Shown("a" * 20))})
    started: list[str] = []

    def act(text: str) -> None:
        started.append(text)
        shown.run = "b" * 20

    click = session.once(act)
    click("first")
    click("second")
    assert started == ["first"]
    session.once(act)("on the new page")
    assert started == ["first", "on the new page"]


def test_two_clicks_at_the_same_time_are_one_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit.session_state", {"play_run": (shown := session.Shown())})
    started: list[int] = []
    begun = threading.Event()

    def act(number: int) -> None:
        started.append(number)
        begun.set()
        time.sleep(0.2)  # starting takes a while
        shown.run = "a" * 20

    clicks = [threading.Thread(target=session.once(act), args=(number,)) for number in (1, 2)]
    clicks[0].start()
    begun.wait(10)
    clicks[1].start()
    for click in clicks:
        click.join(10)
    assert started == [1]


def test_numbers_and_white_space_can_be_read() -> None:
    assert [percent(p) for p in (1, 0.34, 0.034, 0.00034, 1e-9, 0)] == [
        "100 %", "34 %", "3.4 %", "0.034 %", "< 0.001 %", "0 %",
    ]  # fmt: skip
    assert visible(" a\n") == "␣a⏎"
    assert [magnitude(n) for n in (135e6, 999, 1.7e9, None)] == ["135 M", "999", "1.7 B", "unknown"]
    assert statistics(run_of(token(1, "a"))) == "0 out"
