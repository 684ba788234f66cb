"""What a program comes to: values, texts, errors, the queue, batches; the same in both engines where both can."""

from __future__ import annotations

import threading
import time
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Busy, InvalidInput
from core.sandbox import Limits, Program, run, run_many, status
from core.sandbox.program import MAX_SOURCE
from core.sandbox.slots import Slots

Name = Literal["monty", "bubblewrap"]
BOTH: tuple[Name, ...] = ("monty", "bubblewrap")


@pytest.mark.parametrize("engine", BOTH)
@pytest.mark.parametrize(
    ("code", "result", "value"),
    [
        ("1 + 1", "2", "2"),
        ("ans = 14.0", "14.0", "14.0"),
        ("answer = 3", "3", "3"),
        ("result = 'blue'", "blue", "blue"),
        ("result = 1\nans = 2", "2", "2"),
        ("def solution():\n    return 7\nans = 1", "7", "7"),
        ("def solution():\n    return 7\n8", "8", "8"),
        ("def solution():\n    return 7\nprint(solution())", "7", "7"),
        ("ans = [5, 6]", "[5, 6]", "5"),
        ("ans = (5, 6)", "(5, 6)", "5"),
        ("ans = {4}", "{4}", "4"),
        ("ans = {'x': [9, 8]}", "{'x': [9, 8]}", "9"),
        ("ans = []", "[]", None),
        ("ans = True", "True", "True"),
        ("ans = None", None, None),
        ("x = 5", None, None),
        ("math.sqrt(16)", "4.0", "4.0"),
        ("# nothing but words", None, None),
        ("'é'; [1,\n 2] # é", "[1, 2]", "1"),
        ("(x := 4)", "4", "4"),
        ("float('nan')", "nan", "nan"),
        ("from decimal import Decimal\nDecimal('0.10')", "0.10", "0.10"),
        ("if __name__ == '__main__':\n    ans = 3", "3", "3"),
    ],
)
def test_the_value(code: str, result: str | None, value: str | None, engine: Name) -> None:
    ran = run(code, engine=engine)
    assert (ran.status, ran.result, ran.value, ran.error) == ("ok", result, value, None)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("import numpy as np\nnp.float64(14.0)", "14.0"),
        ("import numpy as np\nnp.int32(14)", "14"),
        ("import numpy as np\nnp.bool_(True)", "True"),
        ("import numpy as np\nnp.array([[3, 4]])", "3"),
        ("import numpy as np\n{'a': np.float32(0.5)}", "0.5"),
        ("import sympy\nsympy.Integer(14)", "14"),
        ("import sympy\nsympy.Rational(1, 4)", "0.25"),
        ("import sympy\nsympy.sqrt(2)", "1.4142135623730951"),
        ("from sympy import *\nx = symbols('x')\nsolve(x - 3, x)", "3"),
        ("from sympy import *\nx = symbols('x')\nsolveset(x ** 2 - 4, x)", "-2"),
        ("from sympy import *\nx = symbols('x')\nx + 1", "x + 1"),
        ("from sympy import *\nI * 2", "2*I"),
        ("from dateutil.relativedelta import *\nfrom datetime import *\ndate(2020, 1, 31) + relativedelta(months=1)",
         "2020-02-29"),
        ("from fractions import Fraction\nFraction(3, 4)", "3/4"),
        ("10 ** 5000", "1" + "0" * 5000),
        ("class A(dict):\n    pass\nA(x=5)", "5"),
        ("def f():\n    yield 4\nnext(f())", "4"),
        ("x = [1]\ndel x[0]\nlen(x)", "0"),
    ],
)  # fmt: skip
def test_what_needs_full_python_gets_it(code: str, value: str) -> None:
    ran = run(code)
    assert (ran.engine, ran.status) == ("bubblewrap", "ok")
    assert ran.value == value


@pytest.mark.parametrize("engine", BOTH)
def test_prelude_and_expression_share_the_namespace(engine: Name) -> None:
    program = Program("x = base * 2", "rounded(x)", prelude="base = 1.26\ndef rounded(v):\n    return round(v, 1)")
    assert run(program, engine=engine).value == "2.5"


@pytest.mark.parametrize("engine", BOTH)
@pytest.mark.parametrize(
    ("code", "says", "line"),
    [
        ("x = 1\n1 / 0", "ZeroDivisionError", "line 2"),
        ("print(y)", "NameError", "line 1"),
        ("x = (", "SyntaxError", ""),
        ("print 'hello'", "SyntaxError", "line 1"),
        ("def f():\n    raise ValueError('no such day')\n\nf()", "ValueError: no such day", "line 2"),
        ("assert 1 == 2, 'unequal'", "AssertionError: unequal", "line 1"),
    ],
)
def test_an_error_is_class_message_and_line(code: str, says: str, line: str, engine: Name) -> None:
    ran = run(code, engine=engine)
    assert ran.status == "error"
    assert ran.value is None
    assert (ran.error or "").startswith(says)
    assert line in (ran.error or "")


