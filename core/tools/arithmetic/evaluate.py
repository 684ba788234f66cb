"""Works out an expression: parsed, walked node by node, and refused wherever it is more than arithmetic.

Nothing is ever run as code: whatever is no number, sign, bracket or known function is refused. Knows nothing of tools.
"""

from __future__ import annotations

import ast
import math
import warnings
from decimal import Context, Decimal
from fractions import Fraction

from core.tools.arithmetic.functions import CONSTANTS, FUNCTIONS, NotComputable, Number, bounded, power
from core.tools.arithmetic.text import expression

MAX_DEPTH = 60
"""Of brackets and signs in one another."""
MAX_EXPONENT = 308
"""Of a number such as 1e400."""
EXACT_PLACES = 20
"""A value with no more decimal places is given in full."""


def calculate(text: str) -> str:
    """The value of `text` in decimal digits: exact where it has an end, else to 15 digits, 12 where it is no fraction.

    Raises:
        NotComputable: it has no value, is more than arithmetic, or goes beyond a limit; the message ends a sentence.
    """
    source = expression(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # “2(3)”: said below, in a sentence
            tree = ast.parse(source, mode="eval")
    except (RecursionError, MemoryError):
        raise NotComputable("brackets are nested too deeply") from None
    except (SyntaxError, ValueError):  # ValueError: a NUL
        raise NotComputable(f"“{_short(source)}” is not an expression such as 12 * (3 + 4)") from None
    try:
        return written(_value(tree.body, source, 0))
    except ZeroDivisionError:
        raise NotComputable("it divides by zero") from None
    except OverflowError:
        raise NotComputable("a number in it is too large") from None


def written(value: Number) -> str:
    """A value as a person writes it."""
    if isinstance(value, Fraction):
        if value.denominator == 1:
            return str(value.numerator)
        if (places := _places(value.denominator)) is not None and places <= EXACT_PLACES:
            digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
            return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"
        context = Context(prec=15)
        return _plain(context.divide(Decimal(value.numerator), Decimal(value.denominator)))
    return _plain(Context(prec=12).plus(Decimal(value)))


def _places(denominator: int) -> int | None:
    """How many decimal places a fraction with this denominator has; `None`: it never ends."""
    twos = fives = 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    return max(twos, fives) if denominator == 1 else None


def _plain(value: Decimal) -> str:
    """Without zeros at the end; with an exponent only where the number is very large or very small."""
    text = f"{value:f}" if value == 0 or -6 <= value.adjusted() < 15 else f"{value:e}"
    mantissa, letter, exponent = text.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return mantissa + letter + exponent


def _value(node: ast.expr, source: str, depth: int) -> Number:
    if depth > MAX_DEPTH:
        raise NotComputable("it is nested too deeply")
    match node:
        case ast.Constant():
            return _number(node, source)
        case ast.Name():
            return _constant(node.id)
        case ast.UnaryOp(op=ast.UAdd()):
            return _value(node.operand, source, depth + 1)
        case ast.UnaryOp(op=ast.USub()):
            return -_value(node.operand, source, depth + 1)
        case ast.BinOp():
            return _chain(node, source, depth)
        case ast.Call(func=ast.Name(id=name)) if not node.keywords:
            return bounded(_call(name, [_value(each, source, depth + 1) for each in node.args]))
    raise NotComputable(f"“{_short(_segment(node, source))}” is more than arithmetic")


def _chain(node: ast.BinOp, source: str, depth: int) -> Number:
    """A long sum leans to the left: it is walked in a loop, so only brackets count as depth."""
    steps: list[tuple[ast.operator, ast.expr]] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp):
        steps.append((left.op, left.right))
        left = left.left
    value = _value(left, source, depth + 1)
    for op, right in reversed(steps):
        value = bounded(_apply(op, value, _value(right, source, depth + 1)))
    return value


def _apply(op: ast.operator, left: Number, right: Number) -> Number:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.FloorDiv():
            return Fraction(math.floor(left / right))
        case ast.Mod():
            return left % right
        case ast.Pow():
            return power(left, right)
    raise NotComputable("it has a sign that is no arithmetic")


def _number(node: ast.Constant, source: str) -> Fraction:
    text = _segment(node, source)
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise NotComputable(f"“{_short(text)}” is no number")
    _, _, exponent = text.lower().partition("e")
    if exponent and abs(int(exponent)) > MAX_EXPONENT:
        raise NotComputable(f"{_short(text)} is too large or too small a number")
    return Fraction(text)


def _constant(name: str) -> Number:
    if (value := CONSTANTS.get(name.lower())) is not None:
        return value
    if name.lower() in FUNCTIONS:
        raise NotComputable(f"{name.lower()} needs brackets, as in {name.lower()}(…)")
    raise NotComputable(f"“{_short(name)}” is nothing the calculator knows; it takes numbers only")


def _call(name: str, values: list[Number]) -> Number:
    if (function := FUNCTIONS.get(name.lower())) is None:
        raise NotComputable(f"“{_short(name)}” is no function it knows; there are {', '.join(FUNCTIONS)}")
    if len(values) < function.least or (function.most is not None and len(values) > function.most):
        takes = str(function.least) if function.least == function.most else f"{function.least} or more"
        if function.most is not None and function.most != function.least:
            takes = f"{function.least} or {function.most}"
        raise NotComputable(f"{name.lower()} takes {takes} value{'' if takes == '1' else 's'}, not {len(values)}")
    return function.work(*values)


def _segment(node: ast.expr, source: str) -> str:
    """What stands in the source, which is one line; `ast.get_source_segment` would split it again for every node."""
    return source.encode()[node.col_offset : node.end_col_offset].decode(errors="replace")


def _short(text: str) -> str:
    text = "".join(char if char.isprintable() else "�" for char in text)
    return text if len(text) <= 60 else f"{text[:59]}…"
