"""A person who continues a text, then finds it again on the page Runs: search, filter, open, export, delete."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Download, Page, expect

from tests.e2e.conftest import ANSWER_MS, answer, finished, go_to, say, set_tokens

pytestmark = pytest.mark.e2e
TEXT = "The zeppelin of Dr. Quux rose above the"


def stored(home: Path) -> int:
    """How many runs the server's store holds; it is made with the first one."""
    if not (home / "loupe.db").is_file():
        return 0
    with sqlite3.connect(f"file:{home / 'loupe.db'}?mode=ro", uri=True) as database:
        return int(database.execute("SELECT count(*) FROM runs").fetchone()[0])


def continue_text(page: Page, text: str) -> str:
    """Continue `text` in completion mode; the address of the run."""
    page.get_by_role("radio", name="Completion").click()
    prompt = page.get_by_label("Prompt", exact=True)
    prompt.fill(text)
    prompt.press("Control+Enter")
    page.get_by_role("button", name="Continue the text").click()
    expect(page).to_have_url(re.compile("run="), timeout=ANSWER_MS)
    finished(page)
    return page.url


def search(page: Page, words: str) -> None:
    """Type into the search of the page Runs."""
    box = page.get_by_label("Search", exact=True)
    box.fill(words)
    box.press("Enter")


def tick_first(page: Page) -> None:
    """Tick the first row. The table is a picture: the box of the first row lies below the header."""
    page.get_by_test_id("stDataFrame").click(position={"x": 15, "y": 52})


def downloaded(page: Page, label: str) -> Download:
    """Press a button and wait for its file."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=re.compile(label)).click()
    return waiting.value


def click_twice(page: Page, name: str) -> None:
    """A slow double click: the second one comes while the page is being drawn for the first."""
    box = page.get_by_role("button", name=name).bounding_box()
    assert box
    for _ in range(2):
        page.mouse.click(box["x"] + 20, box["y"] + box["height"] / 2)
        page.wait_for_timeout(100)


def test_a_text_is_continued_goes_on_and_opens_elsewhere(page: Page, open_page: Callable[..., Page]) -> None:
    set_tokens(page, 8)
    page.get_by_role("slider", name="Temperature").press("Home")
    continue_text(page, TEXT)
    first = answer(page)
    assert first.startswith(TEXT) and len(first) > len(TEXT)
    expect(page.get_by_text("Cut at max tokens.")).to_be_visible()
    before = page.url
    page.get_by_role("button", name=re.compile("Continue$")).click()
    expect(page).not_to_have_url(before)
    expect(page.locator(".tokens .given")).to_have_count(2)  # the prompt and what was there of the answer
    finished(page)
    expect(page.locator(".tokens.running")).to_have_count(0)
    whole = answer(page)
    assert whole.startswith(first) and len(whole) > len(first)
    expect(page.get_by_text("Original")).to_have_count(0)
    other = open_page(page.url)
    finished(other)
    expect(other.locator(".tokens .given")).to_have_count(2)
    assert answer(other) == whole
    expect(other.get_by_label("Prompt", exact=True)).to_have_value(TEXT)


def test_a_double_click_is_one_run(page: Page, home: Path) -> None:
    before = stored(home)
    set_tokens(page, 8)
    click_twice(page, "Why is the sky blue")
    finished(page)
    page.wait_for_timeout(1000)
    assert stored(home) == before + 1
    click_twice(page, "Regenerate")
    finished(page)
    page.wait_for_timeout(1000)
    finished(page)
    assert stored(home) == before + 2


def test_a_run_is_found_exported_opened_and_deleted(page: Page, home: Path, tmp_path: Path) -> None:
    set_tokens(page, 8)
    say(page, "Name one colour.")
    finished(page)
    link = continue_text(page, "My xylophone is made of")
    before = stored(home)

    go_to(page, "Work", "Runs")
    expect(page.get_by_role("button", name=re.compile(r"CSV, all \("))).to_be_visible()
    search(page, "XYLOPHONE made")
    expect(page.get_by_role("button", name=re.compile(r"CSV, all matching \(1\)"))).to_be_visible()
    downloaded(page, "JSONL, all matching").save_as(tmp_path / "runs.jsonl")
    [line] = (tmp_path / "runs.jsonl").read_text("utf-8").splitlines()
    assert "xylophone" in json.dumps(json.loads(line))
    downloaded(page, "CSV, all matching").save_as(tmp_path / "runs.csv")
    with (tmp_path / "runs.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 1

    page.get_by_role("combobox", name=re.compile("Status")).click()
    page.get_by_role("option", name="failed").click()
    expect(page.get_by_text("No run matches.")).to_be_visible()
    expect(page).to_have_url(re.compile("runs_status=failed"))
    page.get_by_role("combobox", name=re.compile("Status")).click()
    page.get_by_role("option", name="finished").click()

    tick_first(page)
    expect(page.get_by_role("button", name="CSV, 1 selected")).to_be_visible()
    page.get_by_role("link", name="Open in Playground").click()
    expect(page).to_have_url(re.compile(link.partition("run=")[2]))
    finished(page)
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("My xylophone is made of")

    go_to(page, "Work", "Runs")
    search(page, "xylophone")
    expect(page.get_by_role("button", name=re.compile(r"CSV, all matching \(1\)"))).to_be_visible()
    tick_first(page)
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("No run matches.")).to_be_visible()
    assert stored(home) == before - 1
    page.goto(link)
    expect(page.get_by_test_id("stAlert").first).to_contain_text("There is no run")
