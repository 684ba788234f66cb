"""The rule `program`: published kinds of programs through the real sandbox, and what the report says of them."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.errors import Unsupported
from core.evals.scorers import extract
from core.evals.scorers.report import Item, score
from core.evals.scorers.rows import Row
from core.sandbox import engine
from tests.core.cli.conftest import Loupe, loupe  # noqa: F401 – the fixture

ROOT = Path(__file__).parents[3]


def rows(
    *programs: str | tuple[str, ...], name: str | None = "ans", prelude: str = "", target: str = "14"
) -> list[Row]:
    return [
        Row(number, (each,) if isinstance(each, str) else each, not isinstance(each, str), (target,), name, prelude)
        for number, each in enumerate(programs)
    ]


def scored(*programs: str | tuple[str, ...], timeout_s: float = 20.0, **options: Any) -> list[Item]:
    return list(score(rows(*programs, **options), "program", "numeric", timeout_s=timeout_s))


def test_values_that_programs_end_with() -> None:
    items = scored(
        "ans = 7 * 2",
        "import numpy as np\nans = np.float64(14.0)",
        "import numpy as np\nans = np.array([14, 3])",
        "import sympy\nans = sympy.Rational(28, 2)",
        "from sympy import Symbol, solve\nx = Symbol('x')\nans = solve(x - 14, x)",
        "ans = {'x': 14, 'y': 3}",
        "ans = (14, 3)",
        "ans = '14 apples'",
    )
    assert [(item.id, item.correct) for item in items] == [(number, 1.0) for number in range(8)]
    assert {item.error for item in items} == {None}


def test_programs_fail_in_every_way_and_none_of_it_is_an_answer() -> None:
    items = scored(
        "ans = 14 (",
        "  ans = 14",
        "ans = missing + 14",
        "ans = 1 / 0",
        "ans = None",
        "nothing = 14",
        "while True: pass",
        "raise SystemExit(3)",
        "ans = 14",
        timeout_s=1.5,
    )
    assert [item.extracted for item in items] == [None] * 8 + ["14"]
    assert [item.correct for item in items] == [0.0] * 8 + [1.0]
    expected = (
        "SyntaxError",
        "IndentationError",
        "NameError",
        "ZeroDivisionError",
        "without",
        "NameError",
        "1.5 s",
        "SystemExit",
    )
    for item, said in zip(items, expected, strict=False):
        assert said in (item.error or ""), item


def test_every_program_has_a_namespace_of_its_own() -> None:
    items = scored("left = 14\nans = 1", "ans = left", "sum = 3\nans = 1", "ans = sum([10, 4])")
    assert [item.extracted for item in items] == ["1", None, "1", "14"]


def test_the_prelude_runs_in_the_same_namespace_before_the_program() -> None:
    [item] = scored("ans = half(28)", prelude="def half(number):\n    return number // 2\n", name="str(ans)")
    assert (item.extracted, item.correct) == ("14", 1.0)


def test_samples_vote_and_the_same_program_runs_once() -> None:
    [item] = scored(("ans = 3", "ans = 14", "ans = 14.0", "oops", "ans = 7"))
    assert (item.extracted, item.votes, item.samples, item.correct, item.error) == ("14", 2, 5, 1.0, None)
    [drawn] = scored(("import random\nans = random.random()",) * 3)
    assert (drawn.votes, drawn.samples) == (3, 3)
    [failed] = scored(("oops", "oops", "1 +"))
    assert (failed.extracted, failed.votes) == (None, 0)
    assert "NameError" in (failed.error or "")


def test_rows_keep_their_order_however_long_they_take_and_however_few_are_read_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.evals.scorers.programs.CHUNK_PROGRAMS", 3)
    read: list[int] = []

    def reading() -> Iterator[Row]:
        for row in rows("import time\ntime.sleep(0.5)\nans = 0", *(f"ans = {n}" for n in range(1, 8))):
            read.append(int(row.id))
            yield row

    items = score(reading(), "program", "numeric")
    assert next(items).extracted == "0"
    assert read == [0, 1, 2]
    assert [item.extracted for item in items] == [str(number) for number in range(1, 8)]


def test_a_program_that_the_sandbox_will_not_take_is_an_item_and_not_the_end() -> None:
    items = scored("ans = 14", "#" * 1_100_000, "ans = 14", "#" * 1_100_001)
    assert [item.extracted for item in items] == ["14", None, "14", None]
    assert "longer than" in (items[1].error or "")


def test_without_an_expression_the_last_one_counts_and_else_what_was_printed() -> None:
    items = scored("7 * 2", "print('so')\nprint(14)", "x = 3", name=None)
    assert [item.extracted for item in items] == ["14", "14", None]
    assert extract("program", "7 * 2") == "14"
    assert extract("program", "oops") is None


def program_file(folder: Path) -> str:
    path = folder / "rows.jsonl"
    row = {"id": "1", "output": "ans = 7 * 2", "target": 14, "answer_name": "ans"}
    path.write_text(json.dumps(row), encoding="utf-8")
    return str(path)


PROGRAM = ("--extract", "program", "--metric", "numeric")


def test_the_report_says_which_engine_ran(loupe: Loupe, tmp_path: Path) -> None:  # noqa: F811
    path = program_file(tmp_path)
    document = json.loads(loupe("score", path, *PROGRAM, "--json").out)
    assert (document["engine"], document["accuracy"]) == ("bubblewrap", 1.0)
    assert "bubblewrap 1, in" in loupe("score", path, *PROGRAM).out


def test_without_bubblewrap_monty_runs_and_the_report_says_so(
    loupe: Loupe,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = program_file(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    engine.forget()
    try:
        document = json.loads(loupe("score", path, *PROGRAM, "--json").out)
    finally:
        monkeypatch.undo()
        engine.forget()
    assert (document["engine"], document["accuracy"]) == ("monty", 1.0)


def test_where_nothing_can_run_programs_it_is_one_sentence(
    loupe: Loupe,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def off(*_: Any, **__: Any) -> None:
        raise Unsupported("Full Python is off: there is no bubblewrap.")

    monkeypatch.setattr("core.sandbox.run_many", off)
    done = loupe("score", program_file(tmp_path), *PROGRAM, "--json")
    assert (done.code, done.out, done.err) == (1, "", "Full Python is off: there is no bubblewrap.\n")


def test_an_interrupt_ends_it_with_130_and_leaves_no_program_running(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    row = {"output": "while True: pass", "target": 14, "answer_name": "ans"}
    path.write_text("".join(json.dumps({"id": number, **row}) + "\n" for number in range(9)), encoding="utf-8")
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from core.cli import main; raise SystemExit(main())",
            "score",
            str(path),
            *PROGRAM,
            "--timeout",
            "300",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    process = psutil.Process(child.pid)

    def looping() -> list[psutil.Process]:
        """Children that have computed for longer than any start takes."""
        found = []
        for each in process.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                found += [each] if each.cpu_times().user > 2 else []
        return found

    deadline = time.monotonic() + 90
    while not (running := looping()) and time.monotonic() < deadline:
        time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert running, "no program ran"
    assert (child.returncode, out, err) == (130, b"", b"")
    gone, alive = psutil.wait_procs(running, timeout=10)
    assert (len(gone), alive) == (len(running), [])


def test_a_program_in_a_code_fence_is_what_is_in_the_fence() -> None:
    fenced = "Here is the program:\n```python\nans = 7 * 2\n```\nIt multiplies."
    holds_a_fence = 'ans = len("""\n```\n""") + 9'
    [one, two] = scored(fenced, holds_a_fence)
    assert (one.extracted, one.correct) == ("14", 1.0)
    assert (two.extracted, two.correct) == ("14", 1.0)
