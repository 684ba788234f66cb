"""A person with a question: the worked example, cut to two rows, from a click to its figures on the page Results."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ANSWER_MS

pytestmark = pytest.mark.e2e


def test_from_the_worked_example_to_its_results(open_page: Callable[..., Page]) -> None:
    page = open_page("/evals?example=1")
    expect(page.get_by_text(re.compile("12 rows × 2 variants"))).to_be_visible(timeout=60_000)
    rows = page.get_by_label("Rows", exact=True)
    rows.fill("2")
    rows.press("Enter")
    expect(page.get_by_text(re.compile("2 rows × 2 variants = 4 cells"))).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page).to_have_url(re.compile(r"eval=[0-9a-f]{20}"), timeout=60_000)

    # the answers are kept: the same eval again would make no call
    expect(page.get_by_text("no call is missing")).to_be_visible(timeout=ANSWER_MS)
    page.get_by_test_id("stMain").get_by_role("link", name="Results").click()
    expect(page.get_by_text(re.compile("2 rows × 2 variants"))).to_be_visible(timeout=60_000)
    expect(page.get_by_text("2 of 2 rows")).to_be_visible(timeout=60_000)
