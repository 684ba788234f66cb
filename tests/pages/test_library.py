"""The Library under AppTest: what each button does to the files, what the page shows of them, and that nothing is lost.

Files are changed on disk as an editor or git would; what `core.prompts` itself guarantees is tested there.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.generation import runs as live
from core.prompts import library, versions
from core.prompts.formats import FORMATS
from core.prompts.presets import load_preset
from core.store import runs as store
from core.techniques import TECHNIQUES
from pages.shared.lab import draft as lab_draft
from pages.shared.library import desk, header, saving, welcome
from pages.shared.library.diff import blocks, pieces
from pages.shared.presets import DEFAULT
from pages.shared.session import MODEL
from tests.pages.conftest import ROOT

GREETING = """\
# a comment that stays
name: Greeting
description: Says hello.
modelParameters:
  temperature: 0.5
  frequencyPenalty: 0.25
messages:
  - role: system
    content: You are polite.
  - role: user
    content: |
      Greet {{who}} {{times}} times. Formal: {{formal}}. In {{language}}.

      {{text}}
inputs:
  times: {type: number, default: 2}
  formal: {type: boolean}
  language: {choices: [English, French]}
  text: {type: long_text}
testData:
  - {who: Ada, times: 3, formal: true, language: French, text: Long ago., expected: Bonjour}
  - {who: Bob, times: 1, formal: false, language: Klingon, text: Now.}
"""
NAME = "mine/greeting"
HOSTILE = "<img src=x onerror=alert(1)> ![p](https://example.com/p.png) $x$ :red[no] **bold** {{ ''.__class__ }}"
TAKES_EFFECT = re.compile(r"(?<!\\)(<img|!\[p|\$x|:red\[no|\*\*bold)")


class Page:
    """The Library under AppTest."""

    def __init__(self, name: str | None = None, model: Path | None = None, **query: str) -> None:
        self.app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        if model:
            self.app.session_state[MODEL] = f"path:{model}"
        self.app.switch_page("pages/prompts/library.py")
        if name is not None:
            self.app.query_params["prompt"] = name
        for key, value in query.items():
            self.app.query_params[key] = value
        self.run()

    def run(self) -> None:
        """Draw the page anew."""
        self.app.run()
        assert not self.app.exception

    def tab(self, name: str) -> None:
        """Open a tab."""
        self.app.query_params["library_tab"] = name
        self.app.session_state["library_tab"] = name
        self.run()

    def widget(self, label: str) -> Any:
        """The box with this label."""
        kinds = (self.app.text_area, self.app.text_input, self.app.number_input, self.app.selectbox, self.app.checkbox)
        return next(each for kind in kinds for each in kind if each.label == label)

    def set(self, label: str, value: Any) -> None:
        """Type into the box with this label."""
        self.widget(label).set_value(value)
        self.run()

    def field(self, variable: str) -> Any:
        """The form's field for a variable."""
        return self.app.get_by_key(f"library_value_{self.name}_{variable}")

    def fill(self, variable: str, value: Any) -> None:
        """Type into a field of the form."""
        self.field(variable).set_value(value)
        self.run()

    def button(self, key: str) -> Any:
        """The button whose key is this one, with or without the seed that fields carry."""
        return next(each for each in self.app.button if each.key == key or (each.key or "").endswith(f"_{key}"))

    def click(self, key: str) -> None:
        """Press a button."""
        self.button(key).click()
        self.run()

    def has(self, key: str) -> bool:
        """Whether there is such a button."""
        return any(each.key == key for each in self.app.button)

    @property
    def name(self) -> str | None:
        """The prompt in the URL."""
        value = self.app.query_params.get("prompt", None)
        return value[0] if isinstance(value, list) else value

    def errors(self) -> list[str]:
        """Every error and warning, as it reads."""
        return [each.value.replace("\\", "") for kind in (self.app.error, self.app.warning) for each in kind]

    def preview(self) -> list[str]:
        """The rendered messages, letter by letter."""
        return [each.value for each in self.app.code]

    def captions(self) -> str:
        """All captions, as they read."""
        return "\n".join(each.value.replace("\\", "") for each in self.app.caption)

    def toast(self) -> str:
        """What was just done."""
        return " ".join(each.value.replace("\\", "") for each in self.app.toast)

    def diff(self) -> dict[str, Any]:
        """What the side-by-side view was given."""
        [element] = [each for each in self.app.main if each.type == "bidi_component"]
        found: dict[str, Any] = json.loads(element.proto.json)
        return found


