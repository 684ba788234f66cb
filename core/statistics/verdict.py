"""What a comparison comes to, in one sentence that a person can repeat. Knows nothing of how it was computed."""

from __future__ import annotations

MIN_ROWS = 15
"""With fewer rows nothing is called decisive, whatever its p."""


def verdict_sentence(
    a: str,
    b: str,
    difference: float,
    ci95: tuple[float, float],
    decisive: bool,
    rows: int,
    rows_to_settle: int | None,
) -> str:
    """The verdict, such as “B is better than A by 12 points (95 % 3 to 21); decisive”.

    Args:
        a: what the one is called, as it is written.
        b: what the other is called.
        difference: `a` minus `b`, from -1 to 1; a point is a hundredth.
        ci95: of the difference.
        decisive: whether it may be relied on.
        rows: that both answered.
        rows_to_settle: further rows that would settle it; `None` when no number within reach would.
    """
    if not rows:
        return f"{a} and {b} have no row that both answered."
    if difference < 0:
        return verdict_sentence(b, a, -difference, (-ci95[1], -ci95[0]), decisive, rows, rows_to_settle)
    if rows < MIN_ROWS:
        counted = f"{rows} row{'' if rows == 1 else 's'}"
        lead = f"{a} is ahead of {b} by {points(difference)} on {counted}" if difference else f"{a} and {b}: {counted}"
        return f"{lead}; {outcome(decisive, rows, rows_to_settle)}."
    lead = f"{a} is better than {b} by {points(difference)}" if decisive else f"{a} is ahead of {b} by "
    if not decisive:
        lead = f"{a} and {b} are level" if not difference else lead + points(difference)
    return f"{lead} (95 % {number(ci95[0])} to {number(ci95[1])}); {outcome(decisive, rows, rows_to_settle)}."


def outcome(decisive: bool, rows: int, rows_to_settle: int | None) -> str:
    """The end of the sentence: whether it may be relied on, and if not, what would settle it."""
    if not rows:
        return "no row that both answered"
    if rows < MIN_ROWS:
        return f"fewer than {MIN_ROWS} rows: no statistics"
    if decisive:
        return "decisive"
    if rows_to_settle is None:
        return "not decisive, and no number of rows within reach would settle a difference this small"
    more = round_up(rows_to_settle)
    return f"not decisive: about {more:,} row{'' if more == 1 else 's'} more would settle it"


def points(share: float) -> str:
    """A share as points: `12 points`, `1 point`, `0.4 points`."""
    text = number(share)
    return f"{text} point{'' if text == '1' else 's'}"


def number(share: float) -> str:
    """Hundredths with what precision helps: `12`, `-3`, `0.4`."""
    value = 100 * share
    text = f"{value:.0f}" if abs(value) >= 1 or value == 0 else f"{value:.1f}"
    return text.replace("-0.0", "0").replace("0.0", "0") if float(text) == 0 else text


def round_up(rows: int) -> int:
    """An estimate with two digits at most: 24, 130, 2,400."""
    step = int(10 ** max(0, len(str(rows)) - 2))
    return -(-rows // step) * step
