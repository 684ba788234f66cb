"""Rules: what each finds in texts as models write them, and what none of them may do, whatever the text."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.evals.scorers import RULES, extract

TEXT_RULES = [name for name in RULES if name not in ("program", "regex")]

CASES: dict[str, list[tuple[str, str | None]]] = {
    "last-number": [
        ("She pays $1,234.50 in all.", "1234.50"),
        ("16-7", "7"),
        ("16 - 7", "7"),
        ("16 -7", "-7"),
        ("x-7", "7"),
        ("(3)-7", "7"),
        ("It is -7.", "-7"),
        ("a loss of -$1,200", "-1200"),
        ("a loss of $-5", "-5"),
        ("between 10-20", "20"),
        ("it is .5", ".5"),
        ("wait...5", "5"),
        ("0.5.", "0.5"),
        ("42. ", "42"),
        ("**42**", "42"),
        ("1,000,000", "1000000"),
        ("1, 2, 3", "3"),
        ("1,2", "2"),
        ("10,20", "20"),
        ("1,2345", "2345"),
        ("3/4", "4"),
        ("50%", "50"),
        ("no number", None),
        ("", None),
    ],
    "gsm8k-strict": [
        ("6 + 7 = 13\n#### 13", "13"),
        ("#### -1,234.", "-1234"),
        ("#### 5\n#### 6", "5"),
        ("#### $5", None),
        ("####5", None),
        ("#### five", None),
        ("#### ,", None),
    ],
    "gsm8k-flexible": [
        ("so 16-7", "-7"),
        ("She has 7 apples.", "7"),
        ("It costs $1,234.50.", "1234.50"),
        ("It is 12 in 2020.", "2020"),
        ("the end...", ".."),
        ("none", None),
    ],
    "answer-is": [
        ("So the answer is (E).", "(E)"),
        ("The answer is 4.\nNo, the answer is 5.", "5"),
        ("the answer is: 12 km.", "12 km"),
        ("THE ANSWER IS\n\nblue", "blue"),
        ("The answer is:\nblue\nand more", "blue"),
        ("the answer (Yes or No) is no.", "no"),
        ("So the answer is 3.5..", "3.5."),
        ("the answer isn't 5", None),
        ("the answer is", None),
        ("It is 5.", None),
    ],
    "letter": [
        ("The answer is (B).", "B"),
        ("**Answer: C**", "C"),
        ("**Answer:** C", "C"),
        ("**Answer**: C", "C"),
        ("Answer: (a)", "A"),
        ("Answer: [D]", "D"),
        ("**Answer:**\n\nC", "C"),
        ("The answer is:\n(E)", "E"),
        ("Final Answer: E", "E"),
        ("Answer:B.Paris", "B"),
        ("Therefore, the correct option is D) 42 km/h", "D"),
        ("The answer is a) 21", "A"),
        ("The answer is (x + a) D", "D"),
        ("the answer is A because it fits", "A"),
        ("So the answer is most likely D, countryside", "D"),
        ("The answer is $\\boxed{B}$.", "B"),
        ("The answer (A to E) is B", "B"),
        ("The answer is none of these. Therefore choice B", "B"),
        ("Option A is wrong. Option B is right.", "B"),
        ("The answer is (B), since the options (C) and (D) are wrong.", "B"),
        ("The best choice I can make is D", "D"),
        ("The answer is Washington D.C. (B)", "B"),
        ("The answer is 37 °C, so E", "E"),
        ("Each option:\n(A) no\n(B) yes. So (B)", "B"),
        ("Answer: unclear. It may be (C) or (D).", "C"),
        ("The answer is unclear.\nIt may be (C) or (D).", "D"),
        ("first (A), then (B), so D)", "D"),
        ("first (A), then (b)", "A"),
        ("so it is (c)", "C"),
        ("A. Paris", "A"),
        ("B", "B"),
        ("b", "B"),
        ("b) 42", "B"),
        ("**B**", "B"),
        ("C is the correct one", "C"),
        ("A man walks into a bar. The answer is (C).", "C"),
        ("A man walks into a bar, so (C)", "C"),
        ("I think it's C", None),
        ("I'd say so", None),
        ("P(A) = 0.3", None),
        ("the answer is K", None),
        ("the answer is c.", None),
        ("adoption A", None),
        ("nothing", None),
    ],
    "boxed": [
        (r"So \boxed{42}.", "42"),
        (r"\boxed{1} and then \boxed{2}", "2"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\text{(B)}}", "(B)"),
        (r"\boxed{5\text{ cm}}", "5 cm"),
        (r"\boxed{\text{a {b} c}}", "a {b} c"),
        (r"\boxed{\$1,\!200}", "1,200"),
        (r"\boxed{\left\{ 1 \right\}}", r"\left\{ 1 \right\}"),
        (r"\boxed{\boxed{3}}", "3"),
        (r"\boxed{1} and \boxed{2", "1"),
        (r"\boxed {7}", "7"),
        (r"\boxed{}", None),
        ("no box", None),
    ],
    "yes-no": [
        ("So the answer is yes.", "yes"),
        ("No doubt: the answer is Yes, not no.", "yes"),
        ("the answer (Yes or No) is NO", "no"),
        ("the answer is plausible. Yes", "yes"),
        ("No, since there is no way, or yes", "no"),
        ("It is not clear; nobody knows; yes. Or no", "no"),
        ("The answer is unknown, I know nothing", None),
    ],
    "react-finish": [
        ("Thought 1: done\nAction 1: Finish[Paris]", "Paris"),
        ("Action: finish[Paris]", "Paris"),
        ("ACTION 12 : FINISH [ Paris ]", "Paris"),
        ("Action 1: Finish[a]\nAction 2: Finish[b]", "b"),
        ("Action 1: Finish[the [old] town] now", "the [old] town"),
        ("Action 1: Finish[]", None),
        ("Action 1: Finish[Paris", None),
        ("I could do Action 1: Finish[Paris]", None),
        ("Action 1: Search[Finish]", None),
    ],
    "regex:(?m)^A: *(.*)$": [("Q\nA: 5\nmore", "5"), ("A:  ", None), ("B: 5", None)],
    r"regex:(\d+) apples|(\d+) pears": [("7 pears", "7"), ("8 apples", "8")],
    r"regex:\d+ \w+": [("the 7 pears", "7 pears")],
    r"regex:{(e)}": [("a {e} b", "e")],
    r"regex:[[:alph]+": [("x[:b", "[:")],
}
"""By rule: a text and what is found in it."""


@pytest.mark.parametrize(("rule", "text", "answer"), [(rule, *case) for rule, cases in CASES.items() for case in cases])
def test_what_a_rule_finds(rule: str, text: str, answer: str | None) -> None:
    assert extract(rule, text) == answer


def test_every_rule_has_cases_and_says_what_it_does_and_where_it_comes_from() -> None:
    assert {rule.partition(":")[0] for rule in CASES} | {"program"} == set(RULES)
    for rule in RULES.values():
        assert rule.what.endswith(".")
        assert len(rule.source) > 20


PIECES = st.sampled_from(
    [
        *(
            "the answer is",
            "Answer:",
            "option",
            "choice",
            "\\boxed{",
            "\\text{",
            "}",
            "(",
            ")",
            "[",
            "]",
            "A",
            "b",
            "I",
        ),
        *("yes", "No", "-", "$", ",", ".", "12", "1,000", ".5", "####", " ", "\n", "Action 1: Finish[", "I", "\ud800"),
    ]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=25).map("".join), st.lists(PIECES, max_size=25).map(" ".join))


@pytest.mark.parametrize("rule", TEXT_RULES)
@given(text=TEXTS)
def test_an_answer_is_never_blank_and_has_no_space_around_it(rule: str, text: str) -> None:
    answer = extract(rule, text)
    assert answer is None or (answer and answer == answer.strip())


@given(text=TEXTS)
def test_a_letter_is_one_of_ten_and_in_the_text(text: str) -> None:
    letter = extract("letter", text)
    assert letter is None or (letter in "ABCDEFGHIJ" and letter in text.upper())


@given(text=TEXTS)
def test_yes_and_no_are_in_the_text(text: str) -> None:
    answer = extract("yes-no", text)
    assert answer in (None, "yes", "no")
    assert answer is None or answer in text.lower()


@given(number=st.decimals(min_value=0, max_value=10**9, places=2), words=st.text("abc xyz.,;:\n", max_size=20))
def test_the_last_number_is_the_last_one_however_it_is_written(number: object, words: str) -> None:
    for written in (f"{number}", f"{number:,}", f"${number:,}"):
        assert extract("last-number", f"of 17 and 4: {written} {words}") == f"{number}"
        assert extract("last-number", f"of 17 and 4: -{written} {words}") == f"-{number}"


@given(first=st.integers(0, 10**6), second=st.integers(0, 10**6))
def test_a_difference_holds_two_numbers(first: int, second: int) -> None:
    assert extract("last-number", f"{first}-{second}") == str(second)


@given(content=st.text("ab{}\\ 1", max_size=30))
def test_the_box_is_what_balanced_braces_hold(content: str) -> None:
    balanced = content.replace("\\", "").replace("{", "").replace("}", "")
    nested = f"{{{balanced}}}"
    assert extract("boxed", f"{content} \\boxed{{{nested}}} more") == nested


@given(before=TEXTS, letter=st.sampled_from("ABCDEFGHIJ"))
def test_an_announced_letter_wins_over_all_before_it(before: str, letter: str) -> None:
    assert extract("letter", f"{before}\nThe answer is ({letter}).") == letter
    assert extract("letter", f"{before}\nAnswer: ({letter.lower()}) maybe") == letter
    assert extract("answer-is", f"{before}\nSo the answer is ({letter}).") == f"({letter})"
    assert extract("react-finish", f"{before}\nAction 3: Finish[{letter}]") == letter


HARNESS = {"gsm8k-strict": (r"#### (\-?[0-9\.\,]+)", 0), "gsm8k-flexible": (r"(-?[$0-9.,]{2,})|(-?[0-9]+)", -1)}


@pytest.mark.parametrize("rule", HARNESS)
@given(text=TEXTS)
def test_gsm8k_rules_do_what_the_harness_does(rule: str, text: str) -> None:
    """lm-evaluation-harness: all matches, one of them, its first group that took part, then what is to be ignored."""
    pattern, place = HARNESS[rule]
    found = re.findall(pattern, text)
    expected = None
    if found:
        match = found[place]
        expected = match if isinstance(match, str) else next(group for group in match if group)
        for ignored in (",", r"\$", r"\.$"):
            expected = re.sub(ignored, "", expected)
    assert extract(rule, text) == (expected or None)


HOSTILE = [
    *("option " * 100_000, "option\n" * 100_000, "answer is (" * 50_000, "(((((" * 50_000 + "a) " * 50_000),
    *("answer: " + " \n" * 100_000, "answer" + " " * 300_000, "answer (" * 50_000, "\\boxed{" * 50_000, "{" * 300_000),
    *("-" * 300_000, "9" * 300_000, "1," * 150_000, ".5" * 100_000, "#### " * 50_000, "action: finish[" * 30_000),
]


@pytest.mark.parametrize("rule", TEXT_RULES)
def test_long_texts_take_time_in_proportion(rule: str) -> None:
    """A rule that tries every pair of places would take minutes here; nothing is timed, the run would just not end."""
    for text in HOSTILE:
        extract(rule, text)


@pytest.mark.parametrize(
    "name", ["", "nonsense", "letter:x", "Letter", "regex", "regex:", "regex:(", "regex:a{2,1}", "x" * 99]
)
def test_an_unknown_rule_or_a_bad_pattern_is_named_in_a_sentence(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        extract(name, "text")
    message = str(caught.value)
    assert message.endswith(".")
    assert name.removeprefix("regex:")[:20] in message


def test_a_pattern_that_would_run_for_years_is_stopped() -> None:
    with pytest.raises(InvalidInput, match=r"'\(a\|aa\)\+\$' takes longer than 2 s"):
        extract("regex:(a|aa)+$", "a" * 60 + "b")


PATTERN_PIECES = st.sampled_from(
    [
        *(
            "a",
            "b",
            "e",
            ".",
            "^",
            "$",
            r"\d",
            r"\w",
            r"\s",
            r"\b",
            r"\.",
            r"\{",
            "[ab]",
            "[^a]",
            "[[a]",
            "[[:alpha:]]",
        ),
        *(
            "[]a]",
            "(a)",
            "(?:ab)",
            "(a|b)",
            "(?i:B)",
            "{e}",
            "{e<=1}",
            "{i<=1,d}",
            "{",
            "}",
            "{}",
            "{2}",
            "{1,2}",
            "{,2}",
        ),
        *("*", "+", "?", "*?", "+?", "|", "(?=a)", "(?!b)", "&&", "--", "(?#{e})", r"\N{LATIN SMALL LETTER A}"),
    ]
)


@given(
    pattern=st.lists(PATTERN_PIECES, min_size=1, max_size=6).map("".join), text=st.text("abe{}[]:1 <=-\n", max_size=12)
)
def test_patterns_find_what_re_finds(pattern: str, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = re.search(pattern, text)
        except re.error:
            with pytest.raises(InvalidInput):
                extract(f"regex:{pattern}", text)
            return
    expected = None if found is None else next((group for group in found.groups() if group is not None), found[0])
    assert extract(f"regex:{pattern}", text) == ((expected or "").strip() or None)
