"""A person at the Playground, in a real browser: everything that only a browser can show to work."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ANSWER_MS, answer, finished, go_to, say, set_tokens

pytestmark = pytest.mark.e2e
RUN = re.compile(r"[?&]run=([0-9a-f]{20})")


def started(page: Page) -> str:
    """Wait until the answer has begun; the run's id."""
    expect(page.locator(".tokens.running span").nth(1)).to_be_attached(timeout=ANSWER_MS)
    expect(page).to_have_url(RUN)
    match = RUN.search(page.url)
    assert match
    return match.group(1)


def test_an_example_streams_and_can_be_stopped(page: Page) -> None:
    set_tokens(page, 2000)
    page.get_by_role("button", name="Write a short story").click()
    started(page)
    first = answer(page)
    expect(page.locator(".tokens span").nth(len(first))).to_be_attached(timeout=ANSWER_MS)  # it grows
    page.get_by_role("button", name="Stop").click()
    finished(page)
    expect(page.get_by_text("Stopped.")).to_be_visible()
    expect(page.get_by_text("tokens/s")).to_be_visible()
    assert len(answer(page)) > len(first)


def test_an_answer_survives_a_slider_a_page_a_refresh_and_opens_in_a_second_browser(
    page: Page, open_page: Callable[..., Page]
) -> None:
    set_tokens(page, 2000)
    page.get_by_text("Truncation", exact=True).click()
    page.get_by_label("Min tokens", exact=True).fill("1500")  # it is still being written when the last one looks
    page.get_by_label("Min tokens", exact=True).press("Enter")
    say(page, "Tell me a long story about a fox and a bear.")
    run = started(page)
    page.get_by_role("slider", name="Temperature").press("ArrowRight")
    go_to(page, "Work", "Runs")
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    go_to(page, "Try", "Playground")
    expect(page).to_have_url(RUN)
    page.reload()
    expect(page.get_by_text("Tell me a long story")).to_be_visible()
    second = open_page(f"/?run={run}")
    expect(second.get_by_text("Tell me a long story")).to_be_visible()
    expect(second.locator(".tokens.running")).to_be_attached(timeout=ANSWER_MS)  # it is live there too
    second.get_by_role("button", name="Stop").click()
    finished(second)
    finished(page)
    expect(page.get_by_text("Stopped.")).to_be_visible()
    assert answer(page) == answer(second) != ""
    assert RUN.search(page.url)[1] == run  # type: ignore[index]
    expect(page.get_by_text(re.compile(r"· \d+ out ·"))).to_be_visible()


def test_regenerate_and_edit(page: Page) -> None:
    set_tokens(page, 12)
    say(page, "Name a colour.")
    finished(page)
    first = page.url
    page.get_by_role("button", name="Regenerate").dblclick()
    expect(page).not_to_have_url(first)
    finished(page)
    again = page.url
    page.wait_for_timeout(1000)
    assert page.url == again  # a double click is one run
    page.get_by_role("button", name="edit").first.click()
    page.get_by_label("Message", exact=True).fill("Name a bird.")
    page.get_by_role("button", name="Send again").click()
    expect(page).not_to_have_url(again)
    finished(page)
    expect(page.get_by_text("Name a bird.")).to_be_visible()
    expect(page.get_by_text("Name a colour.")).not_to_be_visible()


def test_a_slider_moves_the_lens(page: Page) -> None:
    set_tokens(page, 8)
    say(page, "Name a colour.")
    finished(page)
    rows = page.locator("button.row")
    expect(rows.first).to_be_visible(timeout=ANSWER_MS)
    kept = page.locator("button.row:not(.gone)")
    page.get_by_role("slider", name="Top-k").press("ArrowRight")
    expect(page.locator(".cut-label", has_text="top-k 1")).to_be_visible()
    expect(kept).to_have_count(1)
    for _ in range(2):
        page.get_by_role("slider", name="Top-k").press("ArrowRight")
    expect(page.locator(".cut-label", has_text="top-k 3")).to_be_visible()
    expect(page.locator("tr", has_text="top-k").locator("td").nth(2)).to_have_text("3")
    expect(page.get_by_role("figure")).to_have_count(1)


