"""`loupe exec`: the contract's fields, exit codes, files that are no programs."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli import main

FIELDS = ["engine", "status", "stdout", "result", "value", "error", "duration_s"]


def write(folder: Path, code: str) -> str:
    path = folder / "program.py"
    path.write_text(code, encoding="utf-8")
    return str(path)


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main(["exec", *arguments, "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    found = json.loads(captured.out)
    assert isinstance(found, dict)
    return found


def test_json_is_the_contracts_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, write(tmp_path, "print('out')\nans = 6 * 7"))
    assert list(found) == FIELDS
    duration = found.pop("duration_s")
    assert isinstance(duration, float)
    assert found == {"engine": "monty", "status": "ok", "stdout": "out\n", "result": "42", "value": "42", "error": None}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("1 / 0", "error"),
        ("while True: pass", "timeout"),
        ("x = 'x' * 2 ** 40", "memory"),
        ("import os\nos.fork()", "denied"),
        ("import numpy\nans = numpy.sum([1, 2])", "ok"),
    ],
)
def test_a_program_that_fails_is_a_result(
    code: str, status: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert document(capsys, write(tmp_path, code), "--timeout", "1.5")["status"] == status


def test_options_reach_the_sandbox(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "def solution():\n    return 5\nx = 2")
    assert document(capsys, path, "--expression", "solution() * x")["value"] == "10"
    assert document(capsys, path, "--engine", "bubblewrap")["engine"] == "bubblewrap"
    big = write(tmp_path, "x = bytearray(200 * 2 ** 20)")
    assert document(capsys, big, "--memory-mb", "100", "--engine", "bubblewrap")["status"] == "memory"


def test_for_a_person_it_prints_output_and_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exec", write(tmp_path, "print('hello')\n1 + 1")]) == 0
    assert capsys.readouterr().out == "hello\n2\n"
    assert main(["exec", write(tmp_path, "print('hello')\n1 / 0")]) == 1
    captured = capsys.readouterr()
    assert captured.out == "hello\n"
    assert captured.err == "error: ZeroDivisionError: division by zero (line 2)\n"


def test_stdin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"ans = 3"), encoding="utf-8"))
    assert document(capsys, "-")["value"] == "3"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "There is no file"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"x = 1\0", "zero bytes"),
        (b"\x7fELF\xff\xfe", "not a text in UTF-8"),
        ("x = 'é'".encode("latin-1"), "not a text in UTF-8"),
        (b"#" * (2**20 + 1), "larger than"),
    ],
)
def test_what_is_no_program_is_refused_in_a_sentence(
    data: bytes | None, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "program.py"
    if data is not None:
        path.write_bytes(data)
    assert main(["exec", str(path), "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [".", "--json"],
        ["a\0b", "--json"],
        [],
        ["PROGRAM", "--engine", "python"],
        ["PROGRAM", "--timeout", "0"],
        ["PROGRAM", "--timeout", "nan"],
        ["PROGRAM", "--timeout", "soon"],
        ["PROGRAM", "--memory-mb", "0"],
        ["PROGRAM", "--memory-mb", "-5"],
    ],
)
def test_bad_options_are_one_sentence(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "1")
    assert main(["exec", *[path if one == "PROGRAM" else one for one in arguments]]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.strip().endswith((".", "!", "?"))
    assert "Traceback" not in captured.err


def test_without_a_jail_it_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.sandbox.engine import forget

    forget()
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        assert main(["exec", write(tmp_path, "import numpy\nnumpy.zeros(3)"), "--json"]) == 1
    forget()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "The program needs the module numpy, which Monty lacks. Full Python is off: bubblewrap (bwrap) is not "
        "installed; install the package bubblewrap.\n"
    )


def test_a_locale_without_the_character_ends_nothing(tmp_path: Path) -> None:
    file = write(tmp_path, "print('Größe')")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", "import sys; from core.cli import main; sys.exit(main())", "exec", file]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Gr\\xf6\\xdfe\n"
