"""`loupe ask`: the contract's fields, every step on stderr, and one sentence for every bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.store import runs as store
from core.techniques import TECHNIQUES
from tests.core.cli.conftest import Loupe, stdin_is
from tests.core.techniques.scripted import script

QUESTION = "A box holds 6 eggs. How many eggs are in 7 boxes?"
PROGRAM = "```python\ndef solution():\n    return 6 * 7\n```"


def test_json_has_the_fields_of_the_contract(loupe: Loupe, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, PROGRAM)
    done = loupe("ask", QUESTION, "--technique", "pal", "--json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert {"answer", "technique", "prompt", "steps", "usage", "timing"} <= set(document)
    assert (document["answer"], document["technique"], document["model"]) == ("42", "pal", "smollm2")
    assert QUESTION in document["prompt"]
    assert all({"kind", "text"} <= set(step) for step in document["steps"])
    output = next(step for step in document["steps"] if step["kind"] == "output")
    assert (output["status"], output["result"]) == ("ok", "42")
    assert set(document["usage"]) == {"prompt_tokens", "completion_tokens"}
    assert set(document["timing"]) == {"ttft_s", "total_s", "tokens_per_s"}
    assert store.get(document["run"]).kind == "technique"


def test_the_answer_goes_to_stdout_and_the_steps_to_stderr(loupe: Loupe, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, "```python\n1 / 0\n```", PROGRAM)
    done = loupe("ask", QUESTION, "--technique", "pal")
    assert done.out == "42\n"
    for words in ("ZeroDivisionError", "return 6 * 7", "2 calls"):
        assert words in done.err


def test_no_answer_is_said_and_is_no_failure(loupe: Loupe, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, "Hm.")
    done = loupe("ask", QUESTION, "--extract", "last-number")
    assert (done.code, done.out) == (0, "")
    assert "no answer" in done.err


@pytest.mark.parametrize("name", list(TECHNIQUES))
def test_a_dry_run_prints_the_exact_prompt_and_asks_nothing(
    name: str, loupe: Loupe, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(monkeypatch)
    document = json.loads(loupe("ask", QUESTION, "--technique", name, "--dry-run", "--json").out)
    assert QUESTION in document["prompt"]
    assert document["prompt_tokens"] == len(document["prompt"].split())
    assert document["context_length"] == 8192
    assert store.list_runs() == []


def test_several_techniques_run_side_by_side(loupe: Loupe, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, *[lambda request: ["The answer is 42."] * request.params.n] * 2)
    both = ["--technique", "few-shot", "--technique", "self-consistency", "--samples", "3"]
    documents = json.loads(loupe("ask", QUESTION, *both, "--json").out)
    assert [each["technique"] for each in documents] == ["few-shot", "self-consistency"]
    assert [len(each["calls"][0]["completions"]) for each in documents] == [1, 3]
    script(monkeypatch, *[lambda request: ["The answer is 42."] * request.params.n] * 2)
    header, one, two = loupe("ask", QUESTION, *both).out.splitlines()
    assert header.startswith("technique") and one.startswith("few-shot ") and "42" in two
    refused = loupe("ask", QUESTION, "--technique", "zero-shot", "--technique", "few-shot", "--samples", "3")
    assert refused.code == 1 and "has samples" in refused.err


def test_options_reach_the_request(loupe: Loupe, monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(monkeypatch, ["The answer is 3."] * 4)
    options = ["--samples", "4", "--shots", "2", "--choose", "random", "--order", "reversed", "--temperature", "0.9"]
    stdin_is(QUESTION.encode(), monkeypatch)
    done = loupe("ask", "-", "--technique", "self-consistency", *options, "--seed", "5", "--json")
    assert done.code == 0, done.err
    asked = json.loads(store.get(json.loads(done.out)["run"]).request)
    assert asked["question"] == QUESTION
    assert (asked["samples"], asked["shots"], asked["choose"], asked["order"]) == (4, 2, "random", "reversed")
    assert (asked["params"]["temperature"], asked["params"]["seed"]) == (0.9, 5)
    assert model.requests[0].params.n == 4


def test_it_is_greedy_unless_a_temperature_is_given(loupe: Loupe, monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(monkeypatch, "x", "x")
    loupe("ask", QUESTION)
    loupe("ask", QUESTION, "--temperature", "0.5")
    assert [request.params.temperature for request in model.requests] == [0, 0.5]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no question"),
        (["  "], "question is empty"),
        (["x", "--technique", "magic"], "few-shot-cot"),
        (["x", "--technique", "few-shot", "--shots", "many"], "shots is 'many'"),
        (["x", "--technique", "few-shot", "--shots", "1e400"], "shots is inf"),
        (["x", "--samples", "8"], "zero-shot has no samples"),
        (["x", "--technique", "self-consistency", "--samples", "1000"], "samples is 1000"),
        (["x", "--technique", "few-shot", "--examples", "nowhere.jsonl"], "nowhere.jsonl"),
        (["x", "--extract", "guess"], "guess"),
        (["x", "--extract", "regex:("], "is no pattern"),
        (["x", "--prompt", "../../etc/passwd"], "etc/passwd"),
        (["x", "--model", "nonsense:x"], "nonsense"),
        (["x", "--temperature", "9"], "temperature is 9"),
        (["x", "--n", "3"], "leave n at 1"),
        (["x", "--technique", "react", "--tool", "telephone"], "telephone"),
        (["x", "--technique", "react", "--collection", "/no/such/folder", "--tool", "search"], "/no/such/folder"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], words: str, loupe: Loupe, tiny_model: Path) -> None:
    model = [] if "--model" in arguments else ["--model", f"path:{tiny_model}"]
    done = loupe("ask", *arguments, *model)
    assert done.code == 1
    assert done.out == ""
    assert words in done.err
    assert "Traceback" not in done.err


def test_a_tiny_real_model_answers(loupe: Loupe, tiny_model: Path, tmp_path: Path) -> None:
    """Its weights are random: what is asked here is that everything runs."""
    rows = [{"question": f"{n} + 1?", "answer": n + 1, "reasoning": "Add one."} for n in range(3)]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    short = ["--model", f"path:{tiny_model}", "--max-tokens", "8", "--examples", str(file), "--shots", "1"]
    done = loupe("ask", "5 + 1?", "--technique", "self-consistency", "--samples", "3", *short, "--seed", "1", "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert len(document["calls"][0]["completions"]) == 3
    assert document["usage"]["completion_tokens"] > 0
