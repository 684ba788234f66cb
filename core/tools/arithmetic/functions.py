"""Functions and constants of the calculator, and how large a number may become.

Exact numbers are fractions; whatever has no exact value is a float. Knows nothing of expressions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

Number: TypeAlias = Fraction | float

MAX_BITS = 4096
"""Of numerator and denominator: some 1,200 digits."""
MAX_DIGITS = int(MAX_BITS * math.log10(2))
TOO_LONG = f"the result has more than {MAX_DIGITS:,} digits"
TOO_LARGE = "the result is beyond 10 to the power of 308"


class NotComputable(Exception):
    """There is no value; the text says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function and how many values it takes."""

    work: Callable[..., Number]
    least: int = 1
    most: int | None = 1
    """`None`: any number of them."""


def bounded(value: Number) -> Number:
    """The value itself, as a float once its exact form grows too long.

    Raises:
        NotComputable: it is no number, or too large for both.
    """
    if isinstance(value, Fraction):
        if max(abs(value.numerator).bit_length(), value.denominator.bit_length()) <= MAX_BITS:
            return value
        try:
            value = float(value)
        except OverflowError:
            raise NotComputable(TOO_LONG) from None
        if value == 0:
            raise NotComputable("the result is too small to be told from 0")
    if math.isnan(value):
        raise NotComputable("the result is no number")
    if math.isinf(value):
        raise NotComputable(TOO_LARGE)
    return value


def whole(value: Number, what: str) -> int:
    """The value as a whole number.

    Raises:
        NotComputable: it is none.
    """
    if value != int(value):
        raise NotComputable(f"{what} needs whole numbers")
    return int(value)


def power(base: Number, exponent: Number) -> Number:
    """`base` to the power of `exponent`, exact where the exponent is a whole number."""
    if base == 0 and exponent < 0:
        raise NotComputable("0 has no negative power: that is a division by zero")
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1:
        if base in (0, 1):
            return Fraction(1) if exponent == 0 else base
        if base == -1:
            return Fraction(-1 if exponent % 2 else 1)
        bits = max(abs(base.numerator).bit_length(), base.denominator.bit_length())
        if (bits - 1) * abs(int(exponent)) <= MAX_BITS:
            return bounded(base ** int(exponent))
        if base.denominator == 1 and exponent > 0:
            raise NotComputable(TOO_LONG)
    try:
        value = float(base) ** float(exponent)
    except OverflowError:
        raise NotComputable(TOO_LARGE) from None
    if isinstance(value, complex):
        raise NotComputable("a negative number has no real value at a fractional power")
    if value == 0 and base != 0:
        raise NotComputable("the result is too small to be told from 0")
    return bounded(value)


def root(value: Number) -> Number:
    """The square root, exact for squares."""
    if value < 0:
        raise NotComputable("a negative number has no real square root")
    if isinstance(value, Fraction):
        top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if top * top == value.numerator and bottom * bottom == value.denominator:
            return Fraction(top, bottom)
    return math.sqrt(value)


def rounded(value: Number, digits: Number = Fraction(0)) -> Number:
    """Rounded as at school, halves away from zero, to so many decimal places."""
    places = whole(digits, "round")
    if abs(places) > 100:
        raise NotComputable("round takes at most 100 decimal places")
    scaled = abs(Fraction(value)) * Fraction(10) ** places + Fraction(1, 2)
    return (-1 if value < 0 else 1) * Fraction(scaled.numerator // scaled.denominator) / Fraction(10) ** places


def factorial(value: Number) -> Number:
    """The product of all whole numbers up to `value`."""
    count = whole(value, "factorial")
    if count < 0:
        raise NotComputable("a negative number has no factorial")
    if count > MAX_BITS:  # far beyond the limit already
        raise NotComputable(TOO_LONG)
    return bounded(Fraction(math.factorial(count)))


def choices(total: Number, taken: Number, ordered: bool = False) -> Number:
    """In how many ways `taken` of `total` things can be taken."""
    of, count = whole(total, "comb"), whole(taken, "comb")
    if of < 0 or count < 0:
        raise NotComputable("comb and perm need numbers that are not negative")
    if count > of:
        return Fraction(0)
    if not ordered:
        count = min(count, of - count)
    if count > MAX_BITS or count * of.bit_length() > 4 * MAX_BITS:
        raise NotComputable(TOO_LONG)
    return bounded(Fraction(math.perm(of, count) if ordered else math.comb(of, count)))


def logarithm(value: Number, base: Number | None = None) -> Number:
    """The logarithm; natural without a base, exact where base and value are whole powers."""
    if value <= 0 or (base is not None and (base <= 0 or base == 1)):
        raise NotComputable("a logarithm needs a positive number, and a base other than 1")
    if base is None:
        return _log(value)
    found = _log(value) / _log(base)
    near = round(found)
    if abs(near) <= MAX_BITS and abs(found - near) < 1e-9 and power(base, Fraction(near)) == value:
        return Fraction(near)
    return found


def _log(value: Number) -> float:
    if isinstance(value, Fraction):  # logarithms of long numbers do not overflow
        return math.log(value.numerator) - math.log(value.denominator)
    return math.log(value)


def _real(work: Callable[[float], float]) -> Callable[[Number], Number]:
    """A function of floats; what is 0 but for rounding is 0."""

    def apply(value: Number) -> Number:
        try:
            found = work(float(value))
        except OverflowError:
            raise NotComputable(TOO_LARGE) from None
        except ValueError:
            raise NotComputable("the function has no value there") from None
        return Fraction(0) if abs(found) < 1e-15 else found

    return apply


def _integers(work: Callable[..., int], name: str) -> Callable[..., Number]:
    return lambda *values: Fraction(work(*(whole(value, name) for value in values)))


def _total(*values: Number) -> Number:
    total: Number = Fraction(0)
    for value in values:
        total = total + value
    return total


FUNCTIONS: dict[str, Function] = {
    "sqrt": Function(root),
    "abs": Function(lambda value: abs(value)),
    "round": Function(rounded, 1, 2),
    "floor": Function(lambda value: Fraction(math.floor(value))),
    "ceil": Function(lambda value: Fraction(math.ceil(value))),
    "int": Function(lambda value: Fraction(math.trunc(value))),
    "min": Function(lambda *values: min(values), 1, None),
    "max": Function(lambda *values: max(values), 1, None),
    "sum": Function(_total, 1, None),
    "mean": Function(lambda *values: _total(*values) / len(values), 1, None),
    "pow": Function(power, 2, 2),
    "exp": Function(_real(math.exp)),
    "ln": Function(logarithm),
    "log": Function(logarithm, 1, 2),
    "log10": Function(lambda value: logarithm(value, Fraction(10))),
    "log2": Function(lambda value: logarithm(value, Fraction(2))),
    "sin": Function(_real(math.sin)),
    "cos": Function(_real(math.cos)),
    "tan": Function(_real(math.tan)),
    "asin": Function(_real(math.asin)),
    "acos": Function(_real(math.acos)),
    "atan": Function(_real(math.atan)),
    "degrees": Function(_real(math.degrees)),
    "radians": Function(_real(math.radians)),
    "factorial": Function(factorial),
    "comb": Function(choices, 2, 2),
    "perm": Function(lambda total, taken: choices(total, taken, True), 2, 2),
    "gcd": Function(_integers(math.gcd, "gcd"), 1, None),
    "lcm": Function(_integers(math.lcm, "lcm"), 1, None),
}
CONSTANTS: dict[str, Number] = {"pi": math.pi, "e": math.e, "tau": math.tau}
