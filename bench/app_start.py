"""From `loupe app` to the first page usable in Chromium, no model loaded; the browser runs already."""

import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from bench.common import Figure, Setup

NAME = "app start to first page usable in Chromium, seconds"
TARGET = "≤ 4"
CHROMIUM = "/usr/bin/chromium"


def measure(setup: Setup) -> Figure:
    from playwright.sync_api import sync_playwright

    times = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(setup.repeats):
            page = browser.new_context().new_page()
            port = free_port()
            began = time.perf_counter()
            server = subprocess.Popen(
                [Path(sys.executable).with_name("loupe"), "app", "--headless", "--port", str(port)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                wait_for(f"http://127.0.0.1:{port}/_stcore/health")
                page.goto(f"http://127.0.0.1:{port}/")
                page.get_by_test_id("stChatInputTextArea").wait_for(state="visible", timeout=60_000)
                times.append(time.perf_counter() - began)
            finally:
                server.terminate()
                server.wait()
                page.close()
        browser.close()
    return Figure(statistics.median(times), f"{min(times):.2f} to {max(times):.2f} s")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    """Until the server answers."""
    while True:
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
