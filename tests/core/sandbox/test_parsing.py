"""Text that is made to be read slowly is not read at all; what people write is. Sizes here are harmless: the cost grows
with the square, and a hundred thousand such characters hold up every thread for a minute."""

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest

from core.sandbox import run
from core.sandbox.needs import lacks
from core.sandbox.parsing import parse
from core.sandbox.program import Program
from core.sandbox.source import program_in

SLOW = {
    "marks out of order": "a" + "\u0315\u0300" * 200 + " = 1",
    "marks in order": "a" + "\u0300" * 200 + " = 1",
    "no mark itself, two when taken apart": "a" + "\u0f73" * 200 + " = 1",
    "marks of half width": "a" + "\uff9e\uff9f" * 200 + " = 1",
    "dots": "import a" + ".a" * 200,
    "dots from": "from a" + ".a" * 200 + " import b",
    "dots and blanks": "import a" + " \f.\t a" * 200,
    "dots and joined lines": "import a" + "\\\n.a" * 200,
    "joined lines after dots": "import a" + ".\\\r\na" * 200,
    "dots and marks": "import a" + ".a\u0301" * 200,
    "dots and other letters": "import a" + ".é\u00b7" * 200,
    "braces": "f'" + "{a}" * 40_000 + "'",
    "braces on lines": 'rf"""' + "{a}\n" * 30_000 + '"""',
}
PLAIN = {
    "accents": "ans = '" + "e\u0301" * 500 + "'",
    "Vietnamese": "ti\u1ebfng = 'Ti\u1ebfng Vi\u1ec7t' * 3",
    "Thai": "ans = '" + "\u0e01\u0e34\u0e48" * 300 + "'",
    "Hebrew with points": "ans = '" + "\u05d1\u05bc\u05b0" * 300 + "'",
    "many in a row, not too many": "ans = 'a" + "\u0300" * 30 + "'",
    "calls in a chain": "x = a" + ".strip()" * 200,
    "a rule of dots": "# " + "." * 300 + "\nx = 1",
    "decimals in a text": "x = '''" + "0.5\n" * 300 + "'''",
    "decimals on a line": "x = '''" + "0.5 1.25 " * 300 + "'''",
    "decimals in a list": "x = [" + "0.5, " * 3000 + "]",
    "a table of dicts": "x = [" + "{'a': 1}, " * 5000 + "]",
    "f-strings": "x = 1\n" + "print(f'{x} and {x}')\n" * 2000,
}


@pytest.mark.parametrize("name", SLOW)
def test_what_would_take_the_square_of_its_length_is_not_read(name: str) -> None:
    assert parse(SLOW[name]) is None
    assert lacks(Program(SLOW[name])) is None
    assert program_in(f"```python\n{SLOW[name]}\n```").strip() == program_in(SLOW[name]).strip()


@pytest.mark.parametrize("name", PLAIN)
def test_what_people_write_is_read(name: str) -> None:
    assert parse(PLAIN[name]) is not None


def test_every_character_that_comes_apart_into_marks_first_is_known() -> None:
    """Whatever Unicode a Python has: no run of anything that it would have to sort is read."""
    for code in range(0x110000):
        char = chr(code)
        if unicodedata.combining(unicodedata.normalize("NFKD", char)[0]):
            assert parse(f"a{char * 40} = 1") is None, hex(code)


@pytest.mark.parametrize("engine", ["monty", "bubblewrap"])
def test_a_program_that_is_not_read_runs_all_the_same(engine: Literal["monty", "bubblewrap"]) -> None:
    name = unicodedata.normalize("NFKC", "a" + "\u0315" * 40)
    assert run(f"{name} = 5\nans = {name} + 1", engine=engine).value == "6"
