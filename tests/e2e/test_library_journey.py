"""A person who keeps prompts: fills in, edits, saves, compares, labels, restores; and is not alone with the files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import go_to

pytestmark = pytest.mark.e2e
LETTER = """\
# ask Kim before changing this
messages:
  - role: system
    content: You write letters.
  - role: user
    content: Write to {{name}} in a {{tone}} tone.
inputs:
  tone: {choices: [warm, formal]}
testData:
  - {name: Ada, tone: warm, expected: Dear Ada}
"""
HOSTILE = (
    "<img src=x onerror=alert(1)> <script>alert(2)</script> ![p](https://example.com/p.png) [x](javascript:alert(3))"
)
EXAMPLE = "Open a worked example"


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Other tests may keep the machine busy; a wait that is not needed takes no time."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def letter(home: Path) -> Path:
    """A prompt file of the person's own, as it came from git."""
    return put(home, "team/letter.prompt.yml", LETTER)


def put(home: Path, path: str, text: str) -> Path:
    """Write a file as an editor or git would."""
    file = home / "prompts" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def message(page: Page, number: int = 1) -> Locator:
    """The text box of a message."""
    return page.get_by_role("textbox", name=f"Message {number}", exact=True)


def opened(open_page: Callable[..., Page], name: str) -> Page:
    """A browser with a prompt open by its link."""
    page = open_page(f"/library?prompt={name}")
    expect(message(page)).to_be_visible(timeout=60_000)
    return page


def save(page: Page, why: str = "") -> None:
    """Press Save and wait until it is done."""
    page.get_by_placeholder("What changed").fill(why)
    page.get_by_role("button", name=re.compile("^Save")).click()
    expect(page.get_by_text(re.compile(r"^Saved as version"))).to_be_visible()
    expect(page.get_by_text("Unsaved changes")).to_have_count(0)


def tab(page: Page, name: str) -> None:
    """Open a tab."""
    page.get_by_role("tab", name=name).click()
    expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")


def marks(page: Page) -> tuple[list[str], list[str]]:
    """Words that the side-by-side view marks as gone, and as new."""
    expect(page.locator("table.diff")).to_be_visible()
    return page.locator("table.diff del").all_text_contents(), page.locator("table.diff ins").all_text_contents()


def test_a_prompt_is_filled_in_edited_saved_compared_labelled_and_restored(
    open_page: Callable[..., Page], letter: Path
) -> None:
    page = opened(open_page, "team/letter")
    preview = page.get_by_test_id("stCode")
    expect(preview.last).to_have_text("Write to {{name}} in a {{tone}} tone.")
    expect(page.get_by_role("button", name="Try in Playground")).to_be_disabled()
    page.get_by_text("Row 1", exact=True).click()
    expect(preview.last).to_have_text("Write to Ada in a warm tone.")
    name = page.get_by_role("textbox", name="name", exact=True)
    name.fill("Bob")
    name.press("Enter")
    expect(preview.last).to_have_text("Write to Bob in a warm tone.")

    message(page).fill("You write short letters.")  # and the click on Save brings it along
    save(page, "Shorter")
    assert letter.read_text("utf-8") == LETTER.replace("write letters", "write short letters")
    message(page).fill("You write very short letters.")
    save(page, "Shorter still")

    tab(page, "Versions")
    for words in ("Shorter still", "Shorter", "Editor or git"):
        expect(page.get_by_text(words, exact=True)).to_be_visible()
    assert marks(page) == ([], ["very "])
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_text("production · version 3")).to_be_visible()
    page.get_by_role("button", name="Compare").last.click()
    expect(page.locator("table.diff ins")).to_have_text(["very short "])
    page.get_by_role("button", name="Restore").last.click()
    expect(page.get_by_text("Version 1 is the newest again, as version 4.")).to_be_visible()
    assert letter.read_text("utf-8") == LETTER
    expect(page.get_by_text("production · version 3")).to_be_visible()  # a label stays where it was put

    page.reload()
    expect(page.get_by_role("tab", name="Versions")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("Restored version 1", exact=True)).to_be_visible()
    tab(page, "Prompt")
    expect(message(page)).to_have_value("You write letters.")


def test_two_people_and_git_lose_nothing(open_page: Callable[..., Page], letter: Path, home: Path) -> None:
    mine, yours = opened(open_page, "team/letter"), opened(open_page, "team/letter")
    message(mine).fill("Mine.")
    message(yours).fill("Yours.")
    save(yours)
    mine.get_by_role("button", name=re.compile("^Save")).click()
    expect(mine.get_by_text("Two versions of this prompt")).to_be_visible()
    assert marks(mine) == (["Yours"], ["Mine"])
    expect(message(mine)).to_have_value("Mine.")
    assert "Yours." in letter.read_text("utf-8")

    mine.get_by_role("button", name="Take theirs").click()
    expect(message(mine)).to_have_value("Yours.")
    mine.get_by_role("button", name="Put it back").click()
    expect(message(mine)).to_have_value("Mine.")
    save(mine)
    assert "Mine." in letter.read_text("utf-8")

    message(mine).fill("Mine again.")
    letter.write_text(LETTER.replace("You write letters.", "From git."), "utf-8")
    mine.get_by_role("button", name=re.compile("^Save")).click()
    mine.get_by_role("button", name="Keep mine (overwrite)").click()
    expect(mine.get_by_text("Two versions of this prompt")).to_have_count(0)
    assert "Mine again." in letter.read_text("utf-8")

    put(home, "team/pulled.txt", "Hello {{who}}, from git.\n")
    letter.write_text(LETTER.replace("You write letters.", "Pulled."), "utf-8")
    mine.reload()
    expect(message(mine)).to_have_value("Pulled.")
    mine.get_by_role("button", name="pulled").click()
    expect(message(mine)).to_have_value("Hello {{who}}, from git.")
    expect(mine).to_have_url(re.compile("prompt=team(/|%2F)pulled"))
    mine.get_by_role("button", name="letter", exact=False).first.click()
    tab(mine, "Versions")
    expect(mine.get_by_text("Editor or git", exact=True).first).to_be_visible()


