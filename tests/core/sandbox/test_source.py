"""Programs in models' replies (case 59): fences, prose, prompts, bent quotes."""

from __future__ import annotations

import ast
import textwrap

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.sandbox.source import program_in

CODE = "def solution():\n    total = 3 + 4\n    return total"


def same(found: str, code: str = CODE) -> bool:
    """Whether both are the same program."""
    return ast.dump(ast.parse(found)) == ast.dump(ast.parse(code))


@pytest.mark.parametrize(
    "reply",
    [
        CODE,
        f"\n\n{CODE}\n\n\n",
        f"```python\n{CODE}\n```",
        f"```\n{CODE}\n```",
        f"```py\n{CODE}\n```",
        f"```Python 3\n{CODE}\n```",
        f"~~~python\n{CODE}\n~~~",
        f"````python\n{CODE}\n````",
        f"Sure! Here is the program:\n\n```python\n{CODE}\n```\n\nIt returns 7, because 3 + 4 = 7.",
        f"Sure! Here is the program:\n\n```python\n{CODE}",
        f"```python\n{CODE}\n\nThis program adds the two numbers.",
        f"Here is the program.\n\n{CODE}\n\nThis gives us the answer 7.",
        f"Let's think step by step. First we add.\n{CODE}\nThe answer is 7.",
        f"A: \n{CODE}",
        textwrap.indent(CODE, "    "),
        f"The program:\n\n{textwrap.indent(CODE, '    ')}\n\nDone.",
        f"1. Do this:\n   ```python\n{textwrap.indent(CODE, '   ')}\n   ```\n2. Enjoy.",
        f"```bash\npip install sympy\n```\n```python\n{CODE}\n```\nOutput:\n```\n7\n```",
        f'```python\n{CODE}\n```\n\n```json\n{{"answer": 7}}\n```',
        CODE.replace("\n", "\r\n"),
        f"\ufeff{CODE}",
        CODE.replace("    total", "\ttotal").replace("    return", "        return"),
        CODE.replace("    ", "\u00a0\u00a0\u00a0\u00a0"),
        ">>> def solution():\n...     total = 3 + 4\n...     return total\n",
        "Try it:\n>>> def solution():\n...     total = 3 + 4\n...     return total\n...\n",
        "```python\n>>> def solution():\n...     total = 3 + 4\n...     return total\n```",
        f"```python\nprint(undefined_thing(\n```\n```python\n{CODE}\n```",
        f"First try:\n```python\ndef solution():\n    return 1\n```\nThat is wrong. Corrected:\n```python\n{CODE}\n```",
        f"```python\n{CODE}\n```\nIf it were\n```python\nnot a program at all\n```",
    ],
)
def test_the_program_is_found(reply: str) -> None:
    assert same(program_in(reply))


def test_blocks_that_lean_on_each_other_are_joined() -> None:
    blocks = ["import math", "def half(x):\n    return math.floor(x / 2)", "print(half(9))"]
    reply = "\nThen\n".join(f"```python\n{block}\n```" for block in blocks)
    assert program_in(reply) == "\n\n".join(blocks)


def test_blocks_that_do_not_are_not() -> None:
    reply = "```python\ninput('wait')\n```\n```python\nx = 1\nprint(x)\n```"
    assert program_in(reply) == "x = 1\nprint(x)"


def test_the_output_of_a_session_is_no_program() -> None:
    assert program_in(">>> 1 + 1\n2\n>>> x = 3\n>>> x\n3") == "1 + 1\nx = 3\nx"


def test_bent_quotes_become_straight_only_where_python_cannot_be_otherwise() -> None:
    assert program_in("print(“hello”)") == 'print("hello")'
    assert program_in("print(‘it is “fine”’)") == "print('it is “fine”')"
    assert program_in('x = “he said "no"”') == 'x = "he said \\"no\\""'
    kept = "print('“quoted”')  # it’s fine"
    assert program_in(kept) == kept
    assert program_in(f"{kept}\nprint(“hello”)") == f'{kept}\nprint("hello")'


@pytest.mark.parametrize("reply", ["print 'hello'", "```python\nprint 'hello'\n```", "def f(:\n    return 1"])
def test_what_does_not_parse_comes_back_for_the_engine_to_judge(reply: str) -> None:
    found = program_in(reply)
    assert found.strip("`") == found
    with pytest.raises(SyntaxError):
        ast.parse(found)


def test_a_program_with_a_mistake_in_its_middle_is_not_cut_down_to_what_parses() -> None:
    wrong = "def solver():\n    got_on = ?\n    # 28 children\n    before = 28\n    return got_on\nans = solver()"
    assert program_in(f"\n{wrong}\n") == wrong
    assert program_in(f"I will compute it.\n\n{wrong}") == wrong


def test_a_long_program_is_taken_whole() -> None:
    code = "\n".join(f"x{number} = {number}" for number in range(16_000))
    assert program_in(f"```python\n{code}\n```") == code


FRAGMENTS = [
    "```",
    "```python\n",
    "~~~",
    "\n",
    "    ",
    "\t",
    ">>> ",
    "... ",
    "“",
    "”",
    "’",
    '"""',
    "'",
    "def f():",
    "x = 1",
]
FRAGMENTS += [
    "print(x)",
    "(",
    "[" * 50,
    "\\",
    "#",
    "\0",
    "\ud800",
    "1",
    "Answer: 7.",
    "lambda: " * 30,
    "if x:\n",
    "\r",
    "\u2028",
]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=5), max_size=30).map("".join))
@example("")
@example("(" * 100_000)
@example("-" * 100_000 + "1")
@example("a" + ".b" * 60_000)
@example("x = [" + "1," * 100_000)
@example("```python\n" * 3_000)
@example("\n".join(["x = (", "words of prose"] * 2_000))
@example("1+" * 100_000 + "1")
def test_garbage_never_raises(text: str) -> None:
    assert isinstance(program_in(text), str)


@given(st.sampled_from(["", "Here it is:\n\n", "Thought: I compute.\n"]), st.sampled_from(["", "\nDone.", "\n\nSo 7."]))
def test_a_fenced_program_comes_back_to_the_letter(before: str, after: str) -> None:
    assert program_in(f"{before}```python\n{CODE}\n```{after}") == CODE