def test_errors_name_the_piece_they_are_in() -> None:
    for engine in BOTH:
        assert "line 1 of the prelude" in (run(Program("1", prelude="1 / 0"), engine=engine).error or "")
        assert "of the expression" in (run(Program("x = 1", "y"), engine=engine).error or "")


def test_what_was_printed_before_an_end_is_kept() -> None:
    for engine in BOTH:
        assert run("print('so far')\nwhile True: pass", engine=engine, limits=Limits(wall_s=0.5)).stdout == "so far\n"
        assert run("print('so far')\n1 / 0", engine=engine).stdout == "so far\n"


@pytest.mark.parametrize("engine", BOTH)
def test_output_is_cut_at_the_limit_and_says_so(engine: Name) -> None:
    ran = run("for i in range(10 ** 6): print('é' * 50)", engine=engine, limits=Limits(output_bytes=1000))
    assert ran.status == "error"
    assert ran.stdout.endswith("[cut after 1,000 bytes]")
    assert 900 < len(ran.stdout.encode()) < 1100


def test_auto_is_monty_first_and_full_python_has_the_last_word() -> None:
    assert run("ans = 2").engine == "monty"
    assert run("import statistics\nans = statistics.mean([1, 3])").value == "2"
    assert run("ans = '{:,}'.format(1234567)").value == "1,234,567"
    assert run("open('own.txt', 'w').write('kept')\nans = open('own.txt').read()").value == "kept"
    assert run("while True: pass", limits=Limits(wall_s=0.5)).engine == "monty"


@pytest.mark.parametrize("code", ["exit()", "import sys\nans = 3\nsys.exit(0)", "ans = 3\nquit()"])
def test_a_program_may_say_that_it_is_done(code: str) -> None:
    assert run(code).status == "ok"
    assert run("import sys\nsys.exit(3)").error == "SystemExit: 3 (line 2)"


def test_a_program_can_cheat_only_itself() -> None:
    """It may write its own answer; the next one is not touched."""
    forged = 'import os\nos.write(3, b\'{"status": "ok", "result": "forged", "value": "1"}\\n\')\nwhile True: pass'
    programs = [
        Program(forged),
        Program("ans = 2"),
        Program("import builtins\nbuiltins.sum = len"),
        Program("sum([5])"),
    ]
    programs += [
        Program("import os, fcntl\nfcntl.fcntl(1, fcntl.F_SETFL, os.O_NONBLOCK)"),
        Program("print('x' * 500000)"),
    ]
    programs += [Program("import random\nrandom.random()")] * 2
    ran = dict(run_many(programs, workers=1, limits=Limits(wall_s=1.0)))
    assert ran[0].status == "timeout"
    assert (ran[1].value, ran[3].value, len(ran[5].stdout)) == ("2", "5", 500_001)
    assert ran[6].value != ran[7].value


@pytest.mark.parametrize(
    "answer", ["5", "[" * 100_000, '{"status": 7}', '{"status": "ok", "result": {"a": 1}, "value": []}']
)
def test_an_answer_that_is_none_is_text_at_most(answer: str) -> None:
    code = f"import os\nos.write(3, {answer.encode()!r})\nos.write(3, bytes([10]))\nos._exit(0)"
    ran = run(code, engine="bubblewrap")
    assert (ran.result, ran.value) == (None, None)


def test_an_answer_is_cut_however_its_characters_are_written() -> None:
    code = 'import os\ntext = b\'\\\\ud800\' * 80000\nos.write(3, b\'{"status": "ok", "result": "\')\n'
    ran = run(
        code + "while text: text = text[os.write(3, text):]\nos.write(3, b'\"}\\n')\nos._exit(0)", engine="bubblewrap"
    )
    assert ran.ok
    assert 20_000 < len(ran.result or "") < 30_000


def test_odd_ends_are_told_as_they_are() -> None:
    """An exception that cannot be looked at is no lack of memory; an answer cut short is no mishap of the sandbox."""
    evil = "class E(BaseException):\n    @property\n    def __traceback__(self): raise SystemExit\nraise E"
    assert run(evil, engine="bubblewrap").error == "It ended without a result (exit code 71)."
    text = "class T(str):\n    def __len__(self): return 5\n"
    long = f"{text}class A:\n    def __str__(self): return T('x' * 10 ** 6)\nans = A()"
    assert run(long, engine="bubblewrap").error == "It wrote a longer answer than it may and was stopped."


def test_programs_of_a_batch_finish_in_any_order_and_leave_nothing_behind() -> None:
    programs = [Program(f"x{n} = {n}\nseen = 'x{n - 1}' in dir()\nans = {n} if not seen else -1") for n in range(60)]
    ran = dict(run_many(programs))
    assert {number: one.value for number, one in ran.items()} == {n: str(n) for n in range(60)}
    assert {one.engine for one in ran.values()} == {"bubblewrap"}


