"""The app as `loupe app` starts it, with a data directory of its own, and a Chromium to drive it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
expect.set_options(timeout=30_000)  # a page fetches its widgets while models compute in the same process
ANSWER_MS = 300_000
"""Longest wait for an answer: the first one unpacks the weights, and the machine may be busy."""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's data directory."""
    return tmp_path_factory.mktemp("e2e") / "loupe"


@pytest.fixture(scope="session")
def url(home: Path) -> Iterator[str]:
    """Address of the running app."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home.parent.mkdir(exist_ok=True)
    with (home.parent / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [str(Path(sys.executable).parent / "loupe"), "app", "--headless", "--port", str(port)],
            env={**os.environ, "LOUPE_HOME": str(home), "HF_HUB_OFFLINE": "1"},
            stdout=log,
            stderr=log,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_until_healthy(address, server)
            yield address
        finally:
            server.terminate()
            server.wait(30)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all journeys."""
    assert CHROMIUM, "Chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, url: str) -> Iterator[Callable[..., Page]]:
    """Opens an address of the app in a browser profile of its own; scripts that got in, and errors, fail the test."""
    alarms: list[str] = []
    contexts = []

    def opened(path: str = "/", **context: Any) -> Page:
        profile = chromium.new_context(viewport={"width": 1280, "height": 800}, **context)
        contexts.append(profile)
        page = profile.new_page()
        page.set_default_timeout(30_000)
        page.on("dialog", lambda dialog: (alarms.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("pageerror", lambda error: alarms.append(f"script error: {error}"))
        page.on("request", lambda request: _foreign(request.url, url) and alarms.append(f"request: {request.url}"))
        page.goto(path if path.startswith("http") else url + path)
        return page

    yield opened
    for profile in contexts:
        profile.close()
    assert alarms == []


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """The Playground, ready for input."""
    page = open_page()
    expect(page.get_by_placeholder("Write a message")).to_be_enabled()
    return page


@pytest.fixture(scope="session")
def tiny_ref(tiny_model: Path) -> str:
    """Reference of a model that trains and packs in seconds."""
    return f"path:{tiny_model}"


def choose_model(page: Page, ref: str) -> None:
    """Type a reference into the box of models."""
    box = page.get_by_role("combobox", name=re.compile("Model$")).first
    box.click()
    box.fill(ref)
    box.press("Enter")
    expect(page.get_by_text("Running", exact=False)).to_have_count(0)


def go_to(page: Page, section: str, title: str) -> None:
    """Open a page by the navigation, as slowly as a hand: Streamlit loses a quicker click."""
    page.get_by_test_id("stTopNavSection").filter(has_text=section).click(delay=150)
    page.get_by_role("menuitem", name=title).click(delay=150)


def say(page: Page, text: str) -> None:
    """Type a message and send it."""
    box = page.get_by_placeholder("Write a message")
    box.fill(text)
    box.press("Enter")


def set_tokens(page: Page, number: int) -> None:
    """Set max tokens."""
    box = page.get_by_label("Max tokens", exact=True)
    box.fill(str(number))
    box.press("Enter")


def finished(page: Page) -> None:
    """Wait until the answer is complete and the page is drawn for it."""
    expect(page.get_by_role("button", name="Regenerate")).to_be_visible(timeout=ANSWER_MS)


def answer(page: Page, place: int = 0) -> str:
    """Text of a shown answer, without the names of special tokens."""
    spans = page.locator(".tokens").nth(place).locator("span:not(.special)")
    return "".join(spans.all_text_contents())


def _foreign(address: str, own: str) -> bool:
    return address.startswith(("http:", "https:", "ws:")) and own.partition("://")[2] not in address


def _wait_until_healthy(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError("the server does not answer")