def test_unsaved_words_survive_another_page(open_page: Callable[..., Page], letter: Path) -> None:
    page = opened(open_page, "team/letter")
    message(page).fill("Half a thou")
    go_to(page, "Work", "Runs")
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    go_to(page, "Prompts", "Library")
    expect(message(page)).to_have_value("Half a thou")


def test_a_prompt_is_made_exported_renamed_deleted_and_had_back(open_page: Callable[..., Page], home: Path) -> None:
    page = open_page("/library")
    page.get_by_role("button", name="New").click()
    box = page.get_by_role("textbox", name="Name", exact=True)
    box.fill("drafts/first")
    box.press("Enter")
    page.get_by_role("button", name="Create").click()
    expect(message(page)).to_have_value(re.compile("{{topic}}"))

    page.get_by_role("button", name="Export").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download first.prompt.yml").click()
    assert waiting.value.path().read_bytes() == (home / "prompts" / "drafts" / "first.prompt.yml").read_bytes()
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Manage").click()
    box = page.get_by_role("textbox", name="New name")
    box.fill("drafts/second")
    box.press("Enter")
    page.get_by_role("button", name="Rename").click()
    expect(page).to_have_url(re.compile("second"))
    expect(page.get_by_text("Renamed from drafts/first.")).to_be_visible()
    page.get_by_role("button", name="Manage").click()
    page.get_by_text(re.compile("^Delete this prompt")).click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("Deleted drafts/second", exact=False)).to_be_visible()
    assert not (home / "prompts" / "drafts").exists()
    page.get_by_text("Deleted (", exact=False).first.click()
    page.get_by_role("button", name="Restore").last.click()
    expect(message(page)).to_have_value(re.compile("{{topic}}"))


def test_nothing_in_a_file_takes_effect(open_page: Callable[..., Page], home: Path) -> None:
    text = json.dumps(HOSTILE)
    hostile = (
        f"name: {text}\ndescription: {text}\nmessages:\n  - {{role: user, content: {json.dumps(HOSTILE + ' {{x}}')}}}\n"
        f"inputs: {{x: {{description: {text}, choices: [{text}, b]}}}}\ntestData: [{{x: {text}, expected: {text}}}]\n"
    )
    file = put(home, "hostile.prompt.yml", hostile)
    put(home, "worse.prompt.yml", f"{text}: [\n")
    page = opened(open_page, "hostile")
    page.get_by_text("Row 1", exact=True).click()
    expect(page.get_by_test_id("stCode").last).to_have_text(f"{HOSTILE} {HOSTILE}")
    message(page).fill(f"{HOSTILE} changed")
    save(page, HOSTILE)
    message(page).fill(f"{HOSTILE} changed again")
    file.write_text(hostile.replace("{{x}}", "<b>{{x}}</b>"), "utf-8")
    page.get_by_role("button", name=re.compile("^Save")).click()
    expect(page.get_by_text("Two versions of this prompt")).to_be_visible()
    expect(page.locator("table.diff td.text").filter(has_text="<img src=x onerror=alert(1)>").first).to_be_visible()
    for name in ("File", "Versions"):
        tab(page, name)
    expect(page.get_by_text("onerror=alert(1)", exact=False).first).to_be_visible()
    page.get_by_text("Cannot be used", exact=False).click()
    expect(page.get_by_text("worse.prompt.yml", exact=False).first).to_be_visible()
    page.get_by_role("button", name="All prompts").click()
    expect(page.get_by_role("button", name=re.compile(EXAMPLE))).to_be_visible()
    assert page.locator("img[src='x'], img[src*='example.com'], a[href^='javascript']").count() == 0


def test_a_first_visit_opens_an_example_and_runs_it(open_page: Callable[..., Page]) -> None:
    page = open_page("/library")
    page.get_by_role("button", name=re.compile(EXAMPLE)).click(timeout=60_000)
    expect(message(page)).to_be_visible()
    shown = page.get_by_test_id("stCode").last
    expect(shown).not_to_contain_text("{{")
    sent = shown.inner_text().strip()
    page.get_by_role("button", name="Try in Playground").click()
    expect(page).to_have_url(re.compile("run="), timeout=60_000)
    expect(page.get_by_test_id("stChatMessage").first).to_contain_text(sent[:40], timeout=60_000)
