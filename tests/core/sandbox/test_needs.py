"""What a program needs that Monty lacks: the guess from the text against Monty itself."""

from __future__ import annotations

import pytest

from core.sandbox import Program, run
from core.sandbox.needs import lacks

LACKED = {
    "class inheritance": "class A: pass\nclass B(A): pass",
    "yield": "def f():\n    yield 1\nlist(f())",
    "del": "x = 1\ndel x",
    "except*": "try:\n    pass\nexcept* ValueError:\n    pass",
    "decorated methods": "class A:\n    @property\n    def x(self): return 1\nA().x",
    "the module statistics": "import statistics",
    "the module numpy": "import math, numpy as np",
    "the module collections.abc": "from collections.abc import Mapping",
    "a wildcard import": "from math import *\npi",
    "the function input": "input()",
    "the function globals": "globals()",
}
HELD = [
    "def f(*a, **k): return a, k\nf(1, b=2)",
    "class A:\n    def __init__(self): self.x = 1\nA().x",
    "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nP(3).x",
    "import math, re, json, random, itertools, functools, bisect, copy, time, typing",
    "from collections import Counter, defaultdict, deque\nCounter('aab')",
    "from datetime import datetime, timedelta\n(datetime(2020, 1, 31) + timedelta(days=1)).strftime('%m/%d/%Y')",
    "match 3:\n    case 3: x = 1",
    "[x for x in range(3) if x] + sorted({3: 4}, key=lambda k: -k)",
    "f'{3.14159:.2f} {1000000:,}'",
]


@pytest.mark.parametrize(("lack", "code"), LACKED.items(), ids=list(LACKED))
def test_what_is_found_lacking_monty_cannot_run(lack: str, code: str) -> None:
    assert lacks(Program(code)) == lack
    assert lacks(Program("1", prelude=code)) == lack
    assert run(code, engine="monty").status == "error"


@pytest.mark.parametrize("code", HELD)
def test_what_monty_can_run_stays_with_it(code: str) -> None:
    assert lacks(Program(code)) is None
    assert run(code).engine == "monty"
    assert run(code).ok


def test_names_of_ones_own_that_sound_like_it_are_harmless() -> None:
    """A guess errs on the side of full Python, which can run it too."""
    assert run("def input(): return 3\nans = input()").value == "3"
    assert lacks(Program("x = (")) is None
    assert lacks(Program("open('f')", "eval('1')")) == "the function open"
