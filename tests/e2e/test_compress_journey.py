"""A person who wants a smaller model: packed in 4 bits, measured against the original, tried."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ANSWER_MS, choose_model

pytestmark = pytest.mark.e2e

TEXT = "A lens gathers light and bends it to a point. Rivers run under bridges while the morning is young. " * 40


def test_from_a_model_to_the_table_that_decides(open_page: Callable[..., Page], tiny_ref: str, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text(TEXT, encoding="utf-8")
    page = open_page("/compress")
    choose_model(page, tiny_ref)
    page.get_by_role("radio", name="4 bits, NF4").or_(page.get_by_role("button", name="4 bits, NF4")).first.click()
    expect(page.get_by_text("bits a weight")).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("button", name="Measure against the original")).to_be_visible(timeout=ANSWER_MS)

    page.get_by_role("button", name="Measure against the original").click()
    page.get_by_role("button", name="Upload").click()
    page.locator("input[type=file]").first.set_input_files(text)
    expect(page.get_by_label("Text", exact=True)).not_to_have_value("")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Measure", exact=True).click()
    expect(page.get_by_text(re.compile(r"text\.txt: [0-9,]+ tokens counted"))).to_be_visible(timeout=ANSWER_MS)
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible()
    expect(page.get_by_role("button", name="Close")).to_be_visible()
