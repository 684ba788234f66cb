"""Small renderings of numbers and of other people's text, the same on every page."""

from __future__ import annotations

_MARKDOWN = str.maketrans({char: "\\" + char for char in "\\`*_{}[]()<>#+-.!|$~:^&"})


def plain(text: str) -> str:
    """`text` for a label that Streamlit renders as Markdown: shown letter by letter, nothing in it takes effect."""
    return " ".join(text.split()).translate(_MARKDOWN)


def percent(probability: float) -> str:
    """A probability with the precision it deserves: `34 %`, `3.4 %`, `0.034 %`."""
    value = probability * 100
    if value >= 99.95:
        return "100 %"
    if value >= 9.95:
        return f"{value:.0f} %"
    if value >= 0.095:
        return f"{value:.1f} %"
    return f"{value:.3f} %" if value >= 0.001 else ("< 0.001 %" if value > 0 else "0 %")


def visible(text: str) -> str:
    """A token with its white space drawn, since white space is part of a token."""
    if not text:
        return "(part of a character)"
    return text.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥").replace("\r", "␍")


def magnitude(number: float | None, units: tuple[str, ...] = ("", " k", " M", " B", " T")) -> str:
    """A large count in three digits: `135 M`."""
    if number is None:
        return "unknown"
    step = 0
    while number >= 999.5 and step < len(units) - 1:
        number, step = number / 1000, step + 1
    return f"{number:.3g}{units[step]}"