@pytest.fixture
def folder(loupe_home: Path) -> Path:
    """The person's folder of prompts, with one prompt in it."""
    folder = loupe_home / "prompts"
    file = folder / "mine" / "greeting.prompt.yml"
    file.parent.mkdir(parents=True)
    file.write_text(GREETING, "utf-8")
    return folder


@pytest.fixture
def file(folder: Path) -> Path:
    """That prompt's file."""
    return folder / "mine" / "greeting.prompt.yml"


@pytest.fixture
def page(folder: Path) -> Page:
    """A fresh browser with the prompt open."""
    return Page(NAME)


def shipped(name: str, text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let a prompt ship with Loupe."""
    from core.prompts import folder, listing
    from core.prompts import library as core_library

    root = tmp_path / "shipped"
    target = root / f"{name}.prompt.yml"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, "utf-8")
    for module in (folder, listing, core_library):
        monkeypatch.setattr(module, "SHIPPED", root)


# --- finding a prompt -------------------------------------------------------------------------------------------------


def test_without_a_prompt_the_page_teaches_and_one_click_opens_a_filled_example(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shipped(welcome.EXAMPLE, GREETING, monkeypatch, tmp_path)
    page = Page()
    page.click("library_example")
    assert page.name == welcome.EXAMPLE
    assert page.field("who").value == "Ada"
    assert "Greet Ada 3 times. Formal: true. In French.\n\nLong ago." in page.preview()[-1]


def test_a_first_prompt_can_be_made_where_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shipped("x/y", GREETING, monkeypatch, tmp_path)
    (tmp_path / "shipped" / "x" / "y.prompt.yml").unlink()
    page = Page()
    assert "There is no prompt yet" in page.captions()
    page.app.get_by_key("library_new_name").set_value("team/first")
    page.click("library_create")
    assert page.name == "team/first"
    assert library.load("team/first").prompt.variables
    assert page.app.get_by_key("library_new_name").value == ""


def test_a_search_finds_words_of_the_text_and_hides_the_rest(page: Page) -> None:
    library.save("other", library.load(NAME).prompt.model_copy(update={"description": "A zebra."}))
    page.set("Search", "ZEBRA")
    assert page.has("library_open_other") and not page.has(f"library_open_{NAME}")
    page.set("Search", "no such words anywhere")
    assert "No prompt matches" in page.captions()


def test_what_ships_is_listed_and_the_texts_of_the_search_tool_are_not_prompts() -> None:
    keys = [each.key or "" for each in Page().app.button]
    assert f"library_open_{welcome.EXAMPLE}" in keys and f"library_card_{welcome.EXAMPLE}" in keys
    assert not [key for key in keys if "collections/" in key]


def test_a_prompt_opens_from_the_list_and_its_link_opens_it_elsewhere(folder: Path) -> None:
    page = Page()
    page.click(f"library_open_{NAME}")
    assert page.name == NAME
    assert Page(page.name).widget("Message 1").value == "You are polite."


@pytest.mark.parametrize("name", ["no/such", "../../etc/passwd", "<img src=x onerror=alert(1)>", "a" * 300, "x\0y"])
def test_an_unknown_name_in_the_url_is_a_sentence_and_the_list_is_there(folder: Path, name: str) -> None:
    page = Page(name)
    assert len(page.errors()) == 1
    assert not TAKES_EFFECT.search(" ".join(each.value for kind in (page.app.error, page.app.warning) for each in kind))
    page.click(f"library_open_{NAME}")
    assert page.widget("Message 1").value == "You are polite."
    assert page.errors() == []


def test_a_file_that_cannot_be_used_has_its_sentence_and_can_be_repaired_as_text(folder: Path) -> None:
    (folder / "broken.prompt.yml").write_text("messages: [}\n", "utf-8")
    (folder / "bad..prompt.yml").write_text(GREETING, "utf-8")
    (folder / "link.txt").symlink_to(folder / "mine" / "greeting.prompt.yml")
    page = Page()
    page.app.session_state["library_problems"] = True
    page.run()
    said = page.captions()
    assert "broken.prompt.yml" in said and "link" in said and "'bad.'" in said
    repairs = [each for each in page.app.button if (each.key or "").startswith("library_repair_")]
    assert [each.label for each in repairs] == ["Repair broken"]
    repairs[0].click()
    page.run()
    assert page.name == "broken" and any("line 1" in error for error in page.errors())
    page.tab("File")
    page.set("broken\\.prompt\\.yml · GitHub Models", "messages:\n  - {role: user, content: Hi}\n")
    page.click("library_save")
    assert library.load("broken").prompt.messages[0].content == "Hi"


# --- the form and what would be sent ----------------------------------------------------------------------------------


def test_every_variable_is_a_field_of_its_type(page: Page) -> None:
    kinds = {name: page.field(name).type for name in ("who", "times", "formal", "language", "text")}
    assert kinds == {
        "who": "text_input",
        "times": "number_input",
        "formal": "checkbox",
        "language": "selectbox",
        "text": "text_area",
    }
    assert page.field("times").value == 2
    assert page.field("language").options == ["English", "French"]


def test_what_is_missing_stands_as_a_variable_and_nothing_can_be_sent(page: Page) -> None:
    assert "Greet {{who}} 2 times. Formal: false. In {{language}}." in page.preview()[-1]
    assert "No value yet for who, language, text" in page.captions()
    assert page.button("library_try").disabled


def test_test_data_fills_the_form_with_one_click(page: Page) -> None:
    page.app.get_by_key(f"library_rows_{NAME}").set_value(0)
    page.run()
    assert page.preview()[-1] == "Greet Ada 3 times. Formal: true. In French.\n\nLong ago.\n"
    assert "Bonjour" in page.captions()
    page.app.get_by_key(f"library_rows_{NAME}").set_value(1)
    page.run()
    assert "Greet Bob 1 times. Formal: false. In Klingon." in page.preview()[-1]  # none of the declared choices
    page.fill("times", 2.5)
    assert "Greet Bob 2.5 times." in page.preview()[-1]


def test_a_value_is_never_expanded_again(page: Page) -> None:
    for name, value in {"who": "{{text}}", "language": "French", "text": HOSTILE}.items():
        page.fill(name, value)
    assert "Greet {{text}} 2 times." in page.preview()[-1]
    assert page.preview()[-1].count(HOSTILE) == 1


def test_the_forms_values_become_test_data_of_the_draft(page: Page) -> None:
    for name, value in {"who": "Eve", "language": "English", "text": "T"}.items():
        page.fill(name, value)
    page.click("library_keep_row")
    page.click("library_save")
    row = library.load(NAME).prompt.test_data[-1]
    assert row == {"who": "Eve", "times": 2, "formal": False, "language": "English", "text": "T"}


def test_rows_that_are_gone_from_the_file_do_no_harm(page: Page, file: Path) -> None:
    page.app.get_by_key(f"library_rows_{NAME}").set_value(1)
    page.run()
    file.write_text(GREETING[: GREETING.index("  - {who: Bob")], "utf-8")
    page.run()
    assert page.field("who").value == "Bob"


def test_tokens_are_counted_for_the_chosen_model_when_somebody_asks(folder: Path, tiny_model: Path) -> None:
    page = Page(NAME, tiny_model)
    page.app.get_by_key(f"library_rows_{NAME}").set_value(0)
    page.run()
    page.click("library_ask_count")
    [bar] = [each for each in page.app.main if each.type == "progress"]
    count = int(bar.proto.text.split()[0])
    from core.models.tokenizer import tokenizer_of

    messages = [
        {"role": "system", "content": "You are polite."},
        {"role": "user", "content": "Greet Ada 3 times. Formal: true. In French.\n\nLong ago.\n"},
    ]
    with tokenizer_of(f"path:{tiny_model}") as loaded:
        assert count == len(loaded.encode_chat(messages))  # type: ignore[attr-defined]
    page.fill("who", "Ada Lovelace, Countess")
    [bar] = [each for each in page.app.main if each.type == "progress"]
    assert int(bar.proto.text.split()[0]) > count


def test_trying_it_sends_exactly_what_was_shown(folder: Path, tiny_model: Path) -> None:
    page = Page(NAME, tiny_model)
    page.app.get_by_key(f"library_rows_{NAME}").set_value(0)
    page.run()
    page.click("library_try")
    [row] = store.list_runs()
    request = live.get(row.id).request
    live.cancel(row.id)
    while live.get(row.id).running:  # else it would be stored with the next test's runs
        time.sleep(0.02)
    assert [message.role for message in request.messages] == ["system", "user"]
    assert request.messages[1].content == "Greet Ada 3 times. Formal: true. In French.\n\nLong ago.\n"
    assert (request.params.temperature, request.params.frequency_penalty) == (0.5, 0.25)
    assert request.params.top_p == load_preset(DEFAULT).params["top_p"]  # as the Playground would on a first visit
    assert page.app.query_params["run"] in (row.id, [row.id])


def test_what_cannot_be_run_is_a_sentence_on_the_page(page: Page, file: Path, tiny_model: Path) -> None:
    file.write_text("messages:\n  - {role: assistant, content: I begin.}\n", "utf-8")
    page.run()
    page.click("library_try")
    assert any("last message must be from the user" in error for error in page.errors())
    assert store.list_runs() == []


def test_a_technique_goes_to_the_lab_with_its_question(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_model: Path
) -> None:
    text = "messages:\n  - {role: user, content: 'Q: {{question}}'}\n"
    text += "testData:\n  - {question: How many?, expected: 1104}\n"
    shipped("techniques/few-shot", text, monkeypatch, tmp_path)
    page = Page("techniques/few-shot", tiny_model)
    page.app.get_by_key("library_rows_techniques/few-shot").set_value(0)
    page.run()
    page.click("library_lab")
    page.app.switch_page("pages/prompts/lab.py")  # a browser goes there by itself; AppTest stays with its page
    page.run()
    assert page.app.get_by_key(lab_draft.QUESTION).value == "How many?"
    assert page.app.get_by_key(lab_draft.EXPECTED).value == "1104"
    assert [name for name in TECHNIQUES if page.app.get_by_key(lab_draft.tick(name)).value] == ["few-shot"]


# --- editing and saving -----------------------------------------------------------------------------------------------


def test_an_edit_is_saved_as_a_version_and_the_rest_of_the_file_stays(page: Page, file: Path) -> None:
    page.set("Message 1", "You are rude.")
    assert "Unsaved changes" in " ".join(each.value for each in page.app.markdown)
    assert file.read_text("utf-8") == GREETING
    page.set("What changed", "Tone")
    page.click("library_save")
    assert file.read_text("utf-8") == GREETING.replace("polite", "rude")
    newest = versions.history(NAME)[0]
    assert (newest.message, newest.origin, newest.number) == ("Tone", "page", 2)
    assert "version 2" in page.toast()
    assert page.widget("What changed").value == ""


def test_saving_without_a_change_makes_no_version(page: Page) -> None:
    page.click("library_save")
    assert len(versions.history(NAME)) == 1
    assert "Nothing has changed" in page.toast()


def test_a_double_click_is_one_version(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both clicks find the callback of the page as it was drawn before the first one."""
    callbacks = []
    real = desk.act

    def act(action: Any, *, once: bool = False) -> Any:
        callback = real(action, once=once)
        if action is saving.save:
            callbacks.append(callback)
        return callback

    monkeypatch.setattr(header, "act", act)
    page.set("Message 1", "You are rude.")
    drawn = callbacks[-1]
    monkeypatch.setattr(
        header, "act", lambda action, **options: _twice(drawn) if action is saving.save else real(action, **options)
    )
    page.run()
    page.click("library_save")
    assert len(versions.history(NAME)) == 2
    assert page.errors() == []


def _twice(callback: Any) -> Any:
    def both(*args: Any) -> None:
        callback(*args)
        saving.desk().notice = None
        callback(*args)
        assert saving.desk().notice is None  # the second one did nothing, not even say so

    return both


def test_words_that_come_with_the_click_are_saved_too(page: Page) -> None:
    page.widget("Message 1").set_value("Typed last.")
    page.click("library_save")
    assert library.load(NAME).prompt.messages[0].content == "Typed last."


def test_messages_are_added_moved_removed_and_their_roles_changed(page: Page) -> None:
    page.click("add")
    page.set("Message 3", "Fine.")
    assert page.widget("Role of message 3").value == "assistant"
    page.click("Up_2")
    assert page.widget("Message 2").value == "Fine."
    page.set("Role of message 2", "user")
    page.click("remove_0")
    page.click("library_save")
    messages = library.load(NAME).prompt.messages
    assert [(each.role, each.content[:5]) for each in messages] == [("user", "Fine."), ("user", "Greet")]


def test_the_last_message_cannot_be_removed(page: Page) -> None:
    page.click("remove_0")
    assert page.button("remove_0").disabled


def test_title_description_and_parameters_are_edited_and_the_others_stay(page: Page) -> None:
    page.set("Title", "Hello")
    page.set("Description", "Says hello, twice.")
    page.set("Temperature", None)
    page.set("Max tokens", 64)
    page.click("library_save")
    prompt = library.load(NAME).prompt
    assert (prompt.name, prompt.description) == ("Hello", "Says hello, twice.")
    assert prompt.parameters == {"frequency_penalty": 0.25, "max_tokens": 64}


def test_the_file_as_text_and_the_fields_are_one_draft(page: Page, file: Path) -> None:
    page.set("Message 1", "You are brief.")
    page.tab("File")
    box = page.app.text_area[0]
    assert box.value == GREETING.replace("polite", "brief")
    box.set_value(box.value.replace("Says hello", "Waves"))
    page.run()
    page.tab("Prompt")
    assert page.widget("Description").value == "Waves."
    assert page.widget("Message 1").value == "You are brief."
    page.click("library_save")
    assert file.read_text("utf-8") == GREETING.replace("polite", "brief").replace("Says hello", "Waves")


def test_text_that_is_no_prompt_is_kept_and_not_saved(page: Page, file: Path) -> None:
    page.tab("File")
    page.app.text_area[0].set_value("messages: [}")
    page.run()
    page.click("library_save")
    assert file.read_text("utf-8") == GREETING
    assert page.app.text_area[0].value == "messages: [}"
    assert any("line 1" in error for error in page.errors())


def test_windows_line_ends_survive_an_edit_of_the_text(page: Page, file: Path) -> None:
    file.write_bytes(GREETING.replace("\n", "\r\n").encode())
    page.run()
    page.tab("File")
    page.app.text_area[0].set_value(GREETING.replace("polite", "rude"))  # a browser's box knows one kind
    page.run()
    page.click("library_save")
    assert file.read_bytes() == GREETING.replace("polite", "rude").replace("\n", "\r\n").encode()


def test_a_draft_outlives_a_change_of_page_and_of_prompt(page: Page) -> None:
    page.set("Message 1", "Half a thou")
    library.save("other", library.load(NAME).prompt)
    page.run()
    page.click("library_open_other")
    assert page.widget("Message 1").value == "You are polite."
    page.app.switch_page("pages/work/runs.py").run()
    page.app.query_params.clear()
    page.app.switch_page("pages/prompts/library.py")
    page.run()
    assert page.name == "other"
    page.click(f"library_open_{NAME}")
    assert page.widget("Message 1").value == "Half a thou"


def test_discarded_text_can_be_put_back(page: Page) -> None:
    page.set("Message 1", "A good idea.")
    page.click("library_discard")
    assert page.widget("Message 1").value == "You are polite."
    page.click("library_put_back")
    assert page.widget("Message 1").value == "A good idea."


def test_what_the_format_cannot_hold_is_said_before_saving(folder: Path) -> None:
    (folder / "note.txt").write_text("Hello {{who}}", "utf-8")
    page = Page("note")
    page.click("add")
    page.set("Message 2", "Hi.")
    assert any("one message" in warning for warning in page.errors())


def test_single_braces_are_recognised_and_converted_on_request(folder: Path) -> None:
    (folder / "old.txt").write_text("Translate {text} to {language}.\n", "utf-8")
    page = Page("old")
    assert "{text}" in page.app.info[0].value.replace("\\", "")
    page.click("library_convert")
    assert page.widget("Message 1").value == "Translate {{text}} to {{language}}."
    assert page.field("language").value == ""
    assert (folder / "old.txt").read_text("utf-8") == "Translate {text} to {language}.\n"  # not before Save
    page.click("library_save")
    assert library.load("old").prompt.variables == ("text", "language")


# --- somebody else ----------------------------------------------------------------------------------------------------


def test_a_file_changed_in_an_editor_appears_at_the_next_look(page: Page, file: Path) -> None:
    file.write_text(GREETING.replace("polite", "terse"), "utf-8")
    (file.parent / "new.txt").write_text("From git.", "utf-8")
    page.run()
    assert page.widget("Message 1").value == "You are terse."
    assert page.has("library_open_mine/new")
    assert "changed elsewhere" in page.toast()
    assert versions.history(NAME)[0].origin == "disk"


def conflict(page: Page, file: Path) -> None:
    """Two people change the same prompt."""
    page.set("Message 1", "Mine.")
    file.write_text(GREETING.replace("You are polite.", "Theirs."), "utf-8")
    page.click("library_save")


def test_a_conflict_shows_both_versions_and_writes_nothing(page: Page, file: Path) -> None:
    conflict(page, file)
    assert any("Both versions are below" in warning for warning in page.errors())
    changed = [row for block in page.diff()["blocks"] for row in block["rows"] if row["kind"] == "changed"]
    assert ["".join(text for text, _ in row[side]) for row in changed for side in "lr"] == [
        "    content: Theirs.",
        "    content: Mine.",
    ]
    assert "Theirs." in file.read_text("utf-8")
    assert page.widget("Message 1").value == "Mine."
    assert page.button("library_save").disabled


def test_it_is_noticed_before_saving_too(page: Page, file: Path) -> None:
    page.set("Message 1", "Mine.")
    file.write_text(GREETING.replace("You are polite.", "Theirs."), "utf-8")
    page.run()
    assert any("Both versions are below" in warning for warning in page.errors())
    assert page.widget("Message 1").value == "Mine."


def test_mine_is_kept_and_theirs_stays_in_the_history(page: Page, file: Path) -> None:
    conflict(page, file)
    page.click("library_keep_mine")
    assert file.read_text("utf-8") == GREETING.replace("You are polite.", "Mine.")
    held = [versions.get(NAME, version.number)[1] for version in versions.history(NAME)]
    assert ["Mine." in held[0], "Theirs." in held[1], "polite" in held[2]] == [True, True, True]
    assert page.errors() == []


def test_theirs_is_taken_and_mine_can_be_put_back(page: Page, file: Path) -> None:
    conflict(page, file)
    page.click("library_take_theirs")
    assert page.widget("Message 1").value == "Theirs."
    assert page.errors() == []
    page.click("library_put_back")
    assert page.widget("Message 1").value == "Mine."
    page.click("library_save")
    assert "Mine." in file.read_text("utf-8")


def test_a_file_that_changes_again_during_a_conflict_is_not_overwritten_unseen(page: Page, file: Path) -> None:
    conflict(page, file)
    file.write_text(GREETING.replace("You are polite.", "Third."), "utf-8")
    page.click("library_keep_mine")  # was drawn for the second version
    assert "Third." in file.read_text("utf-8")
    assert page.widget("Message 1").value == "Mine."


def test_both_of_the_same_mind_is_no_conflict(page: Page, file: Path) -> None:
    page.set("Message 1", "Same.")
    file.write_text(GREETING.replace("You are polite.", "Same."), "utf-8")
    page.click("library_save")
    assert page.errors() == []
    assert not page.has("library_keep_mine")


def test_a_file_deleted_meanwhile_keeps_the_text_and_can_be_saved_again(page: Page, file: Path) -> None:
    page.set("Message 1", "Mine.")
    file.unlink()
    page.run()
    assert any("Your text is here" in warning for warning in page.errors())
    page.click("library_keep_mine")
    assert "Mine." in file.read_text("utf-8")


def test_a_file_deleted_meanwhile_without_edits_is_said(page: Page, file: Path) -> None:
    file.unlink()
    page.run()
    assert any("no prompt" in warning for warning in page.errors())
    page.click("library_undelete")
    assert file.read_text("utf-8") == GREETING


# --- versions and labels ----------------------------------------------------------------------------------------------


@pytest.fixture
def long_history(page: Page) -> Page:
    """Three versions, the tab open."""
    for word in ("rude", "kind"):
        page.set("Message 1", f"You are {word}.")
        page.set("What changed", f"Now {word}")
        page.click("library_save")
    page.tab("Versions")
    return page


def test_versions_say_who_when_and_why(long_history: Page) -> None:
    shown = [each.value for each in long_history.app.markdown]
    assert [text for text in shown if re.fullmatch(r"\*\*\d\*\*", text)] == ["**3**", "**2**", "**1**"]
    assert "Now kind" in shown and "Editor or git" in shown
    for version in versions.history(NAME):
        assert f"{version.created_at.astimezone():%Y-%m-%d %H:%M} · {version.size:,} B" in long_history.captions()


def test_any_two_versions_stand_side_by_side(long_history: Page) -> None:
    first = long_history.diff()
    assert (first["left"], first["right"]) == ("Version 2 · Now rude", "As it is now")
    long_history.set("with", 1)
    marked = [
        [piece for piece, changed in row[side] if changed]
        for block in long_history.diff()["blocks"]
        for row in block["rows"]
        if row["kind"] == "changed"
        for side in "lr"
    ]
    assert marked == [["rude"], ["polite"]]
    long_history.click("library_compare_3")
    assert long_history.diff()["note"] == "No difference."


def test_unsaved_changes_are_compared_too(page: Page) -> None:
    page.set("Message 1", "You are loud.")
    page.tab("Versions")
    found = page.diff()
    assert (found["left"], found["right"]) == ("Version 1 · editor or git", "Unsaved changes")
    assert found["note"] == "Lines: 1 changed"


def test_an_old_version_is_restored_as_the_newest(long_history: Page, file: Path) -> None:
    long_history.click("library_restore_1")
    assert file.read_text("utf-8") == GREETING
    assert [version.number for version in versions.history(NAME)] == [4, 3, 2, 1]
    assert "version 4" in long_history.toast()


def test_restoring_puts_unsaved_text_aside(long_history: Page) -> None:
    long_history.tab("Prompt")
    long_history.set("Message 1", "Unsaved.")
    long_history.tab("Versions")
    long_history.click("library_restore_1")
    long_history.click("library_put_back")
    long_history.tab("Prompt")
    assert long_history.widget("Message 1").value == "Unsaved."


def test_a_label_is_set_moved_and_removed(long_history: Page) -> None:
    long_history.click("library_set_label")
    assert versions.labels(NAME) == {"production": 3}
    long_history.set("Version", 1)
    long_history.click("library_set_label")
    assert versions.labels(NAME) == {"production": 1}
    assert any(":blue-badge[production]" in each.label for each in long_history.app.sidebar.button)
    long_history.click("library_unlabel_0")
    assert versions.labels(NAME) == {}


def test_a_bad_label_is_a_sentence(long_history: Page) -> None:
    box = long_history.widget("Label")
    box.options.append(HOSTILE)
    box.set_value(HOSTILE)
    long_history.click("library_set_label")
    assert versions.labels(NAME) == {}
    assert any("cannot be a label" in error for error in long_history.errors())


# --- other names, other files -----------------------------------------------------------------------------------------


def test_a_shipped_prompt_is_changed_as_a_copy_of_ones_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shipped("everyday/hello", GREETING, monkeypatch, tmp_path)
    page = Page("everyday/hello")
    assert not page.has("library_save") and not page.has("library_delete")
    page.set("Message 1", "You are mine.")
    page.click("library_save_copy")
    assert page.name == "my/hello"
    assert library.load("my/hello").prompt.messages[0].content == "You are mine."
    assert library.load("everyday/hello").text == GREETING
    page.click("library_open_everyday/hello")
    assert page.widget("Message 1").value == "You are polite."


def test_a_duplicate_takes_the_edits_along(page: Page, file: Path) -> None:
    page.set("Message 1", "You are new.")
    page.click("library_duplicate")
    assert page.name == f"{NAME}-copy"
    assert library.load(f"{NAME}-copy").prompt.messages[0].content == "You are new."
    assert file.read_text("utf-8") == GREETING


@pytest.mark.parametrize("action", ["duplicate", "rename", "create"])
@pytest.mark.parametrize("name", ["taken", "../outside", "", HOSTILE[:40], "con"])
def test_a_name_that_is_taken_or_malformed_is_a_sentence_and_nothing_changes(
    page: Page, folder: Path, action: str, name: str
) -> None:
    library.save("taken", library.load(NAME).prompt)
    before = sorted(folder.parent.rglob("*.prompt.yml"))
    keys = {
        "duplicate": f"library_copy_{NAME}",
        "rename": f"library_rename_{NAME}",
        "create": "library_new_name",
    }
    page.app.get_by_key(keys[action]).set_value(name)
    page.click(f"library_{action}")
    assert len(page.errors()) == 1
    assert page.name == NAME
    assert sorted(folder.parent.rglob("*.prompt.yml")) == before


def test_renaming_takes_history_and_unsaved_edits_along(page: Page, folder: Path) -> None:
    page.set("Message 1", "Unsaved.")
    page.app.get_by_key(f"library_rename_{NAME}").set_value("team/welcome")
    page.click("library_rename")
    assert page.name == "team/welcome"
    assert page.widget("Message 1").value == "Unsaved."
    assert (folder / "team" / "welcome.prompt.yml").read_text("utf-8") == GREETING
    assert [version.number for version in versions.history("team/welcome")] == [1]


def test_deleting_asks_first_and_can_be_undone(page: Page, file: Path) -> None:
    assert page.button("library_delete").disabled
    page.app.get_by_key(f"library_sure_{NAME}").check()
    page.run()
    page.click("library_delete")
    assert not file.exists() and page.name is None
    page.click("library_undelete_0")
    assert page.name == NAME and file.read_text("utf-8") == GREETING


@pytest.mark.parametrize("format_id", list(FORMATS))
def test_a_file_in_any_format_is_imported_byte_for_byte(folder: Path, format_id: str) -> None:
    known = FORMATS[format_id]
    text, _ = known.write(library.load(NAME).prompt)
    page = Page()
    page.app.file_uploader[0].upload(f"Other prompt{known.suffixes[0]}", text.encode())
    page.click("library_take")
    assert page.name == "Other-prompt"
    assert (folder / f"Other-prompt{known.suffixes[0]}").read_text("utf-8") == text
    assert versions.history("Other-prompt")[0].origin == "import"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("x.prompt.yml", b"!!python/object/apply:os.system ['true']", "not allowed"),
        ("x.txt", b"\xff\xfe", "not UTF-8"),
        ("x.json", b"{}", "no messages"),
        ("x.txt", b"a\0b", "NUL"),
    ],
)
def test_an_upload_that_is_no_prompt_is_a_sentence(folder: Path, name: str, content: bytes, sentence: str) -> None:
    page = Page()
    page.app.file_uploader[0].upload(name, content)
    page.click("library_take")
    assert len(page.errors()) == 1 and sentence in page.errors()[0]
    assert page.name is None
    assert [path.name for path in folder.rglob("*") if path.is_file() and path.name != ".lock"] == [
        "greeting.prompt.yml"
    ]


