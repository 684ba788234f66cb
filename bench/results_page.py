"""The page Results with 5,000 rows × 4 variants: from its address to the first row in sight in Chromium.

The server runs and has drawn no page yet; every opening is a browser profile of its own, with nothing kept. Beside it:
the second opening, the way there by the navigation of an open app, and another mode of the table.
"""

import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.app_start import CHROMIUM, free_port, wait_for
from bench.common import Figure, Setup
from bench.filled import own_home

NAME = "results page, 5,000 rows × 4 variants, first opening usable in Chromium, seconds"
TARGET = "≤ 3"
ROWS, SHARES = 5000, (0.62, 0.66, 0.71, 0.55)


def measure(setup: Setup) -> Figure:
    from playwright.sync_api import sync_playwright

    first, again, inside, filtered = [], [], [], []
    with own_home(), sync_playwright() as playwright:
        fill()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(setup.repeats):
            port = free_port()
            server = subprocess.Popen(
                [Path(sys.executable).with_name("loupe"), "app", "--headless", "--port", str(port)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                wait_for(f"http://127.0.0.1:{port}/_stcore/health")
                first.append(_opened(browser, port)[0])
                seconds, page = _opened(browser, port)
                again.append(seconds)
                began = time.perf_counter()
                page.get_by_text("Failures", exact=True).click()
                page.get_by_text("5,000 of 5,000 rows").wait_for(state="detached")
                filtered.append(time.perf_counter() - began)
                inside.append(_gone_to(page))
            finally:
                server.terminate()
                server.wait()
        browser.close()
    then = (
        f"then {statistics.median(again):.2f} s, from another page {statistics.median(inside):.2f} s, "
        f"another mode {statistics.median(filtered):.2f} s"
    )
    return Figure(statistics.median(first), f"{min(first):.2f} to {max(first):.2f} s; {then}")


def fill() -> None:
    """An eval that is run already."""
    from tests.core.evals.results.made import make, verdict

    generator = random.Random(0)
    words = ["light", "gathers", "and", "bends", "to", "a", "point", "while", "rivers", "run", "under", "bridges"]

    def cell(row: int, variant: int, repeat: int) -> dict[str, Any]:
        passed, near = generator.random() < SHARES[variant], generator.random()
        text = " ".join(generator.choices(words, k=generator.randint(20, 90)))
        verdicts = [verdict(passed, reason="Not in there."), verdict(near > 0.5, near, "similar")]
        return {"passed": passed, "score": (passed + near) / 2, "text": text, "verdicts": verdicts}

    make([f"variant {number}" for number in range(len(SHARES))], ROWS, cell)


def _gone_to(page: Any) -> float:
    """Seconds from the click in the navigation to the first row, in an app that shows another page."""
    _choose(page, "Evals")
    page.locator("button.cell").first.wait_for(state="detached")
    page.wait_for_timeout(1500)
    began = _choose(page, "Results")
    page.locator("button.cell").first.wait_for(state="visible")
    return time.perf_counter() - began


def _choose(page: Any, title: str) -> float:
    page.get_by_test_id("stTopNavSection").filter(has_text="Evaluate").click(delay=150)
    item = page.get_by_role("menuitem", name=title)
    item.wait_for(state="visible")
    began = time.perf_counter()
    item.click(delay=50)
    return began


def _opened(browser: Any, port: int) -> tuple[float, Any]:
    """Seconds to the first row, and the page."""
    page = browser.new_context().new_page()
    page.set_default_timeout(120_000)
    began = time.perf_counter()
    page.goto(f"http://127.0.0.1:{port}/results")
    page.locator("button.cell").first.wait_for(state="visible")
    return time.perf_counter() - began, page
