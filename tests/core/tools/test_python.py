"""Python: what a program prints or is worth becomes the observation, in the real sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.tools import TOOLS, Observation, Toolbox


def run(program: str) -> Observation:
    return Toolbox(TOOLS).call("Python", program)


def test_what_is_printed_else_the_value() -> None:
    assert run("print(6 * 7)\nprint('done')").text == "42\ndone"
    assert run("6 * 7").text == "42"
    assert run("```python\nprint(6 * 7)\n```").text == "42"
    said = run("x = 6 * 7")
    assert said.ok
    assert said.data["status"] == "ok" and said.data["engine"]


@pytest.mark.parametrize(
    ("program", "part"),
    [
        ("print(1)\n1 / 0", "ZeroDivisionError"),
        ("x = = 1", "SyntaxError"),
        ("while True: pass", ""),
        ("", "no program"),
    ],
)
def test_a_program_that_fails_says_why(program: str, part: str) -> None:
    said = run(program)
    assert not said.ok
    assert said.text and part in said.text


def test_it_sees_nothing_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the canary sings")
    monkeypatch.setenv("LOUPE_TEST_CANARY", "the canary sings")
    for program in (f"print(open({str(secret)!r}).read())", "import os\nprint(os.environ)"):
        assert "the canary sings" not in run(program).text
