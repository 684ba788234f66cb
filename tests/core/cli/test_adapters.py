"""`loupe adapters`: list, show, delete, merge; and `loupe generate` with an adapter in the reference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cli import main
from core.models.adapters import library
from tests.core.models.adapters.test_library import lora_files


@pytest.fixture
def mine(tiny_model: Path) -> str:
    lora_files(library.adapters_dir() / "mine", f"path:{tiny_model}")
    return f"path:{tiny_model}+mine"


def test_without_adapters_the_list_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adapters", "list"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "" and "loupe tune" in captured.err
    assert main(["adapters", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_list_and_show(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    (library.adapters_dir() / "broken").mkdir()
    assert main(["adapters", "list"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[2].split()[:2] == ["mine", "lora"] and "broken: " in captured.err
    assert main(["adapters", "list", "--json"]) == 0
    broken, shown = json.loads(capsys.readouterr().out)
    assert (shown["name"], shown["method"], shown["ref"], shown["size"]) == ("mine", "lora", mine, 2)
    assert broken["problem"] and shown["problem"] is None
    assert main(["adapters", "show", "mine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["config"]["r"] == 2
    assert main(["adapters", "show", "mine"]) == 0
    assert f"reference   {mine}" in capsys.readouterr().out


def test_generate_merge_and_delete(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "hello", "--model", mine, "--max-tokens", "3", "--seed", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == mine
    assert main(["adapters", "merge", mine, "--name", "whole", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (Path(made["folder"]) / "model.safetensors").is_file() and made["ref"] == f"path:{made['folder']}"
    assert main(["adapters", "merge", mine, "--name", "whole"]) == 1
    assert "exists already" in capsys.readouterr().err
    from core.models.pool import get_pool

    for entry in get_pool().status():
        get_pool().unload(entry.ref)
    assert main(["adapters", "delete", "mine"]) == 0
    assert library.list_adapters() == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "nothing"],
        ["show", "../x"],
        ["delete", "nothing"],
        ["delete", "/etc"],
        ["merge", "smollm2", "--name", "x"],
        ["merge", "smollm2+nothing", "--name", "x"],
        ["merge", "smollm2+nothing", "--name", "$(touch x)"],
        ["merge", "smollm2+nothing"],
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adapters", *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and "Traceback" not in captured.err
