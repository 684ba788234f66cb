"""The tools of a run: whatever a tool does, there is an observation, and a run picks only tools that can work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import InvalidInput, LoupeError, NotFound
from core.settings import get_settings
from core.tools import TOOLS, Context, Observation, Tool, Toolbox, chosen, described
from core.tools.tool import MAX_OBSERVATION


def box_with(
    run: Callable[[str, Context], Observation], cancel: threading.Event | None = None, timeout_s: float = 20
) -> Toolbox:
    tool = Tool("Probe", "is a tool of this test.", "anything", run, timeout_s=timeout_s)
    return Toolbox({"Probe": tool}, cancel=cancel, user="ada")


def test_every_tool_says_what_it_is() -> None:
    assert list(TOOLS) == ["Calculator", "Python", "Search", "Lookup", "Wikipedia"]
    for name, tool in TOOLS.items():
        assert tool.name == name
        assert name.isalpha() and name[0].isupper()
        assert tool.description[0].islower() and tool.description.endswith(".")
        assert tool.usage == f"{name}[{tool.argument}]"
    assert described([TOOLS["Calculator"]]).startswith("- Calculator[expression] works out an expression")


def test_a_tool_gets_the_argument_and_whose_run_it_is() -> None:
    seen: list[tuple[str, str]] = []

    def run(argument: str, context: Context) -> Observation:
        seen.append((argument, context.user))
        return Observation("fine", data={"n": 1})

    assert box_with(run).call("pRoBe ", " as it is\n") == Observation("fine", data={"n": 1})
    assert seen == [(" as it is\n", "ada")]


def test_an_unknown_tool_lists_those_there_are() -> None:
    said = Toolbox(chosen(None, None)).call("Goo\ngle", "x")
    assert not said.ok
    assert "no tool called “Goo gle”" in said.text
    assert "Calculator[expression], Python[program], Wikipedia[title]" in said.text


def test_what_a_tool_raises_is_an_observation(loupe_home: Path) -> None:
    def clear(argument: str, context: Context) -> Observation:
        raise LoupeError("The shelf is empty; fill it.")

    def unclear(argument: str, context: Context) -> Observation:
        raise ZeroDivisionError("a secret of the inside")

    assert box_with(clear).call("Probe", "x") == Observation("The shelf is empty; fill it.", ok=False)
    said = box_with(unclear).call("Probe", "x")
    assert not said.ok
    assert said.text == "Probe failed (ZeroDivisionError); the log says more."
    assert "a secret of the inside" in (loupe_home / "logs" / "loupe.log").read_text()


def test_a_tool_that_takes_too_long_is_given_up_and_told() -> None:
    told = threading.Event()

    def run(argument: str, context: Context) -> Observation:
        context.cancel.wait(30)
        told.set()
        return Observation("too late")

    said = box_with(run, timeout_s=0.1).call("Probe", "x")
    assert (said.ok, said.text) == (False, "Probe took longer than 0.1 seconds and was given up.")
    assert told.wait(5)


def test_stop_ends_a_tool_that_hangs() -> None:
    cancel, entered, told = threading.Event(), threading.Event(), threading.Event()

    def run(argument: str, context: Context) -> Observation:
        entered.set()
        if context.cancel.wait(30):
            told.set()
        return Observation("too late")

    threading.Thread(target=lambda: entered.wait(10) and cancel.set(), daemon=True).start()
    said = box_with(run, cancel).call("Probe", "x")
    assert (said.ok, said.text) == (False, "Probe was stopped.")
    assert told.wait(5)


def test_a_long_observation_is_cut_and_says_so() -> None:
    said = box_with(lambda argument, context: Observation("x" * 10**6)).call("Probe", "")
    assert len(said.text) < MAX_OBSERVATION + 60
    assert said.text.endswith(f"… (cut: {10**6 - MAX_OBSERVATION:,} more characters)")
    assert said.data == {"cut": 10**6 - MAX_OBSERVATION}
    exact = box_with(lambda argument, context: Observation("x" * MAX_OBSERVATION)).call("Probe", "")
    assert exact.text == "x" * MAX_OBSERVATION


def test_tools_that_cannot_work_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    assert list(chosen(None, None)) == ["Calculator", "Python", "Wikipedia"]
    assert list(chosen((), None)) == ["Calculator", "Python", "Wikipedia"]
    assert list(chosen(None, str(tmp_path))) == list(TOOLS)
    assert list(chosen(("search", " CALCULATOR"), str(tmp_path))) == ["Calculator", "Search"]
    assert list(chosen(("Lookup", "Wikipedia"), None)) == ["Lookup", "Wikipedia"]
    with pytest.raises(InvalidInput, match="Search needs a collection: name one"):
        chosen(("Calculator", "Search"), None)
    with pytest.raises(InvalidInput, match="Lookup needs documents"):
        chosen(("Lookup",), None)
    with pytest.raises(InvalidInput, match="no tool “Goo gle”: choose from Calculator, Python, Search"):
        chosen(("Goo\ngle",), None)
    with pytest.raises(NotFound, match="There is no collection nowhere: give one of"):
        chosen(None, "nowhere")


@pytest.mark.parametrize("name", ["", "  ", "\0", "~nobody_of_this_name/x", "x" * 5000])
def test_a_collection_that_is_none_is_one_sentence(name: str) -> None:
    with pytest.raises(LoupeError, match="collection") as raised:
        chosen(None, name)
    assert len(str(raised.value)) < 500


def test_wikipedia_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_WIKIPEDIA_URL", "off")
    get_settings.cache_clear()
    assert list(chosen(None, None)) == ["Calculator", "Python"]
    with pytest.raises(InvalidInput, match="Wikipedia is switched off"):
        chosen(("Wikipedia",), None)
    assert "switched off" in Toolbox(TOOLS).call("Wikipedia", "Everest").text


@pytest.mark.parametrize(
    "address", ["ftp://x/api.php", "en.wikipedia.org", "https://user:secret@x/", "https://x/?key=1"]
)
def test_an_address_of_wikipedia_that_cannot_be_one(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("LOUPE_WIKIPEDIA_URL", address)
    get_settings.cache_clear()
    with pytest.raises(InvalidInput, match="wikipedia_url"):
        get_settings()
