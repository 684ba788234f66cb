"""What tests of the command line share: running it in this process, its exit code and what it printed where."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest

from core.cli import main


class Outcome:
    """Exit code, stdout and stderr of one command."""

    def __init__(self, code: int, captured: Any) -> None:
        self.code, self.out, self.err = code, captured.out, captured.err


Loupe = Callable[..., Outcome]


@pytest.fixture
def loupe(capsys: pytest.CaptureFixture[str]) -> Loupe:
    """Run `loupe ARGUMENTS…`."""

    def run(*arguments: str) -> Outcome:
        code = main(list(arguments))
        return Outcome(code, capsys.readouterr())

    return run


def stdin_is(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the next command reads from stdin."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
