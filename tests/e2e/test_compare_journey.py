"""A person who compares: two columns that stream in two browsers, what differs, where they part, and a small sweep."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import ANSWER_MS, set_tokens

pytestmark = pytest.mark.e2e
PROMPT = "Describe the sea at night in one sentence."


@pytest.fixture
def compare(open_page: Callable[..., Page]) -> Page:
    """The page, ready for input."""
    page = open_page("/compare")
    expect(page.get_by_role("button", name="Run all")).to_be_visible(timeout=60_000)
    return page


def prompt_box(page: Page) -> Locator:
    """The prompt that all columns share."""
    return page.get_by_placeholder("What every column is asked")


def choose(page: Page, column: str) -> None:
    """Show a column's settings in the sidebar."""
    page.get_by_role("radio", name=column, exact=True).click()
    expect(page.get_by_role("radio", name=column, exact=True)).to_be_checked()


def prompted(page: Page) -> None:
    """Write the prompt, and let both columns give short answers of their own."""
    box = prompt_box(page)
    box.fill(PROMPT)
    box.press("Control+Enter")
    set_tokens(page, 20)
    choose(page, "B")
    expect(page.get_by_label("Max tokens", exact=True)).to_have_value("160")
    set_tokens(page, 20)
    system = page.get_by_label("System prompt", exact=True)
    system.fill("You are a pirate. Begin with Arrr.")
    system.press("Control+Enter")
    expect(page.get_by_text(re.compile("B · .*pirate"))).to_be_visible()


def finished(page: Page) -> None:
    """Wait until every column is complete and the page is drawn for it."""
    expect(page.get_by_role("button", name="New", exact=True)).to_be_visible(timeout=ANSWER_MS)


def output(page: Page, letter: str) -> Locator:
    """A column's output."""
    return page.get_by_role("group", name=f"Output of {letter}", exact=True)


def test_columns_stream_differ_and_part_in_two_browsers(compare: Page, open_page: Callable[..., Page]) -> None:
    prompted(compare)
    compare.get_by_role("button", name="Run all").dblclick()
    expect(compare).to_have_url(re.compile("columns="), timeout=30_000)
    address = compare.url
    other = open_page(address)
    expect(output(other, "A")).not_to_have_text("", timeout=ANSWER_MS)
    for page in (compare, other):
        finished(page)
        expect(prompt_box(page)).to_have_value(PROMPT)
        expect(page.get_by_text(re.compile(r"20 out · first token .* tokens/s"))).to_have_count(2)
    texts = [output(compare, letter).inner_text() for letter in "AB"]
    assert texts[0] != texts[1] and texts == [output(other, letter).inner_text() for letter in "AB"]

    expect(compare.get_by_text("Where they part")).to_be_visible()
    expect(compare.get_by_text("Under A ·")).to_be_visible(timeout=60_000)
    expect(compare.locator("figure .row:not(.rest)")).to_have_count(4, timeout=ANSWER_MS)
    compare.get_by_text("Differences", exact=True).click()
    against = compare.get_by_role("group", name="Output of B against the first column")
    expect(against.locator("ins").first).to_be_visible(timeout=60_000)
    kept = "".join(
        each.inner_text() for each in against.locator(":scope > span").all() if not each.locator("del").count()
    )
    assert kept.replace("+\u2060", "").replace("⏎", "").split() == texts[1].replace("<|im_end|>", "").split()
    assert len(address.partition("columns=")[2].split(".")) == 2  # a double click is one start


def test_a_small_sweep_is_a_heat_map_that_survives_a_refresh(compare: Page) -> None:
    box = prompt_box(compare)
    box.fill(PROMPT)
    box.press("Control+Enter")
    set_tokens(compare, 6)
    compare.get_by_role("tab", name="Sweep").click()
    for place, values in enumerate(("0, 1.2", "0.5, 1")):
        field = compare.get_by_label("Values", exact=True).nth(place)
        expect(field).to_be_visible()
        field.fill(values)
        field.press("Enter")
    samples = compare.get_by_label("Samples a cell", exact=True)
    samples.fill("1")
    samples.press("Enter")
    expect(compare.get_by_text(re.compile("^4 cells, 4 outputs"))).to_be_visible(timeout=60_000)
    compare.get_by_role("button", name="Run sweep").click()
    expect(compare).to_have_url(re.compile("sweep="), timeout=30_000)
    for _ in range(2):
        expect(compare.get_by_role("button", name="Close", exact=True)).to_be_visible(timeout=ANSWER_MS)
        expect(compare.get_by_test_id("stVegaLiteChart")).to_be_visible(timeout=60_000)
        expect(compare.get_by_test_id("stCode").first).to_be_visible()
        expect(compare.get_by_label("Values", exact=True).first).to_have_value("0, 1.2")
        compare.reload()
