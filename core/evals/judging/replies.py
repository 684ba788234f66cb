"""Verdicts in what a judge replied: a JSON object among prose, else a last line that is nothing but a verdict.

A judge may quote what it judges, and that may hold a verdict of its own making. So every object that looks like a
verdict counts, and where two say different things nothing is believed. Knows nothing of prompts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from core.errors import InvalidInput
from core.evals.json_text import found_in

T = TypeVar("T")
READ = 50_000
"""Characters of a reply that are looked at."""
REASON = 2_000
MOST_STEPS = 10
_YES = {"true", "yes", "y", "pass", "passed", "passes", "1"}
_NO = {"false", "no", "n", "fail", "failed", "fails", "0"}
_LAST = re.compile(
    r"\W*(?:(?:the |my |final )*(?:verdict|result|answer|grade|judg[e]?ment|pass|decision|category|option|winner|best|"
    r"choice|output)\b(?: is)?\W*)?(?<![-.])(?P<word>[\w-]{1,8})\W*"
)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a judge says of one output."""

    passed: bool
    score: float
    """From 0 to 1."""
    reason: str


def ruling(reply: str, lowest: float = 0.0, highest: float = 1.0) -> Ruling:
    """A verdict by a rubric: `{"reason", "pass", "score"}`, any of pass and score alone.

    Without a pass the output passes from the middle of the scale on; without a score it is all or nothing.

    Raises:
        InvalidInput: there is none, or there are two that differ; one sentence.
    """
    found = [each for each in _objects(reply) if "pass" in each or "score" in each]
    if found:
        return _agreed([_ruling(each, lowest, highest) for each in found], lambda each: (each.passed, each.score))
    word = _last_word(reply)
    if word in _YES or word in _NO:
        return Ruling(word in _YES, float(word in _YES), _prose(reply))
    raise InvalidInput(_none(reply, '{"reason", "pass", "score"}'))


def option(reply: str, options: str, keys: tuple[str, ...]) -> tuple[str, str]:
    """One letter of several, and the reason: `{"reason", KEY: "A"}`, `(A)` at the beginning or a last line `A`.

    Raises:
        InvalidInput: there is none, or there are two that differ; one sentence.
    """
    found = []
    for each in _objects(reply):
        said = next((each[key] for key in keys if key in each), None)
        letter = str(said).strip("() .").upper() if said is not None else ""
        if len(letter) == 1 and letter in options:
            found.append((letter, _reason(each)))
    if found:
        return _agreed(found, lambda each: each[0])
    word = _last_word(reply).upper()
    if len(word) == 1 and word in options:
        return word, _prose(reply)
    if (first := re.match(rf"\s*\(([{options}])\)", reply.upper())) is not None:
        return first[1], _prose(reply)
    raise InvalidInput(_none(reply, f"one of {', '.join(options)}"))


def choice(reply: str, count: int) -> tuple[int | None, str]:
    """The number of the best of several answers, from 1, `None` for a tie; and the reason.

    Raises:
        InvalidInput: there is none, or there are two that differ; one sentence.
    """
    found = []
    for each in _objects(reply):
        said = next((each[key] for key in ("best", "winner", "choice") if key in each), "")
        if (number := _number(said, count)) is not None:
            found.append((number or None, _reason(each)))
    if found:
        return _agreed(found, lambda each: each[0])
    if (number := _number(_last_word(reply), count)) is not None:
        return number or None, _prose(reply)
    raise InvalidInput(_none(reply, f'{{"reason", "best"}} with a number from 1 to {count}, or "tie"'))


def steps_in(reply: str) -> tuple[str, ...]:
    """The steps that a judge has thought of: `{"steps": [text, …]}`.

    Raises:
        InvalidInput: there are none; one sentence.
    """
    for each in _objects(reply):
        steps = each.get("steps")
        if isinstance(steps, list) and (found := [str(one).strip() for one in steps if isinstance(one, str)]):
            return tuple(step[:REASON] for step in found[:MOST_STEPS] if step)
    raise InvalidInput(_none(reply, '{"steps": [texts]}'))


def _number(said: Any, count: int) -> int | None:
    """0 for a tie, `None` where it is no choice."""
    text = str(said).strip().lower()
    if text in ("tie", "none", "both", "neither", "0", "equal"):
        return 0
    if len(text) == 1 and "a" <= text <= "z":
        text = str(ord(text) - ord("a") + 1)
    return int(text) if re.fullmatch(r"[1-9][0-9]?", text) and int(text) <= count else None


def _ruling(said: dict[str, Any], lowest: float, highest: float) -> Ruling:
    passed, score = _flag(said.get("pass")), said.get("score")
    number = _score(score)
    if number is not None and not lowest <= number <= highest:
        if passed is None:
            raise InvalidInput(f"Its score {number:g} is not from {lowest:g} to {highest:g}.")
        number = None
    if number is None and passed is None:
        raise InvalidInput("Its JSON has neither a pass that is true or false nor a score that is a number.")
    share = float(bool(passed)) if number is None else (number - lowest) / (highest - lowest)
    return Ruling(share >= 0.5 if passed is None else passed, share, _reason(said))


def _score(said: Any) -> float | None:
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        return None
    try:
        number = float(said)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _flag(said: Any) -> bool | None:
    if isinstance(said, bool):
        return said
    text = str(said).strip().lower()
    return True if text in _YES else False if text in _NO else None


def _objects(reply: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for each in found_in(reply[:READ]):
        inside = each if isinstance(each, list) else [each]
        found += [one for one in inside if isinstance(one, dict)]
    return found


def _agreed(found: list[T], what: Callable[[T], Any]) -> T:
    if len({what(each) for each in found}) > 1:
        raise InvalidInput("Its reply holds several verdicts that differ.")
    return found[0]


def _last_word(reply: str) -> str:
    if "{" in reply:  # JSON that cannot be read, perhaps because it was cut off: half a verdict is none
        return ""
    lines = [line for line in reply[-READ:].splitlines() if line.strip()]
    match = _LAST.fullmatch(lines[-1].strip().lower()) if lines and len(lines[-1]) <= 120 else None
    return match["word"] if match else ""


def _reason(said: dict[str, Any]) -> str:
    return " ".join(str(said.get("reason") or said.get("reasoning") or "").split())[:REASON]


def _prose(reply: str) -> str:
    return " ".join(reply[:READ].split())[:REASON]


def _none(reply: str, wanted: str) -> str:
    return "Its reply is empty." if not reply.strip() else f"Its reply holds no verdict; {wanted} was asked for."
