"""A person with rows of their own: a file in, its first batch, training over a refresh, the result tried."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ANSWER_MS, choose_model, finished, say

pytestmark = pytest.mark.e2e

TEXTS = (
    ("The parcel has not come yet", "delivery"),
    ("I was charged twice", "billing"),
    ("It will not start", "fault"),
)


def test_from_a_file_of_rows_to_a_model_that_answers(
    open_page: Callable[..., Page], tiny_ref: str, tmp_path: Path
) -> None:
    file = tmp_path / "tickets.jsonl"
    rows = [{"frage": f"{TEXTS[n % 3][0]}, number {n}", "label": TEXTS[n % 3][1]} for n in range(60)]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    page = open_page("/tune")
    choose_model(page, tiny_ref)
    page.locator("input[type=file]").first.set_input_files(file)

    # its columns have names of their own
    expect(page.get_by_text("those of no known format").first).to_be_visible()
    _choose(page, "Format", "text-label")
    _choose(page, "Text", "frage")
    expect(page.get_by_text("rows", exact=False).filter(has_text="to train on").first).to_be_visible(timeout=120_000)
    expect(page.locator(".rows").first).to_contain_text("Label this text with one of: billing, delivery, fault.")

    page.get_by_role("button", name="Start", exact=True).click()
    expect(page).to_have_url(re.compile(r"tuned=[0-9a-f]{20}"), timeout=60_000)
    page.reload()  # another look at the same run
    expect(page.get_by_text("is a model now")).to_be_visible(timeout=ANSWER_MS)
    expect(page.get_by_text("held-out rows, 95 % intervals")).to_be_visible()
    page.get_by_role("button", name="Try in Playground").click()
    expect(page.get_by_placeholder("Write a message")).to_be_enabled(timeout=60_000)
    say(page, "The parcel has not come yet")
    finished(page)


def _choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=re.compile(f"^(Selected .* )?{label}")).last.click()
    page.get_by_role("option", name=option, exact=True).click()