def test_a_batch_stops_when_it_is_cancelled_or_left() -> None:
    cancel = threading.Event()
    began = time.monotonic()
    for number, _ in run_many([Program("import time\ntime.sleep(0.2)\nans = 1")] * 200, cancel=cancel, workers=1):
        if number == 2:
            cancel.set()
    for _ in run_many([Program("import time\ntime.sleep(0.2)")] * 200, workers=1):
        break
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("engine", BOTH)
def test_cancel_kills_a_running_program(engine: Name) -> None:
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    ran = run("while True: pass", engine=engine, limits=Limits(wall_s=60), cancel=cancel)
    assert (ran.status, ran.error) == ("error", "The run was cancelled.")
    assert ran.duration_s < 30


def test_a_user_has_two_programs_at_once_and_others_do_not_wait_for_them() -> None:
    slots, running, most = Slots(total=4, per_user=2), [], []
    lock, go_on = threading.Lock(), threading.Event()

    def work(user: str) -> None:
        with slots.take(user) as mine:
            assert mine
            with lock:
                running.append(user)
                most.append(running.count("ann"))
            go_on.wait(10)
            with lock:
                running.remove(user)

    threads = [threading.Thread(target=work, args=(user,)) for user in ["ann"] * 6 + ["ben"]]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while sorted(running) != ["ann", "ann", "ben"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sorted(running) == ["ann", "ann", "ben"]
    go_on.set()
    for thread in threads:
        thread.join()
    assert max(most) == 2


def test_many_at_once_all_end() -> None:
    """Case 58: loops among them die, everybody else gets an answer."""
    ends: dict[int, str] = {}

    def ask(number: int) -> None:
        code = "while True: pass" if number in (3, 7) else f"ans = {number}"
        ends[number] = str(run(code, limits=Limits(wall_s=0.5)).value or "stopped")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == {number: "stopped" if number in (3, 7) else str(number or "0") for number in range(30)}


def test_a_guest_that_died_while_it_waited_is_replaced() -> None:
    import psutil

    for engine in BOTH:
        assert run("ans = 1", engine=engine).ok
        guests = [child for child in psutil.Process().children() if child.name() == "bwrap"]
        inside = [process for guest in guests for process in guest.children(recursive=True)]
        for guest in guests:
            guest.kill()
        psutil.wait_procs(inside, timeout=10)
        assert run("ans = 2", engine=engine).value == "2"


def test_texts_can_be_stored() -> None:
    ran = run("print('a\\0b')\nans = 'c\\0d\\ud800'", engine="bubblewrap")
    assert (ran.stdout, ran.value) == ("a\ufffdb\n", "c\ufffdd\\ud800")


def test_a_long_queue_is_busy_and_waiting_can_be_cancelled() -> None:
    slots = Slots(total=1, per_user=1, waiting=1)
    cancel = threading.Event()
    with slots.take("ann") as first:
        assert first
        waits: list[bool] = []

        def wait() -> None:
            with slots.take("ann", cancel) as mine:
                waits.append(mine)

        thread = threading.Thread(target=wait)
        thread.start()
        deadline = time.monotonic() + 10
        while not slots._line and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(Busy, match="waiting for the sandbox"), slots.take("ben"):
            pass
        cancel.set()
        thread.join()
        assert waits == [False]
    with slots.take("ben") as again:
        assert again


@pytest.mark.parametrize(
    "make",
    [
        lambda: Limits(wall_s=0),
        lambda: Limits(wall_s=float("nan")),
        lambda: Limits(memory_bytes=0),
        lambda: Limits(output_bytes=-1),
        lambda: Program("x" * (MAX_SOURCE + 1)),
        lambda: run("1", engine="python"),
        lambda: list(run_many([], engine="python")),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(make: object) -> None:
    with pytest.raises(InvalidInput, match=r"\.$"):
        make()  # type: ignore[operator]


@pytest.mark.parametrize("engine", BOTH)
@pytest.mark.parametrize(
    "code", ["", "\n\n", "x = '\ud800'", "a\0b", "x = 1\\", "'" * 3, "# \u202e", "\ufeffx = 1", "x" * 200_000]
)
def test_odd_programs_end_in_words(code: str, engine: Name) -> None:
    ran = run(code, engine=engine)
    assert ran.ok or (ran.status == "error" and ran.error)
    f"{ran}".encode()


def test_a_program_of_200_kb_runs() -> None:
    code = "\n".join(f"x{number} = {number}" for number in range(16_000)) + "\nans = x15999"
    assert len(code) > 200_000
    for engine in BOTH:
        assert run(code, engine=engine).value == "15999"


def test_little_memory_is_said() -> None:
    small = Limits(memory_bytes=2**20)
    for engine in BOTH:
        assert run("ans = list(range(10 ** 6))", engine=engine, limits=small).status == "memory"


def test_the_status_is_cached_and_in_order() -> None:
    assert [one.name for one in status()] == ["monty", "bubblewrap"]
    assert status() is status()


@settings(max_examples=25, deadline=None)
@given(
    st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.text(st.characters(codec="utf-8"), max_size=20)
)
def test_both_engines_agree_on_plain_values(value: object) -> None:
    for engine in BOTH:
        said = run(f"ans = {value!r}", engine=engine).value
        # A float that lies halfway between two shortest texts may be written as either; both read back as itself.
        assert float(said or "nan") == value if isinstance(value, float) else said == str(value)
