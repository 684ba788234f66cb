"""A person who compares techniques: an example, the exact prompts, a run that is watched, refreshed and stopped."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import ANSWER_MS, set_tokens

pytestmark = pytest.mark.e2e
STORY = "Write a long story about a lighthouse."
TECHNIQUES = ("Zero-shot", "Zero-shot chain of thought", "PAL")


@pytest.fixture
def lab(open_page: Callable[..., Page]) -> Page:
    """The lab, ready for input."""
    page = open_page("/lab")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=60_000)
    return page


def tick(page: Page, *wanted: str) -> None:
    """Tick these techniques and no others."""
    for box in page.get_by_role("checkbox").all():
        label = box.get_attribute("aria-label") or ""
        if box.is_checked() != (label in wanted):
            page.locator("label", has_text=re.compile(f"^{re.escape(label)}$")).click()
            expect(box).to_be_checked(checked=label in wanted)


def run(page: Page) -> None:
    """Press Run and wait until the runs are in the URL."""
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page).to_have_url(re.compile("lab="), timeout=30_000)


def state(page: Page, words: str) -> Locator:
    """The columns' badges with these words; a badge's icon is text too."""
    return page.locator(".stMarkdownBadge").filter(has_text=re.compile(f"{words}$"), visible=True)


def finished(page: Page) -> None:
    """Wait until every column is complete and the page is drawn for it."""
    expect(page.get_by_role("button", name="New", exact=True)).to_be_visible(timeout=ANSWER_MS)


def test_an_example_is_compared_watched_refreshed_and_seen_elsewhere(lab: Page, open_page: Callable[..., Page]) -> None:
    lab.get_by_test_id("stMain").get_by_test_id("stButton").first.get_by_role("button").click()
    question = lab.get_by_label("Question", exact=True)
    expect(question).not_to_have_value("")
    asked = question.input_value()
    tick(lab, *TECHNIQUES)

    lab.get_by_text("The exact prompts", exact=True).click()
    expect(lab.get_by_role("tab")).to_have_count(3)
    expect(lab.get_by_test_id("stCode").filter(has_text=asked[:30]).first).to_be_visible(timeout=60_000)
    expect(lab.get_by_text(re.compile(r"of 8,192 tokens")).first).to_be_visible()
    lab.get_by_text("The exact prompts", exact=True).click()

    run(lab)
    for title in TECHNIQUES:
        expect(lab.get_by_test_id("stColumn").filter(has_text=title).last).to_be_visible()
    expect(lab.get_by_text("tokens out").first).to_be_visible()

    other = open_page(lab.url)
    lab.reload()
    for page in (lab, other):
        expect(page.get_by_label("Question", exact=True)).to_have_value(asked)
        finished(page)
        expect(page.locator("strong", has_text=re.compile("^Program$")).first).to_be_visible()
        expect(page.locator("strong", has_text=re.compile("^Output$")).first).to_be_visible()
        expect(state(page, "Running")).to_have_count(0)
        expect(state(page, "Finished")).to_have_count(3)
        expect(state(page, "Right").or_(state(page, "Wrong"))).to_have_count(3)


def test_one_is_stopped_in_another_browser_and_a_double_click_is_one_start(
    lab: Page, open_page: Callable[..., Page], home: Path
) -> None:
    set_tokens(lab, 1500)
    lab.get_by_label("Question", exact=True).fill(STORY)
    lab.get_by_label("Question", exact=True).press("Control+Enter")
    tick(lab, "Zero-shot", "Zero-shot chain of thought")
    lab.get_by_role("button", name="Run", exact=True).dblclick()
    expect(lab).to_have_url(re.compile("lab="), timeout=30_000)
    address = lab.url
    other = open_page(address)
    stops = other.get_by_role("button", name="Stop", exact=True)
    expect(stops).to_have_count(2, timeout=60_000)
    expect(other.get_by_text("writing").first).to_be_visible(timeout=ANSWER_MS)
    stops.first.click()
    expect(state(lab, "Stopped")).to_have_count(1, timeout=30_000)
    expect(state(lab, "Running")).to_have_count(1)
    lab.get_by_role("button", name="Stop all").click()
    finished(lab)
    expect(state(lab, "Stopped")).to_have_count(2)
    assert lab.url == address
    with sqlite3.connect(f"file:{home / 'loupe.db'}?mode=ro", uri=True) as database:
        assert database.execute("SELECT count(*) FROM runs WHERE title = ?", [STORY]).fetchone() == (2,)
