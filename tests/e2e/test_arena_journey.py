"""A person who votes: two answers without names, a vote, the names, ratings, preferences to download."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ANSWER_MS

pytestmark = pytest.mark.e2e
NAMES = ("smollm2", "SmolLM2", "temperature", "Answer in one short sentence")


def test_a_blind_vote_its_names_and_its_export(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page("/arena")
    expect(page.get_by_role("button", name="Let two meet")).to_be_visible(timeout=60_000)
    assert "temperature 1" in page.content()
    page.get_by_role("button", name="Explain").click()
    expect(page).to_have_url(re.compile("match="), timeout=30_000)
    expect(page.get_by_role("button", name="Left is better")).to_be_visible(timeout=ANSWER_MS)
    expect(page.locator(".tokens")).to_have_count(2)
    sent = page.content() + page.url
    assert [name for name in NAMES if name in sent] == []

    second = open_page(page.url)
    expect(second.get_by_role("button", name="Left is better")).to_be_visible(timeout=60_000)
    assert [name for name in NAMES if name in second.content()] == []

    page.get_by_label("Comment").fill("plain words")
    page.get_by_label("Comment").press("Enter")
    page.get_by_role("button", name="Left is better").click()
    expect(page.get_by_text("You preferred the left answer")).to_be_visible()
    expect(page.get_by_role("table", name="Contestants, best first")).to_be_visible()
    expect(page.get_by_text("Too few votes to say who is better")).to_be_visible()

    page.get_by_role("tab", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Preferences (JSONL)").click()
    download.value.save_as(tmp_path / "p.jsonl")
    [row] = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert row["prompt"][-1] == {"role": "user", "content": "Why is the sky blue?"}
    assert row["chosen"][0]["content"] != row["rejected"][0]["content"]
