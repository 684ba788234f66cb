"""What tests of pages share: the app under AppTest, and waiting for an answer that another thread writes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from core.generation import runs
from core.generation.runs import RunView
from pages.shared.session import MODEL

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True, scope="session")
def _packages_are_read_once() -> Iterator[None]:
    """Every AppTest looks through all installed packages for components, which takes longer than most pages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


class Playground:
    """The Playground under AppTest, with the tiny model chosen."""

    def __init__(self, model: Path | str, query: dict[str, str] | None = None) -> None:
        self.app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        for name, value in (query or {}).items():
            self.app.query_params[name] = value
        self.app.session_state[MODEL] = model if isinstance(model, str) else f"path:{model}"
        self.app.run()
        self.set("max_tokens", 12)

    def set(self, name: str, value: object) -> None:
        """Move the dial of a sampling parameter."""
        self.app.get_by_key(f"play_{name}").set_value(value)
        self.app.run()
        assert not self.app.exception

    def say(self, text: str) -> RunView:
        """Send a message and wait for the end of the answer."""
        self.app.chat_input(key="play_message").set_value(text).run()
        return self.finished()

    def click(self, key: str) -> None:
        """Press the button whose key is, or begins with, `key`."""
        button = next(each for each in self.app.button if each.key and each.key.startswith(key))
        button.click().run()
        assert not self.app.exception

    @property
    def run_id(self) -> str:
        """The run in the URL."""
        value = self.app.query_params["run"]
        return value[0] if isinstance(value, list) else value

    def finished(self) -> RunView:
        """The shown run once it has ended, and the page drawn anew."""
        deadline = time.monotonic() + 60
        while runs.get(self.run_id).running:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.app.run()
        assert not self.app.exception
        return runs.get(self.run_id)

    def errors(self) -> list[str]:
        """Every error on the page, as it reads: it is escaped, since an error may quote what somebody wrote."""
        return [each.value.replace("\\", "") for each in self.app.error]

    def texts(self) -> list[str]:
        """Every plain text on the page."""
        return [each.value for each in self.app.text]


@pytest.fixture
def playground(tiny_model: Path) -> Playground:
    """A fresh browser on the Playground."""
    return Playground(tiny_model)
