"""Numbers as texts hold them: where one stands, and its value.

Knows nothing of rules and metrics. Values are decimals with an exponent, so that `1e400` and a number of a thousand
digits are numbers like any other and cost nothing.
"""

from __future__ import annotations

import decimal
import re
from decimal import Decimal

_MINUS = r"(?:(?<![^\W_])(?<!\))-)?"
"""A `-` belongs to the number unless it follows a letter, a digit or `)`: `16-7` holds 16 and 7."""
_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|(?<![0-9.])\.[0-9]+"
NUMBER = re.compile(rf"{_MINUS}\$?(?:{_DIGITS})")
"""Digits with optional thousands commas and decimals, or `.5`; a `$` may stand before the first digit."""

_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
_VALUE = re.compile(rf"{_MINUS}(?:{_DIGITS})(?:[eE][-+]?[0-9]+(?![0-9A-Za-z_]))?")
"""With an exponent, since programs print `1e-07`."""
_FRACTION = re.compile(r"([-+]?[0-9]+(?:\.[0-9]+)?)\s*/\s*([0-9]+(?:\.[0-9]+)?)")
_CONTEXT = decimal.Context(prec=60, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN, traps=[])


def plain(number: str) -> str:
    """`number` without `$` and commas."""
    return number.replace("$", "").replace(",", "")


def read(text: str) -> Decimal | None:
    """The value of a text: a number, a fraction that is all of it, else the first number in it; `None` without one.

    `$` and thousands commas do not count.
    """
    text = _THOUSANDS.sub("", text.replace("$", "")).strip()
    if fraction := _FRACTION.fullmatch(text):
        return _finite(_CONTEXT.divide(_decimal(fraction[1]), _decimal(fraction[2])))
    found = _VALUE.search(text)
    return None if found is None else _finite(_decimal(found[0]))


def close(value: Decimal, target: Decimal, tolerance: Decimal) -> bool:
    """Whether they differ by at most `tolerance` of the target; absolutely below 1."""
    scale = max(Decimal(1), _CONTEXT.abs(target))
    return _CONTEXT.abs(_CONTEXT.subtract(value, target)) <= _CONTEXT.multiply(tolerance, scale)


def _decimal(digits: str) -> Decimal:
    return _CONTEXT.create_decimal(digits)


def _finite(value: Decimal) -> Decimal | None:
    """`None` for what has no value: 3/0, or an exponent beyond every machine."""
    return value if value.is_finite() else None
