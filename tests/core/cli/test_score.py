"""`loupe score`: the contract's fields, what a person sees, and one sentence for every bad row and file."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.cli.progress import ProgressLine
from core.evals.scorers import wilson
from tests.core.cli.conftest import Loupe, stdin_is

ROOT = Path(__file__).parents[3]
ROWS: list[dict[str, Any]] = [
    {"id": "a", "output": "The answer is 4.", "target": "4"},
    {"id": "b", "output": "It is 5.", "target": ["6", "5"], "more": {"left": "alone"}},
    {"id": 3, "output": "nothing", "target": 7},
    {"id": "d", "output": ["1", "2", "so 2.0", "none"], "target": "2"},
]


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def file(tmp_path: Path) -> str:
    return write(tmp_path / "rows.jsonl", ROWS)


OPTIONS = ("--extract", "last-number", "--metric", "numeric")


def test_json_has_the_fields_of_the_contract(loupe: Loupe, file: str) -> None:
    done = loupe("score", file, *OPTIONS, "--json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert (document["n"], document["accuracy"], document["no_answer"]) == (4, 0.75, 1)
    assert document["ci95"] == pytest.approx(wilson(3, 4))
    assert (document["extract"], document["metric"], document["engine"]) == ("last-number", "numeric", None)
    assert document["items"] == [
        {"id": "a", "extracted": "4", "correct": True, "error": None},
        {"id": "b", "extracted": "5", "correct": True, "error": None},
        {"id": 3, "extracted": None, "correct": False, "error": None},
        {"id": "d", "extracted": "2", "correct": True, "error": None, "votes": 2, "samples": 4},
    ]


def test_a_graded_metric_has_numbers_and_the_interval_of_a_mean(loupe: Loupe, tmp_path: Path) -> None:
    rows = [{"id": n, "output": f"the answer is old town{' hall' * (n % 3)}", "target": "old town"} for n in range(9)]
    path = write(tmp_path / "rows.jsonl", rows)
    document = json.loads(loupe("score", path, "--extract", "answer-is", "--metric", "qa-f1", "--json").out)
    scores = [item["correct"] for item in document["items"]]
    assert scores[:3] == pytest.approx([1, 0.8, 2 / 3])
    assert document["accuracy"] == pytest.approx(sum(scores) / 9)
    assert 0 < document["ci95"][0] < document["accuracy"] < document["ci95"][1] < 1


def test_a_person_sees_accuracy_interval_rule_and_what_was_not_right(loupe: Loupe, file: str) -> None:
    done = loupe("score", file, *OPTIONS)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].split() == ["accuracy", "75.00", "%,", "95", "%", "interval", "30.06", "to", "95.44", "%"]
    assert "3 of 4; no answer found in 1" in lines[1]
    assert "last-number: The last number" in lines[2]
    assert lines[-1].split() == ["3", "no", "answer", "7"]


def test_text_of_a_model_cannot_take_over_the_terminal(loupe: Loupe, tmp_path: Path) -> None:
    rows = [{"id": "\x1b[2J", "output": "the answer is \x1b[31mred\u202e", "target": "\ud800"}]
    done = loupe("score", write(tmp_path / "rows.jsonl", rows), "--extract", "answer-is", "--metric", "exact")
    assert done.code == 0
    assert "\\x1b[31mred\\u202e" in done.out
    assert "\\ud800" in done.out
    assert "\x1b" not in done.out


@pytest.mark.parametrize("name", ["rows.jsonl.gz", "rows.jsonl"])
def test_gzip_is_known_by_its_bytes(name: str, loupe: Loupe, file: str, tmp_path: Path) -> None:
    plain = json.loads(loupe("score", file, *OPTIONS, "--json").out)
    packed = tmp_path / "packed" / name
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress(Path(file).read_bytes()))
    unpacked = json.loads(loupe("score", str(packed), *OPTIONS, "--json").out)
    assert unpacked["items"] == plain["items"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_rows_come_from_stdin(pack: Any, loupe: Loupe, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin_is(pack(Path(file).read_bytes()), monkeypatch)
    assert json.loads(loupe("score", "-", *OPTIONS, "--json").out)["n"] == 4


def test_marks_blank_lines_and_numbers_are_taken_as_meant(loupe: Loupe, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf\r\n  \n{"id": 1, "output": "x \\ud800 = 18.0", "target": 18.0}\r\n'
        b'{"id": 1.5, "output": "1e400", "target": [1e400, 3]}\n'
        b'{"id": "1", "output": "0.1", "target": 0.1}'
    )
    document = json.loads(
        loupe("score", str(path), "--extract", "regex:([0-9.e]+)$", "--metric", "exact", "--json").out
    )
    assert [(item["id"], item["correct"]) for item in document["items"]] == [(1, True), (1.5, True), ("1", True)]


GOOD = '{"id": "1", "output": "1", "target": "1"}\n'
BAD_ROWS = [
    ("", "holds no rows"),
    ("\n \n", "holds no rows"),
    ("[1, 2]", "line 1 holds a list where an object"),
    ('"text"', "line 1 holds a text where"),
    ("3", "line 1 holds the number 3 where"),
    ("null", "line 1 holds null where"),
    ('{"id": "1", "output": "1"', "line 1 is not JSON"),
    ("[" * 100_000, "line 1 is nested too deeply"),
    ('{"id": "1", "output": "1", "target": NaN}', "line 1 holds NaN, which is not a JSON value"),
    ('{"id": "1", "output": "1", "target": -Infinity}', "holds -Infinity, which"),
    ('{"output": "1", "target": "1"}', 'line 1 has no "id"'),
    ('{"id": "1", "target": "1"}', 'line 1 has no "output"'),
    ('{"id": "1", "output": "1"}', 'line 1 has no "target"'),
    ('{"id": null, "output": "1", "target": "1"}', '"id" is null'),
    ('{"id": true, "output": "1", "target": "1"}', '"id" is true'),
    ('{"id": ["1"], "output": "1", "target": "1"}', '"id" is a list'),
    ('{"id": "1", "output": 1, "target": "1"}', '"output" is the number 1; it must be a text or a list of texts'),
    ('{"id": "1", "output": null, "target": "1"}', '"output" is null'),
    ('{"id": "1", "output": [], "target": "1"}', '"output" is an empty list'),
    ('{"id": "1", "output": ["1", null], "target": "1"}', '"output" is null in a list'),
    ('{"id": "1", "output": "1", "target": null}', '"target" is null'),
    ('{"id": "1", "output": "1", "target": true}', '"target" is true'),
    ('{"id": "1", "output": "1", "target": []}', '"target" is an empty list'),
    ('{"id": "1", "output": "1", "target": {"a": 1}}', '"target" is an object'),
    ('{"id": "1", "output": "1", "target": "1", "answer_name": 5}', '"answer_name" is the number 5'),
    ('{"id": "1", "output": "1", "target": "1", "prelude": ["import os"]}', '"prelude" is a list'),
    (GOOD + "\n" + GOOD, "line 3: the id '1' is that of line 1 already"),
    (GOOD + "oops", "line 2 is not JSON"),
]


@pytest.mark.parametrize(("content", "sentence"), BAD_ROWS, ids=lambda value: value[:40])
@pytest.mark.parametrize("options", [("--json",), ()])
def test_a_bad_row_is_one_sentence_and_nothing_is_half_printed(
    content: str, sentence: str, options: tuple[str, ...], loupe: Loupe, tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(content, encoding="utf-8")
    done = loupe("score", str(path), *OPTIONS, *options)
    assert (done.code, done.out) == (1, "")
    assert sentence in done.err
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err


def test_bad_files_are_one_sentence(loupe: Loupe, file: str, tmp_path: Path) -> None:
    damaged, latin = tmp_path / "damaged.gz", tmp_path / "latin.jsonl"
    damaged.write_bytes(gzip.compress(os.urandom(5000).hex().encode())[:-200])
    latin.write_bytes(GOOD.encode() + '{"id": "é", "output": "1", "target": "1"}'.encode("latin-1"))
    for path, sentence in [
        (tmp_path / "missing.jsonl", "There is no file"),
        (tmp_path, "is a folder"),
        (damaged, "is a damaged gzip file"),
        (latin, "line 2 is not UTF-8 text"),
        (Path(file + "\0"), "cannot be read"),
    ]:
        done = loupe("score", str(path), *OPTIONS)
        assert (done.code, done.out) == (1, "")
        assert sentence in done.err
        assert done.err.count("\n") == 1


def test_a_line_without_end_is_not_read_to_its_end(loupe: Loupe, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    monkeypatch.setattr("core.cli.row_files.MAX_LINE_BYTES", 20)
    done = loupe("score", file, *OPTIONS)
    assert done.code == 1
    assert "line 1 is longer than" in done.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--extract", "nonsense", "--metric", "exact"], "There is no rule 'nonsense'; choose one of last-number,"),
        (["--extract", "letter", "--metric", "f1"], "There is no metric 'f1'; choose one of exact,"),
        (["--extract", "regex:(", "--metric", "exact"], "'(' is no pattern"),
        (["--extract", "regex:(a|aa)+$", "--metric", "exact"], "takes longer than 2 s on one text"),
        (["--extract", "program", "--metric", "exact", "--timeout", "0"], "from 0.1 to 600 seconds, not 0"),
        (["--extract", "program", "--metric", "exact", "--timeout", "nan"], "from 0.1 to 600 seconds, not nan"),
        (["--metric", "exact"], "--extract"),
        (["--extract", "letter"], "--metric"),
    ],
)
def test_bad_options_are_one_sentence(arguments: list[str], sentence: str, loupe: Loupe, tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", [{"id": 1, "output": "a" * 60 + "b", "target": "a"}])
    done = loupe("score", path, *arguments)
    assert (done.code, done.out) == (1, "")
    assert sentence in done.err
    assert done.err.count("\n") == 1


def test_help_lists_every_rule_and_metric(loupe: Loupe) -> None:
    from core.evals.scorers import METRICS, RULES

    text = loupe("score", "--help").out
    assert [name for name in (*RULES, *METRICS) if f"  {name}" not in text] == []


def test_an_interrupt_ends_it_with_130_and_prints_nothing() -> None:
    """Rows that never end; the interrupt comes while it scores."""
    child = subprocess.Popen(
        [sys.executable, "-c", "from core.cli import main; raise SystemExit(main())", "score", "-", *OPTIONS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert child.stdin is not None
    for number in range(20_000):  # more than a pipe holds, so it reads by now
        child.stdin.write(b'{"id": %d, "output": "1", "target": "1"}\n' % number)
    child.stdin.flush()
    child.send_signal(signal.SIGINT)
    child.wait(60)
    out, err = child.communicate()
    assert (child.returncode, out, err) == (130, b"", b"")


def test_long_work_shows_rate_and_time_left_on_a_terminal_and_cleans_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("core.cli.progress.FIRST_S", 0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with ProgressLine("rows") as line:
        line.show(1200, 0.25)
    drawn, _, cleaned = capsys.readouterr().err.rpartition("\r")
    assert "1,200 rows · 25 % · " in drawn
    assert drawn.endswith("s left")
    assert cleaned == "\x1b[K"


def test_progress_stays_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressLine("rows") as line:
        line.show(1200, 0.25)
    assert capsys.readouterr().err == ""
