"""`loupe models`: the contract's fields, fast and without torch; `loupe` itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli import VERBS, main

ROOT = Path(__file__).parents[3]
FIELDS = ["ref", "name", "parameters", "context_length", "source", "path", "size_bytes", "loaded"]


def test_json_is_one_list_with_the_fields_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    captured = capsys.readouterr()
    models = json.loads(captured.out)
    assert captured.err == ""
    assert all(list(model) == FIELDS for model in models)
    [bundled] = [model for model in models if model["ref"] == "smollm2"]
    assert (bundled["parameters"], bundled["context_length"], bundled["loaded"]) == (134_515_008, 8192, False)


def test_the_table_shows_every_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split()[0] == "reference"
    assert any(row.startswith("smollm2 ") for row in rows)


def test_listing_imports_nothing_heavy() -> None:
    heavy = ("torch", "transformers", "xllamacpp", "openai", "sqlalchemy", "streamlit", "numpy", "huggingface_hub")
    program = (
        "import sys\nfrom core.cli import main\nmain(['models', '--json'])\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert child.stderr.strip() == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        ["models", "--download", "../../etc"],
        ["models", "--download", "smollm2"],
        ["models", "--delete", "hf:nobody/nothing"],
        ["models", "--delete", "path:/etc"],
        ["models", "extra"],
        ["nonsense"],
        ["app", "--port", "0"],
        ["app", "--port", "abc"],
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err


def test_a_port_in_use_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["app", "--port", str(port), "--headless"]) == 1
    assert capsys.readouterr().err == (
        f"Cannot listen on 127.0.0.1, port {port} (address already in use); choose another one with --port.\n"
    )


def test_help_lists_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {verb} " in shown for verb in VERBS)


def test_the_console_script_exits_with_the_code_of_main() -> None:
    script = Path(sys.executable).with_name("loupe")
    assert subprocess.run([script, "--help"], capture_output=True, check=False).returncode == 0
    assert subprocess.run([script, "nonsense"], capture_output=True, check=False).returncode == 1


def test_a_data_directory_that_cannot_be_made_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from core.settings import get_settings

    monkeypatch.setenv("LOUPE_HOME", "/proc/nowhere")
    get_settings.cache_clear()
    assert main(["generate", "hello"]) == 1
    assert "The data directory /proc/nowhere cannot be written" in capsys.readouterr().err
