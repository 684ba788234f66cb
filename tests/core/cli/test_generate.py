"""`loupe generate`: the contract's fields, what is printed where, and one sentence for every bad input."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.cli.messages import read_messages
from core.errors import InvalidInput
from core.generation.params import SamplingParams
from core.store import runs as store
from tests.core.cli.conftest import Loupe, stdin_is

ROOT = Path(__file__).parents[3]


def test_json_has_the_fields_of_the_contract(loupe: Loupe, tiny_model: Path) -> None:
    arguments = ["Question: how", "--model", f"path:{tiny_model}", "--raw", "--max-tokens", "6", "--seed", "3"]
    done = loupe("generate", *arguments, "--n", "2", "--top-logprobs", "3", "--top-k", "5", "--json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert {"model", "prompt_tokens", "completions", "usage", "timing", "run", "seed"} <= set(document)
    assert set(document["usage"]) == {"prompt_tokens", "completion_tokens"}
    assert set(document["timing"]) == {"ttft_s", "total_s", "tokens_per_s"}
    assert document["seed"] == 3
    assert len(document["completions"]) == 2
    for completion in document["completions"]:
        assert completion["finish_reason"] in ("stop", "length")
        assert completion["text"] == "".join(token["text"] for token in completion["tokens"])
        for token in completion["tokens"]:
            assert len(token["top"]) == 3
            assert {"id", "text", "logprob"} <= set(token["top"][0])
            assert token["logprob"] <= 0
            mass = sum(math.exp(other["logprob"]) for other in token["top"]) + token["rest"]
            assert mass == pytest.approx(1, abs=1e-4)
    assert document["usage"]["completion_tokens"] == sum(len(each["tokens"]) for each in document["completions"])
    assert store.get(document["run"]).status == "finished"


def test_text_goes_to_stdout_and_figures_to_stderr(loupe: Loupe, tiny_model: Path) -> None:
    arguments = ["generate", "seven apples", "--model", f"path:{tiny_model}", "--max-tokens", "5", "--temperature", "0"]
    plain, document = loupe(*arguments), json.loads(loupe(*arguments, "--json").out)
    assert plain.out == document["completions"][0]["text"] + "\n"
    assert "5 out" in plain.err
    assert "run " in plain.err


def test_stdin_is_the_prompt_exactly_as_it_comes(
    loupe: Loupe, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin_is("Größe: 🙂\n".encode(), monkeypatch)
    done = loupe("generate", "-", "--raw", "--model", f"path:{tiny_model}", "--max-tokens", "1", "--json")
    assert done.code == 0, done.err
    assert json.loads(store.get(json.loads(done.out)["run"]).request)["prompt"] == "Größe: 🙂\n"


def test_messages_and_system_and_a_next_turn(loupe: Loupe, tiny_model: Path, tmp_path: Path) -> None:
    file = tmp_path / "chat.json"
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]},
        {"role": "assistant", "content": "Good day"},
    ]
    file.write_text("\ufeff" + json.dumps(turns), encoding="utf-8")
    chat = ["--messages", str(file), "--system", "Be brief", "--model", f"path:{tiny_model}", "--max-tokens", "1"]
    done = loupe("generate", "And now?", *chat, "--json")
    assert done.code == 0, done.err
    assert json.loads(store.get(json.loads(done.out)["run"]).request)["messages"] == [
        {"role": "system", "content": "Be brief"},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Good day"},
        {"role": "user", "content": "And now?"},
    ]


def test_every_sampling_field_is_an_option_with_its_default(loupe: Loupe, tiny_model: Path) -> None:
    help_text = loupe("generate", "--help").out
    for name in SamplingParams.model_fields:
        assert f"--{name.replace('_', '-')}" in help_text
    done = loupe("generate", "x", "--model", f"path:{tiny_model}", "--max-tokens", "1", "--json")
    stored = json.loads(store.get(json.loads(done.out)["run"]).request)["params"]
    assert stored == SamplingParams(max_tokens=1).model_dump(mode="json")


def test_options_reach_the_request(loupe: Loupe, tiny_model: Path) -> None:
    given = {"temperature": 0.5, "top_k": 7, "top_p": 0.9, "presence_penalty": -0.5, "no_repeat_ngram_size": 3}
    options = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    stops = ["--stop", "\n\n", "--stop", "-end"]
    model = ["--model", f"path:{tiny_model}", "--max-tokens", "2"]
    done = loupe("generate", "x", *model, *options, *stops, "--early-stopping", "never", "--json")
    assert done.code == 0, done.err
    stored = json.loads(store.get(json.loads(done.out)["run"]).request)["params"]
    assert {name: stored[name] for name in given} == given
    assert stored["stop"] == ["\n\n", "-end"]
    assert stored["early_stopping"] == "never"


BAD: list[tuple[list[str], str]] = [
    (["--temperature", "-1"], "temperature is -1"),
    (["--temperature", "2.1"], "less than or equal to 2"),
    (["--temperature", "1e9"], "temperature"),
    (["--temperature", "nan"], "temperature is nan"),
    (["--temperature", "inf"], "temperature"),
    (["--temperature", "abc"], "temperature is 'abc'"),
    (["--temperature", ""], "temperature"),
    (["--top-p", "0"], "top_p is 0"),
    (["--top-p", "1.0001"], "top_p"),
    (["--top-p", "nan"], "top_p is nan"),
    (["--top-k", "-1"], "top_k is -1"),
    (["--top-k", "1000000000"], "top_k"),
    (["--top-k", "1.5"], "1.5"),
    (["--min-p", "1.1"], "min_p"),
    (["--typical-p", "0"], "typical_p"),
    (["--repetition-penalty", "0"], "repetition_penalty is 0"),
    (["--n", "0"], "n is 0"),
    (["--n", "1000"], "n is 1000"),
    (["--max-tokens", "0"], "max_tokens is 0"),
    (["--max-tokens", "-1"], "max_tokens is -1"),
    (["--min-tokens", "-1"], "min_tokens is -1"),
    (["--min-tokens", "9", "--max-tokens", "8"], "9 min_tokens"),
    (["--seed", str(2**64)], "seed is 18446744073709551616"),
    (["--seed", "-1"], "seed"),
    (["--stop", ""], "stop string is empty"),
    ([part for number in range(17) for part in ("--stop", str(number))], "stop"),
    (["--num-beams", "0"], "num_beams"),
    (["--num-beams", "2", "--n", "3"], "num_beams"),
    (["--early-stopping", "maybe"], "'maybe'"),
    (["--top-logprobs", "-1"], "top_logprobs"),
    (["--top-logprobs", "101"], "top_logprobs"),
    (["--no-such-option"], "--no-such-option"),
    (["a second prompt"], "a second prompt"),
    (["--messages", "/no/such/file.json"], "There is no file /no/such/file.json"),
    (["--raw", "--system", "x"], "leave out"),
    (["--model", ""], "model reference is empty"),
    (["--model", "../../etc"], "../../etc"),
    (["--model", "path:/no/such/folder"], "/no/such/folder"),
    (["--model", "api:nowhere/model"], "nowhere"),
    (["--model", "hf:nobody/nothing"], "not downloaded"),
]


@pytest.mark.parametrize(
    ("arguments", "says"), BAD, ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else ""
)
def test_bad_input_is_one_sentence(loupe: Loupe, arguments: list[str], says: str) -> None:
    for output in ([], ["--json"]):
        done = loupe("generate", "Hello", *arguments, *output)
        assert done.code == 1
        assert done.out == ""
        assert says in done.err
        assert done.err.count("\n") == 1
        assert "Traceback" not in done.err
        assert len(done.err) < 600


@pytest.mark.parametrize("prompt", ["", "   ", "lone \udcff surrogate"])
def test_a_prompt_that_is_none_is_one_sentence(loupe: Loupe, prompt: str) -> None:
    done = loupe("generate", prompt)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)


def test_no_prompt_at_all_says_how_to_give_one(loupe: Loupe) -> None:
    done = loupe("generate")
    assert (done.code, done.out) == (1, "")
    assert "There is no prompt" in done.err


def test_stdin_that_is_no_text_is_one_sentence(loupe: Loupe, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin_is(b"abc\xff", monkeypatch)
    done = loupe("generate", "-")
    assert (done.code, done.err) == (1, "What came on stdin is not UTF-8 text (byte 4); convert it first.\n")


def test_a_prompt_over_the_window_is_refused_with_the_three_numbers(loupe: Loupe, tiny_model: Path) -> None:
    done = loupe("generate", "apples " * 300, "--raw", "--model", f"path:{tiny_model}", "--max-tokens", "8", "--json")
    assert (done.code, done.out) == (1, "")
    assert "max_tokens is 8" in done.err
    assert "256 tokens" in done.err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not JSON: line 1"),
        (b"[", "is not JSON: line 1"),
        (b"{}", "must hold a list"),
        (b"[]", "must hold a list"),
        (b"[1]", "message 1 is not an object"),
        (b'[{"role": "user"}]', "message 1 has no text"),
        (b'[{"role": "tool", "content": "x"}]', "role 'tool'"),
        (b'[{"role": "user", "content": "x"}, {"role": null, "content": "x"}]', "message 2 has the role 'None'"),
        (b'[{"role": "user", "content": "x", "name": "y"}]', "field 'name'"),
        (b'[{"role": "user", "content": [{"type": "image_url"}]}]', "not text"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_bad_file_of_messages_is_one_sentence(content: bytes, says: str, tmp_path: Path) -> None:
    file = tmp_path / "messages.json"
    file.write_bytes(content)
    with pytest.raises(InvalidInput, match=says) as caught:
        read_messages(file)
    assert "\n" not in str(caught.value)


def test_a_folder_as_messages_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_messages(tmp_path)


def test_escape_sequences_do_not_reach_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from core.cli.output import print_text

    print_text("\x1b[2Jhello\n")
    assert capsys.readouterr().out == "\x1b[2Jhello\n\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    print_text("\x1b[2J\x9bhello\n")
    assert capsys.readouterr().out == "\\x1b[2J\\x9bhello\n\n"


def loupe_process(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "import sys; from core.cli import main; sys.exit(main())", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, cwd=ROOT, **{**pipes, **options})


def test_ctrl_c_keeps_the_part_and_exits_with_130(tiny_model: Path) -> None:
    long = ["--max-tokens", "200", "--min-tokens", "200"]
    child = loupe_process("generate", "apples", "--model", f"path:{tiny_model}", "--raw", *long)
    assert child.stdout is not None
    assert child.stdout.read(1)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=300)
    if child.returncode == 0:
        pytest.fail("it ended before it could be interrupted")
    assert child.returncode == 130, err
    assert "Traceback" not in err
    [row] = store.list_runs()
    assert row.status == "cancelled"
    assert json.loads(store.get(row.id).result)["completions"][0]["text"]


def test_a_reader_that_goes_away_is_no_error(tiny_model: Path) -> None:
    read, write = os.pipe()
    child = loupe_process("generate", "x", "--model", f"path:{tiny_model}", "--max-tokens", "2", "--json", stdout=write)
    os.close(write)
    os.close(read)
    _, err = child.communicate(timeout=300)
    assert "Traceback" not in err
    assert "BrokenPipe" not in err
    assert child.returncode == 0, err


def test_a_bug_shows_no_traceback(loupe: Loupe, monkeypatch: pytest.MonkeyPatch, loupe_home: Path) -> None:
    def bug() -> None:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("core.models.registry.list_models", bug)
    done = loupe("models", "--json")
    assert (done.code, done.out) == (1, "")
    assert "logs/loupe.log" in done.err
    assert "ZeroDivisionError" in (loupe_home / "logs" / "loupe.log").read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("hi", "--stop", "a\udcff"), "stop"),
        (("hi", "--model", "path:/a\udcff"), "model"),
        (("hi\udcff",), "prompt"),
    ],
)
def test_half_characters_are_refused_by_name(loupe: Loupe, arguments: tuple[str, ...], says: str) -> None:
    """Bytes that are not UTF-8 arrive from a shell as lone surrogates."""
    done = loupe("generate", *arguments)
    assert done.code == 1
    assert says in done.err and "Something went wrong" not in done.err
    assert done.err.count("\n") == 1


def test_a_number_of_5000_digits_among_the_messages(loupe: Loupe, tmp_path: Path) -> None:
    file = tmp_path / "messages.json"
    file.write_text('[{"role": "user", "content": ' + "9" * 5000 + "}]")
    done = loupe("generate", "--messages", str(file))
    assert (done.code, "far too long" in done.err, done.err.count("\n")) == (1, True, 1)


def test_a_bug_without_a_log_shows_no_traceback(
    loupe: Loupe, loupe_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loupe_home.mkdir()
    (loupe_home / "logs").write_text("a file where a folder belongs")

    def bug(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("core.cli.generate.read_prompt", bug)
    done = loupe("generate", "hi")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert "ZeroDivisionError: a bug" in done.err
    assert [line.partition(" ")[0] for line in done.err.splitlines()] == ["logs/loupe.log", "Something"]
