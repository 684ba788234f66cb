"""The Playground under AppTest, on a tiny real model: what a click starts, a link rebuilds, bad input says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st

from core.generation import runs
from core.generation.result import Completion, GenerationResult
from core.models.capabilities import Capabilities
from core.models.loaders import capabilities_of
from core.models.pool import PoolEntry, get_pool
from core.models.reference import parse_ref
from core.store import runs as store
from pages.shared.conversation import whole_text
from pages.shared.session import CHOSEN, MODEL
from tests.conftest import make_tiny_model
from tests.pages.conftest import Playground

PROMPT = "How many apples are left?"


def test_an_example_is_one_click_and_one_run(playground: Playground) -> None:
    playground.click("play_example_0")
    run = playground.finished()
    assert run.status == "finished"
    assert run.request.messages[-1].content.startswith("Why is the sky blue?")
    assert len(run.result.completions[0].tokens[0].top) == 10
    assert len(store.list_runs()) == 1
    assert any("tokens in" in caption.value and "out" in caption.value for caption in playground.app.caption)


def test_a_link_rebuilds_conversation_and_settings_in_another_browser(playground: Playground, tiny_model: Path) -> None:
    playground.set("temperature", 0.3)
    playground.set("seed", "7")
    playground.set("stop", "END\n\\n\\n")
    first = playground.say(PROMPT)
    second = playground.say("And now?")
    other = Playground(tiny_model, {"run": second.id})
    assert other.app.get_by_key("play_temperature").value == 0.3
    assert other.app.get_by_key("play_seed").value == "7"
    assert second.request.params.stop == ("END", "\n\n")
    assert other.app.get_by_key("play_stop").value == "END\n\\n\\n"
    assert other.texts() == [PROMPT, first.result.completions[0].text, "And now?"]
    assert second.request.parent == first.id
    assert shown_tokens(other, second.id) == second.result.completions[0].text


def test_a_page_that_was_left_shows_the_same_run_again(playground: Playground) -> None:
    run = playground.say(PROMPT)
    playground.app.switch_page("pages/work/runs.py").run()
    playground.app.query_params.clear()
    playground.app.switch_page("pages/try/playground.py").run()
    assert playground.run_id == run.id
    assert PROMPT in playground.texts()
    assert playground.app.get_by_key("play_max_tokens").value == 12


def test_new_begins_an_empty_conversation_with_the_same_settings(playground: Playground) -> None:
    playground.say(PROMPT)
    playground.click("play_new")
    assert "run" not in playground.app.query_params
    assert playground.texts() == []
    assert playground.app.get_by_key("play_max_tokens").value == 12


def test_regenerate_uses_the_settings_of_now_and_keeps_both(playground: Playground) -> None:
    playground.set("seed", "1")
    first = playground.say(PROMPT)
    playground.click("play_again")
    same = playground.finished()
    assert same.result.completions[0].text == first.result.completions[0].text
    playground.set("temperature", 0.0)
    playground.click("play_again")
    greedy = playground.finished()
    assert greedy.request.params.greedy
    assert greedy.request.messages == first.request.messages
    assert {row.id for row in store.list_runs()} == {first.id, same.id, greedy.id}


def other_model(playground: Playground, folder: Path) -> str:
    """Choose another model of the same vocabulary, whose ids mean the same only by accident."""
    ref = f"path:{make_tiny_model(folder, seed=1)}"
    box = playground.app.get_by_key(MODEL)
    box.options.append(ref)  # typed in, which AppTest knows no way for
    box.set_value(ref).run()
    assert not playground.app.exception
    return ref


def test_tokens_of_one_model_are_never_given_to_another(playground: Playground, tmp_path: Path) -> None:
    first = playground.say(PROMPT)
    playground.click("play_go_on")
    fork = playground.finished()
    assert fork.request.answer_ids and lens_data(playground)["clickable"]
    playground.app.session_state[CHOSEN] = (fork.id, 0, 1)
    playground.app.run()
    assert component(playground, "play_rivals_")["clickable"]

    other_model(playground, tmp_path / "other")
    assert not component(playground, "play_rivals_")["clickable"]
    assert any("cannot be forked here" in caption.value for caption in playground.app.caption)
    assert any("the chosen model has others" in caption.value for caption in playground.app.caption)
    again = playground.app.get_by_key(f"play_again_{fork.id}")
    assert again.disabled and "given beginning" in again.help
    assert not go_on_buttons(playground)

    playground.app.session_state[CHOSEN] = (first.id, 0, 0)
    playground.app.run()
    assert len(lens_data(playground)["rows"]) == 16


def test_the_first_token_can_be_looked_at_with_another_model(playground: Playground, tmp_path: Path) -> None:
    run = playground.say(PROMPT)
    ref = other_model(playground, tmp_path / "other")
    data = lens_data(playground)
    assert len(data["rows"]) == 16 and not data["clickable"]
    assert not any(row["taken"] for row in data["rows"])
    playground.click("play_again")  # a question without a given beginning is for any model
    again = playground.finished()
    assert again.request.model == ref and again.request.messages == run.request.messages


def test_of_two_models_of_one_name_the_chosen_one_answers(playground: Playground, tmp_path: Path) -> None:
    refs = [f"path:{make_tiny_model(tmp_path / where / 'same', seed=1)}" for where in ("a", "b")]
    for ref in refs:
        get_pool().load(ref)
    st.cache_data.clear()  # the picker reads the registry every five seconds
    playground.app.run()
    for ref in refs:
        playground.app.get_by_key(MODEL).set_value(ref).run()
        assert playground.say(PROMPT).request.model == ref
    for ref in refs:
        get_pool().unload(ref)


def test_an_answer_that_was_cut_goes_on_where_it_ended(playground: Playground) -> None:
    playground.set("temperature", 0.0)
    playground.set("max_tokens", 24)
    whole = playground.say(PROMPT)
    playground.click("play_new")
    playground.set("max_tokens", 12)
    first = playground.say(PROMPT)
    assert first.result.completions[0].finish_reason == "length"
    playground.click("play_go_on")
    second = playground.finished()
    ids = [token.id for token in first.result.completions[0].tokens]
    assert list(second.request.answer_ids) == ids and second.request.parent == first.id
    assert ids + [token.id for token in second.result.completions[0].tokens] == [
        token.id for token in whole.result.completions[0].tokens
    ]
    shown = component(playground, f"play_tokens_{second.id}_0")["spans"]
    assert shown[0] == {"t": second.request.answer_text, "p": None, "i": None, "k": "given"}  # type: ignore[index]
    assert not any("Original" in caption.value for caption in playground.app.caption)
    playground.say("And now?")
    assert whole_text(second, 0) in playground.texts()


def test_a_complete_answer_or_a_back_end_without_forks_has_no_continue(
    playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    playground.say(PROMPT)
    assert len(go_on_buttons(playground)) == 1
    able = replace(capabilities_of(parse_ref(playground.app.session_state[MODEL])), fork=False)
    monkeypatch.setattr("core.models.loaders.capabilities_of", lambda ref: able)
    monkeypatch.setattr("pages.shared.model_picker.capabilities_of", lambda ref: able)
    playground.app.run()
    assert not go_on_buttons(playground)
    monkeypatch.undo()


def test_a_run_of_many_answers_keeps_their_number(playground: Playground, tiny_model: Path) -> None:
    playground.set("max_tokens", 1)
    playground.set("n", 40)
    run = playground.say(PROMPT)
    other = Playground(tiny_model, {"run": run.id})
    assert other.app.get_by_key("play_n").value == 40


@pytest.mark.parametrize(
    ("state", "in_use", "started", "words"),
    [
        (None, 0, False, "Loading the model"),
        ("loading", 1, False, "Loading the model"),
        ("ready", 1, True, "Waiting for the first token"),
        ("ready", 3, True, "in their queue"),
    ],
)
def test_a_run_without_a_token_says_what_it_waits_for(
    playground: Playground, monkeypatch: pytest.MonkeyPatch, state: str, in_use: int, started: bool, words: str
) -> None:
    done = playground.say(PROMPT)
    result = GenerationResult(completions=[Completion()] if started else [])
    waiting = replace(done, status="running", result=result)
    entry = PoolEntry(done.request.model, state, 0, in_use, 0.0) if state else None  # type: ignore[arg-type]
    monkeypatch.setattr("core.generation.runs.get", lambda run_id: waiting)
    monkeypatch.setattr("pages.shared.conversation.state_of", lambda ref: entry)
    playground.app.run()
    said = [each.value for each in (*playground.app.markdown, *playground.app.caption)]
    assert any(words in each for each in said)
    assert not any("Reading the prompt" in each for each in said)


def test_an_edited_turn_drops_what_came_after_it(playground: Playground) -> None:
    first = playground.say(PROMPT)
    second = playground.say("And now?")
    playground.app.get_by_key(f"play_edit_{second.id}_0").set_value("How many pears?")
    playground.click(f"play_edit_{second.id}_0_send")
    edited = playground.finished()
    assert [message.content for message in edited.request.messages] == ["How many pears?"]
    assert edited.request.parent == second.id
    assert runs.get(first.id).request.messages[0].content == PROMPT


def test_the_system_prompt_goes_first(playground: Playground) -> None:
    playground.app.get_by_key("play_system").set_value("Be brief.").run()
    run = playground.say(PROMPT)
    assert [(message.role, message.content) for message in run.request.messages] == [
        ("system", "Be brief."),
        ("user", PROMPT),
    ]
    assert playground.texts() == [PROMPT]


def test_completion_continues_the_text_as_it_is(playground: Playground) -> None:
    playground.app.get_by_key("play_mode").set_value("completion").run()
    playground.app.get_by_key("play_prompt").set_value("The lens gathers ").run()
    playground.click("play_complete")
    run = playground.finished()
    assert run.request.mode == "completion" and run.result.prompt == "The lens gathers "
    assert shown_tokens(playground, run.id) == "The lens gathers " + run.result.completions[0].text


@pytest.mark.parametrize(
    ("dial", "value", "sentence"),
    [
        ("seed", "abc", "seed"),
        ("seed", "-1", "seed"),
        ("seed", str(2**64), "seed"),
        ("min_tokens", 4000, "4000 min_tokens"),
        ("max_tokens", 1000, "context"),
        ("stop", "\n".join("x" * 20), "stop"),
    ],
)
def test_bad_settings_are_one_sentence_and_lose_nothing(
    playground: Playground, dial: str, value: object, sentence: str
) -> None:
    before = playground.say(PROMPT)
    playground.set(dial, value)
    playground.app.chat_input(key="play_message").set_value("Kept?").run()
    assert not playground.app.exception
    if playground.run_id != before.id:  # refused by the model, not by the form: the run says so
        playground.finished()
    errors = playground.errors()
    assert errors and all(sentence in error and "Traceback" not in error for error in errors)
    assert PROMPT in playground.texts()
    assert playground.app.get_by_key(f"play_{dial}").value == value


@pytest.mark.parametrize("run_id", ["0" * 20, "../../etc/passwd", "<script>alert(1)</script>", "x" * 5000])
def test_a_link_to_no_run_says_so_and_the_page_works(tiny_model: Path, run_id: str) -> None:
    page = Playground(tiny_model)
    page.app.query_params["run"] = run_id
    page.app.run()
    assert len(page.errors()) == 1 and page.errors()[0].startswith("There is no")
    assert page.say(PROMPT).status == "finished"


def test_an_error_that_quotes_hostile_text_stays_plain() -> None:
    page = Playground("![x](http://192.0.2.1/a.png)")
    assert page.app.error
    for each in page.app.error:
        assert r"\!\[x\]\(" in each.value and "![x](" not in each.value


@pytest.mark.parametrize("ref", ["../../etc", "http://x/y", "smollm2; rm -rf /", "x" * 10_000])
def test_a_bad_model_reference_is_a_sentence(ref: str) -> None:
    page = Playground(ref)
    assert len(page.errors()) == 1 and "model reference" in page.errors()[0]
    page.app.chat_input(key="play_message").set_value("Kept?").run()
    assert not page.app.exception
    assert "run" not in page.app.query_params or page.finished().result.error


def test_what_the_model_cannot_do_is_disabled_and_says_why(
    playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    able = Capabilities(
        chat=True, completion=True, token_probabilities=False, sampled_probabilities=False, lens=False, fork=False,
        batch=False, seed=False, beams=False, samplers=frozenset({"temperature"}), why_not={"lens": "It is far away."},
    )  # fmt: skip
    monkeypatch.setattr("core.models.loaders.capabilities_of", lambda ref: able)
    monkeypatch.setattr("pages.shared.model_picker.capabilities_of", lambda ref: able)
    playground.app.run()
    assert not playground.app.get_by_key("play_temperature").disabled
    for name in ("top_p", "min_p", "repetition_penalty", "seed", "num_beams"):
        widget = playground.app.get_by_key(f"play_{name}")
        assert widget.disabled and "does not offer it" in widget.help
    assert any("It is far away" in caption.value for caption in playground.app.caption)


def test_a_preset_moves_the_dials_and_ones_own_is_a_file(playground: Playground, loupe_home: Path) -> None:
    playground.app.get_by_key("play_preset").set_value("precise").run()
    assert playground.app.get_by_key("play_temperature").value == 0.0
    assert playground.app.get_by_key("play_max_tokens").value == 12
    playground.set("top_k", 5)
    playground.app.get_by_key("play_preset_name").set_value("five").run()
    playground.click("play_preset_save")
    assert (loupe_home / "presets" / "five.yml").is_file()
    playground.app.get_by_key("play_preset").set_value("neutral").run()
    assert playground.app.get_by_key("play_top_k").value == 0
    playground.app.get_by_key("play_preset").set_value("five").run()
    assert playground.app.get_by_key("play_top_k").value == 5
    playground.app.get_by_key("play_preset_name").set_value("../up").run()
    playground.click("play_preset_save")
    assert any("preset's name" in error for error in playground.errors())


def test_what_people_and_models_write_is_never_markdown(playground: Playground) -> None:
    hostile = "![x](http://192.0.2.1/steal) <img src=x onerror=alert(1)> **bold** $x$"
    playground.say(hostile)
    assert hostile in playground.texts()
    for kind in ("markdown", "html", "caption"):
        assert not any("192.0.2.1" in str(each.value) for each in playground.app.get(kind))


def test_the_lens_follows_a_slider_without_running_the_model(
    playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    playground.say(PROMPT)
    wide = lens_data(playground)
    monkeypatch.setattr("core.generation.lens.compute", lambda request: pytest.fail("the model ran"))
    playground.set("top_k", 3)
    narrow = lens_data(playground)
    assert [row["id"] for row in narrow["rows"]] == [row["id"] for row in wide["rows"]]
    assert [row["before"] for row in narrow["rows"]] == [row["before"] for row in wide["rows"]]
    assert sum(row["after"] > 0 for row in narrow["rows"]) <= 3
    assert any(cut["label"].startswith("top-k 3") for cut in narrow["cuts"])


def test_the_lens_looks_at_the_end_of_a_text_that_is_being_written(playground: Playground) -> None:
    playground.app.get_by_key("play_mode").set_value("completion").run()
    for entry in get_pool().status():  # other tests share this process's pool
        get_pool().unload(entry.ref)
    playground.app.get_by_key("play_prompt").set_value("The lens gathers").run()
    playground.app.get_by_key("play_look").set_value(True).run()  # asks before it loads a model for a look
    assert len(lens_data(playground)["rows"]) == 16
    assert store.list_runs() == []


def go_on_buttons(playground: Playground) -> list[str]:
    return [each.key for each in playground.app.button if each.key and each.key.startswith("play_go_on")]


def component(playground: Playground, prefix: str) -> dict[str, object]:
    """Data of the component whose key begins with `prefix`."""
    for node in playground.app.main.children.values():
        found = _find(node, prefix)
        if found is not None:
            return found
    raise AssertionError(f"no component {prefix}")


def _find(node: object, prefix: str) -> dict[str, object] | None:
    proto = getattr(node, "proto", None)
    if type(proto).__name__ == "BidiComponent" and f"-{prefix}" in proto.id:
        return dict(json.loads(proto.json))
    for child in getattr(node, "children", {}).values():
        if (found := _find(child, prefix)) is not None:
            return found
    return None


def shown_tokens(playground: Playground, run_id: str) -> str:
    spans = component(playground, f"play_tokens_{run_id}_0")["spans"]
    return "".join(span["t"] for span in spans if span["k"] != "special")  # type: ignore[attr-defined]


def lens_data(playground: Playground) -> dict[str, list[dict[str, float]]]:
    import time

    deadline = time.monotonic() + 30
    while True:
        try:
            return component(playground, "play_lens_")  # type: ignore[return-value]
        except AssertionError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
            playground.app.run()