def test_a_rival_forks_the_answer_and_the_link_shows_both(page: Page, open_page: Callable[..., Page]) -> None:
    set_tokens(page, 24)
    page.get_by_role("slider", name="Temperature").press("Home")  # greedy, so that nothing is left to chance
    say(page, "Write one sentence about the sea.")
    finished(page)
    original = answer(page)
    third = page.locator(".tokens .choosable").nth(3)
    third.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"^Token 5 of "))).to_be_visible()
    rivals = page.locator("figure").last.locator("button.row:not(.taken)")
    expect(rivals.first).to_be_visible()
    rivals.first.click()
    expect(page.get_by_text("Original · forked at token 5")).to_be_visible(timeout=ANSWER_MS)
    finished(page)
    expect(page.locator(".tokens .fork")).to_have_count(2)
    assert answer(page, 0) == original
    fork = answer(page, 1)
    assert fork != original
    given = "".join(page.locator(".tokens").nth(1).locator(".given").all_text_contents())
    assert given and fork.startswith(given) and original.startswith(given)
    other = open_page(page.url)
    expect(other.get_by_text("Original · forked at token 5")).to_be_visible()
    expect(other.locator(".tokens .fork")).to_have_count(2)
    assert [answer(other, 0), answer(other, 1)] == [original, fork]


def test_presets_and_code(page: Page, home: Path) -> None:
    page.get_by_role("combobox", name=re.compile("Preset")).click()
    page.get_by_role("option", name="precise").click()
    expect(page.get_by_role("slider", name="Temperature")).to_have_value("0")
    page.get_by_test_id("stPopover").filter(has_text="Save").get_by_role("button").first.click()
    page.get_by_label("Name", exact=True).fill("mine")
    page.get_by_label("Name", exact=True).press("Enter")
    page.get_by_role("button", name="Save settings and system prompt").click()
    expect(page.get_by_role("combobox", name=re.compile("Preset"))).to_have_value("mine")
    assert (home / "presets" / "mine.yml").is_file()
    page.keyboard.press("Escape")
    set_tokens(page, 8)
    say(page, "It's a 'quoted' \"prompt\".")
    finished(page)
    page.get_by_role("button", name="Get code").click()
    for tab in ("transformers", "OpenAI client", "curl", "loupe"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel").locator("code:visible")).to_contain_text("quoted")


def test_bad_input_is_a_sentence_and_the_draft_stays(page: Page) -> None:
    page.get_by_text("Stop, seed, number of answers").click()
    seed = page.get_by_label("Seed", exact=True)
    seed.fill("abc")
    seed.press("Enter")
    say(page, "A long thought that must not be lost")
    expect(page.get_by_test_id("stAlert").first).to_contain_text("seed")
    expect(page.get_by_placeholder("Write a message")).to_have_value("A long thought that must not be lost")
    expect(page.get_by_text("Traceback")).to_have_count(0)
    assert not RUN.search(page.url)


def test_nothing_that_is_typed_becomes_markup(page: Page) -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script> ![](http://192.0.2.1/a) [y](javascript:alert(3))"
    set_tokens(page, 8)
    page.get_by_label("System prompt").fill(hostile)
    say(page, hostile)
    finished(page)
    expect(page.get_by_text(hostile, exact=True).first).to_be_visible()
    for markup in ("img[src='x']", "script", "a[href^='javascript']", "img[src*='192.0.2.1']"):
        assert page.get_by_role("main").locator(markup).count() == 0
    go_to(page, "Work", "Runs")
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    page.goto(page.url.partition("/runs")[0] + "/?run=<script>alert(4)</script>")
    expect(page.get_by_test_id("stAlert").first).to_contain_text("There is no")


@pytest.mark.parametrize(("path", "text"), [("/models", "SmolLM2"), ("/runs", "Runs"), ("/playground", "Playground")])
def test_every_page_opens_from_its_address(open_page: Callable[..., Page], path: str, text: str) -> None:
    page = open_page(path)
    expect(page.get_by_role("main").get_by_text(text).first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