def test_import_without_a_file_says_so(page: Page) -> None:
    page.click("library_take")
    assert page.errors() == ["Choose a file first."]


def test_export_says_what_a_format_cannot_hold(page: Page) -> None:
    assert "This format holds all of it." in page.captions()
    page.app.get_by_key(f"library_export_format_{NAME}").set_value("text")
    page.run()
    assert "Plain text cannot hold test data" in page.captions()
    [download] = [each for each in page.app.main if each.type == "download_button"]
    assert download.proto.label.replace("\\", "") == "Download greeting.txt"


# --- hostile content --------------------------------------------------------------------------------------------------


def test_whatever_is_in_a_file_is_shown_letter_by_letter(folder: Path) -> None:
    rows = json.dumps([{"who": HOSTILE, "expected": HOSTILE}])
    inputs = json.dumps({"who": {"description": HOSTILE, "choices": [HOSTILE, "b"]}})
    text = json.dumps(HOSTILE)
    hostile = (
        f"name: {text}\ndescription: {text}\nmodel: {text}\nmodelParameters: {{odd: {text}}}\n"
        f"messages:\n  - {{role: user, content: {json.dumps(HOSTILE + '{{who}}')}}}\n  - {{role: {text}, content: x}}\n"
        f"testData: {rows}\ninputs: {inputs}\n"
    )
    (folder / "hostile.prompt.yml").write_text(hostile, "utf-8")
    library.save("hostile", library.load("hostile").prompt, digest=library.load("hostile").digest)
    (folder / "worse.prompt.yml").write_text(f"{text}: 1\n", "utf-8")
    page = Page("hostile")
    page.app.session_state["library_problems"] = True
    page.app.get_by_key("library_rows_hostile").set_value(0)
    page.run()
    assert f"{HOSTILE}{HOSTILE}" in page.preview()
    assert page.widget("Description").value == HOSTILE
    page.set("What changed", HOSTILE)
    page.set("Model", "m")
    page.click("library_save")
    for tab in ("Prompt", "File", "Versions"):
        page.tab(tab)
        app = page.app
        rendered = [
            each.value for kind in (app.markdown, app.caption, app.info, app.warning, app.error) for each in kind
        ]
        rendered += [each.value for each in app.subheader]
        rendered += [text for each in (*app.button, *app.text_area, *app.selectbox) for text in (each.label, each.help)]
        assert len(rendered) > 20
        for said in rendered:
            assert not TAKES_EFFECT.search(said or ""), said
    page.click("library_close")
    assert not [each.value for each in page.app.caption if TAKES_EFFECT.search(each.value)]


def test_a_difference_is_sent_as_data_and_cut_where_words_change() -> None:
    assert pieces("one two three", ((4, 7),)) == [("one ", False), ("two", True), (" three", False)]
    assert pieces("🙂 x", ((2, 3),)) == [("🙂 ", False), ("x", True)]
    assert pieces(None, ()) is None


def test_unchanged_lines_far_from_a_change_are_folded_and_none_is_lost() -> None:
    from core.prompts.diff import diff

    left = [f"line {number}" for number in range(40)]
    right = [*left[:20], "new", *left[20:]]
    found = list(blocks(diff("\n".join(left), "\n".join(right))))
    assert [block["fold"] for block in found] == [True, False, True]
    rows = [row for block in found for row in block["rows"]]
    assert ["".join(text for text, _ in row["r"]) for row in rows if row["r"] is not None] == right
