"""Where sentences and headings begin."""

from __future__ import annotations

import pytest

from core.documents.splitting.headings import headings
from core.documents.splitting.sentences import sentence_starts


def cut(text: str) -> list[str]:
    starts = [0, *sentence_starts(text)]
    return [text[start:end].strip() for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["It rained.", "We stayed in!", "Did you?", "No…", "Yes."],
        [
            "Dr. Smith met Mrs. Jones at 5 p.m. on Main St. in the U.S. capital.",
            "They liked, e.g. J. R. R. Tolkien.",
        ],
        ["See Fig. 3 and No. 7, pp. 12–14.", "He said no.", "Then he left."],
        ['"Is it so?" he asked.', "“It is.”", "(Nobody doubted it.)", "Good."],
        ["It costs 3.50 dollars.", "Version 2.0.1 is at example.com today."],
        ["东京是首都。", "人口很多！", "「是吗？」", "好。"],
        ["यह एक वाक्य है।", "यह दूसरा है।"],
        ["هل هذا صحيح؟", "نعم."],
        ["First paragraph without a stop", "Second paragraph"],
    ],
)
def test_sentences(sentences: list[str]) -> None:
    joint = "\n\n" if sentences[0].startswith("First") else "" if sentences[0].startswith("东") else " "
    assert cut(joint.join(sentences)) == sentences


def test_a_wrapped_line_ends_no_sentence_but_items_rows_and_headings_do() -> None:
    assert cut("A sentence that\ngoes on here. Next") == ["A sentence that\ngoes on here.", "Next"]
    assert cut("List:\n- one\n- two\n1. three\n# Head\n| a | b |") == [
        "List:",
        "- one",
        "- two",
        "1. three",
        "# Head",
        "| a | b |",
    ]
    assert cut("1. First item.\n2. Second") == ["1. First item.", "2. Second"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# A\n## B ##\n####### no\n#no\n#\n", [(1, "# A"), (2, "## B ##"), (1, "#")]),
        ("   # A\n    # code\n\t# code", [(1, "   # A")]),
        ("A\n=\nB\n--\n", [(1, "A\n="), (2, "B\n--")]),
        ("para\npara\n---\n\n---\n", []),
        ("- item\n---\n> quote\n===\n", []),
        ("```\n# a\n~~~\n# b\n```\n# C", [(1, "# C")]),
        ("~~~ sh\n# a\n````\n~~~\n# C", [(1, "# C")]),
        ("---\ntitle: x\nname: y\n---\n# A", [(1, "# A")]),
        ("````\n```\n# a", []),
        ("`` ` ``\n# A", [(1, "# A")]),
    ],
)
def test_headings_as_commonmark_has_them(text: str, expected: list[tuple[int, str]]) -> None:
    assert [(heading.level, text[heading.start : heading.end]) for heading in headings(text)] == expected
    assert headings(text, "code") == []
