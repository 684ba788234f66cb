"""Makes a Python expression of arithmetic as people and models write it: `$1,200 × 15%` becomes `1200 * (15/100)`.

What is decided here:
- `^` is a power, `×`, `·` and `x` between numbers multiply, `÷` divides, every kind of dash is a minus;
- commas between groups of three digits are dropped, except between the arguments of a function;
- `15%` is 15/100 where no number follows, and a remainder where one does; after plus or minus it is refused, because
  some read `100 - 20%` as 80 and some as 99.8;
- `2(3 + 4)` multiplies, `5!` is a factorial;
- digits of any script are digits, `²` is a power, currency signs before a number and an equals sign at the end go.

Knows nothing of how an expression is worked out.
"""

from __future__ import annotations

import re
import unicodedata

from core.tools.arithmetic.functions import FUNCTIONS, NotComputable

MAX_LENGTH = 1000
"""Characters."""
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("×·∙⋅✕✖∗", "*"),
        **dict.fromkeys("÷∕⁄", "/"),
        **dict.fromkeys("−–—‒﹣‐‑", "-"),
        "π": " pi ",
        "√": " sqrt",
    }
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_WORDS = (
    (r"multiplied\s+by|times", "*"),
    (r"divided\s+by", "/"),
    (r"plus", "+"),
    (r"minus", "-"),
    (r"percent|per\s+cent", "%"),
    (r"mod(?:ulo)?", "%"),
)
_NUMBER = re.compile(r"\d+(?:,\d+)*(?:\.\d*)?|\.\d+")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_PERCENT = re.compile(r"([-+])?\s*(\d+\.?\d*|\.\d+|\([^()]*\))\s*%(?=\s*(?:$|[-+*/),]|of\b))")


def expression(text: str) -> str:
    """The expression in ASCII.

    Raises:
        NotComputable: it is empty, too long, or can be read in two ways.
    """
    if len(text) > MAX_LENGTH:
        raise NotComputable(f"the expression is longer than {MAX_LENGTH:,} characters")
    text = re.sub(r"^\s*```\w*|```\s*$", " ", text).strip().strip("`\"'“”‘’").strip()
    text = _ascii(re.sub("[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda match: f"**({match[0].translate(_SUPERSCRIPTS)})", text))
    for words, sign in _WORDS:
        text = re.sub(rf"(?i)\b(?:{words})\b", sign, text)
    text = re.sub(r"=\s*\??\s*$|^\s*=", "", text)
    text = re.sub(r"(?<=[\d)%])\s*=\s*[-−]?[$€£¥]?[\d.,]+\s*$", "", text)  # “12 * 3 = 36”: what the model thinks it is
    text = re.sub(r"[$€£¥]\s*(?=[\d.])", "", text).replace("^", "**")
    text = re.sub(r"\bmath\.(?=[a-z])", "", text)
    text = re.sub(r"\bsqrt\s*(\d+\.?\d*)", r"sqrt(\1)", text)
    if re.search(r"(?<![\w.])0[xXbBoO]\w", text):
        raise NotComputable("numbers are written in decimal digits")
    text = re.sub(r"(?<=[\d)])\s*[xX]\s*(?=[\d(.])", "*", text)
    text = re.sub(r"(?<![\w.])(\d+)!(?!=)", r"factorial(\1)", text)
    text = re.sub(r"((?<![\w.])\d[\d,]*\.?\d*|\))\s*(?=\()", r"\1*", text)
    text = _without_grouping(" ".join(text.split()))
    if not text:
        raise NotComputable("there is nothing to calculate")
    return re.sub(r"\)\s*of\b", ")*", _PERCENT.sub(_share, text))


def _ascii(text: str) -> str:
    """Digits, signs and letters of other scripts as ASCII, where there is one that means the same."""
    plain = ""
    for char in text.translate(_SIGNS):
        if not char.isascii() and unicodedata.category(char) == "Nd":
            plain += str(unicodedata.decimal(char))
        elif not char.isascii() and len(same := unicodedata.normalize("NFKC", char)) == 1:
            plain += same
        else:
            plain += char
    return plain


def _share(match: re.Match[str]) -> str:
    sign, number = match[1] or "", match[2]
    before = match.string[: match.start()].rstrip()
    if sign and before and before[-1] not in "(,*/%+-":
        raise NotComputable(
            f"{number}% after “{sign}” can mean two things; for a share of the number before it write "
            f"* (1 {sign} {number}/100), otherwise {sign} {number}/100"
        )
    return f"{sign}({number}/100)"


def _without_grouping(text: str) -> str:
    """Thousands commas dropped; those that separate arguments stay."""
    plain, place = "", 0
    lists: list[bool] = []  # for each open bracket: whether commas separate arguments in it
    while place < len(text):
        number = None if place and (text[place - 1].isalnum() or text[place - 1] == "_") else _NUMBER.match(text, place)
        if number is None:
            char = text[place]
            if char == "(":
                name = re.search(r"[A-Za-z_]\w*\s*$", text[:place])
                known = FUNCTIONS.get(name[0].strip().lower()) if name else None
                lists.append(name is not None and (known is None or known.most != 1))
            elif char == ")" and lists:
                lists.pop()
            plain, place = plain + char, place + 1
            continue
        written = number[0]
        if "," in written and not (lists and lists[-1]):
            if not _GROUPED.fullmatch(written):
                raise NotComputable(f"{written} is no number: write decimals with a point, as in 3.5")
            written = written.replace(",", "")
        plain, place = plain + written, number.end()
    return plain
