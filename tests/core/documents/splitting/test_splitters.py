"""Each splitter on texts whose chunks can be told by eye."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from core.documents.extracted import Extracted
from core.documents.settings import SplitSettings
from core.documents.splitting import split
from tests.core.documents.splitting.rulers import BagOfWords

WORDS = " ".join(f"w{number:02d}" for number in range(60))


def chunks(text: str, embedder: BagOfWords, kind: str = "text", **values: Any) -> list[str]:
    return [text[span.start : span.end] for span in split(text, SplitSettings(**values), embedder, kind=kind)]


def test_none_leaves_a_document_whole(minilm_tokens: BagOfWords) -> None:
    assert chunks(f"  {WORDS}\n", minilm_tokens, splitter="none") == [WORDS]


def test_fixed_fills_chunks_and_repeats_as_asked(minilm_tokens: BagOfWords) -> None:
    text = "one two three four five six seven eight nine ten " * 10
    found = chunks(text, minilm_tokens, splitter="fixed", chunk_size=20, chunk_overlap=5)
    assert minilm_tokens.count(found)[:-1] == [20] * (len(found) - 1)
    assert [chunk.split()[:5] for chunk in found[1:]] == [chunk.split()[-5:] for chunk in found[:-1]]
    apart = chunks(text, minilm_tokens, splitter="fixed", chunk_size=20, chunk_overlap=0)
    assert " ".join(apart) == text.strip()


def test_fixed_ends_at_a_word_where_there_is_one(minilm_tokens: BagOfWords) -> None:
    text = "electroencephalography " * 40
    for chunk in chunks(text, minilm_tokens, splitter="fixed", chunk_size=50, chunk_overlap=0):
        assert set(chunk.split()) == {"electroencephalography"}


def test_recursive_prefers_the_strongest_border_that_leaves_a_chunk_full_enough(minilm_tokens: BagOfWords) -> None:
    first, second = "One lens is here. Two more are there.", "Three lenses stand behind it. Four stand above."
    found = chunks(f"{first}\n\n{second}", minilm_tokens, chunk_size=15, chunk_overlap=0)
    assert found == [first, second], "at the paragraph"
    found = chunks(f"{first} {second}", minilm_tokens, chunk_size=15, chunk_overlap=0)
    assert found == [first, second], "at the sentence"
    found = chunks(f"Hi.\n\n{first} {second}", minilm_tokens, chunk_size=15, chunk_overlap=0)
    assert found[0] == f"Hi.\n\n{first}", "a paragraph of two tokens is no chunk of its own"


def test_recursive_overlap_begins_with_a_sentence_else_with_a_word(minilm_tokens: BagOfWords) -> None:
    text = "Light bends here. Glass is thin. Water is deep. Air is clear. Stone is hard. Wood is warm. "
    found = chunks(text, minilm_tokens, chunk_size=12, chunk_overlap=4)
    assert found[:2] == [
        "Light bends here. Glass is thin. Water is deep.",
        "Water is deep. Air is clear. Stone is hard.",
    ]
    found = chunks(WORDS, minilm_tokens, chunk_size=20, chunk_overlap=6)
    assert len(found) > 5 and all(after.split()[0] in before.split() for before, after in pairwise(found))


def test_a_heading_stays_with_what_it_heads(minilm_tokens: BagOfWords) -> None:
    text = "A lens bends light to a point.\n\n# Glass\n\nGlass is made of sand and is clear.\n"
    found = chunks(text, minilm_tokens, "markdown", chunk_size=14, chunk_overlap=0)
    assert found == ["A lens bends light to a point.", "# Glass\n\nGlass is made of sand and is clear."]


def test_sentences_stay_whole_and_so_do_those_repeated(minilm_tokens: BagOfWords) -> None:
    sentences = [f"Sentence number {word} stands here." for word in ("one", "two", "three", "four", "five")]
    text = " ".join(sentences)
    assert chunks(text, minilm_tokens, splitter="sentence", chunk_size=14, chunk_overlap=6) == [
        " ".join(pair) for pair in pairwise(sentences)
    ]
    assert chunks(text, minilm_tokens, splitter="sentence", chunk_size=14, chunk_overlap=5) == [
        " ".join(sentences[:2]),
        " ".join(sentences[2:4]),
        sentences[4],
    ], "a sentence of six tokens does not fit an overlap of five"


def test_a_sentence_longer_than_a_chunk_is_cut_at_a_clause(minilm_tokens: BagOfWords) -> None:
    text = "When the light falls through the glass of the lens, it bends towards the point where all rays meet again."
    found = chunks(text, minilm_tokens, splitter="sentence", chunk_size=16, chunk_overlap=0)
    assert found[0] == "When the light falls through the glass of the lens,"


def test_sentences_of_chinese_and_japanese(minilm_tokens: BagOfWords) -> None:
    text = "東京は首都です。人口は多い！川もある。"
    assert chunks(text, minilm_tokens, splitter="sentence", chunk_size=8, chunk_overlap=0) == [
        "東京は首都です。",
        "人口は多い！",
        "川もある。",
    ]


def test_sections_are_chunks(minilm_tokens: BagOfWords) -> None:
    text = "Before.\n\n# One\n\n## Bare\nText of one.\n\nTwo\n---\n\nText of two.\n\n"
    text += "```\n# no heading\n```\n### Three\nText."
    assert chunks(text, minilm_tokens, "markdown", splitter="heading") == [
        "Before.",
        "# One\n\n## Bare\nText of one.",
        "Two\n---\n\nText of two.\n\n```\n# no heading\n```",
        "### Three\nText.",
    ]
    code = "# a comment\nx = 1\n# another\ny = 2"
    assert chunks(code, minilm_tokens, "code", splitter="heading") == [code], "in code # is no heading"


def test_a_section_that_is_too_long_is_cut_and_does_not_flow_into_the_next(minilm_tokens: BagOfWords) -> None:
    long = " ".join(f"Sentence {word} is in the first section." for word in ("one", "two", "three", "four"))
    found = chunks(
        f"# A\n{long}\n# B\nShort.", minilm_tokens, "markdown", splitter="heading", chunk_size=20, chunk_overlap=9
    )
    assert found[-1] == "# B\nShort." and len(found) == 3 and found[0].startswith("# A")


def test_by_meaning_it_breaks_where_the_words_change(minilm_tokens: BagOfWords) -> None:
    bread = "Bake the bread with flour. Flour makes good bread. The bread needs flour and an oven. "
    stars = "A telescope shows a star. Every star is far from a telescope. One star shines at night. "
    found = chunks(bread + stars, minilm_tokens, splitter="semantic", breakpoint_percentile=80, chunk_overlap=0)
    assert found == [bread.strip(), stars.strip()]
    small = chunks(
        bread + stars, minilm_tokens, splitter="semantic", breakpoint_percentile=80, chunk_size=12, chunk_overlap=0
    )
    assert len(small) > 2 and not any("flour" in chunk and "telescope" in chunk for chunk in small)


def test_no_section_ends_in_a_scrap(minilm_tokens: BagOfWords) -> None:
    words = " ".join(["light"] * 42)
    text = f"# A\n{words}\n# B\nx"
    found = chunks(text, minilm_tokens, "markdown", splitter="heading", chunk_size=40, chunk_overlap=0)
    assert len(found) == 3 and min(minilm_tokens.count(found[:2])) > 15
    text = "\n\nBake the bread. Flour makes bread. Hm. A telescope shows stars. A telescope is far. Stars shine."
    asked = {"splitter": "semantic", "breakpoint_percentile": 1, "chunk_size": 60, "chunk_overlap": 0}
    found = chunks(text, minilm_tokens, **asked)
    assert len(found) > 1 and min(minilm_tokens.count(found)) >= 6


def test_children_lie_in_parents_that_do_not_overlap(minilm_tokens: BagOfWords) -> None:
    text = "\n\n".join(f"Paragraph {number} says that lens {number} bends light to its point." for number in range(30))
    asked = SplitSettings(splitter="parent-child", chunk_size=14, chunk_overlap=4, parent_size=60)
    spans = split(text, asked, minilm_tokens)
    parents = sorted({(span.parent_start, span.parent_end) for span in spans})
    assert len(parents) > 5 and len(spans) >= 2 * len(parents)
    assert all(before[1] <= after[0] for before, after in pairwise(parents))


def test_a_loaded_document_brings_its_own_kind(minilm_tokens: BagOfWords) -> None:
    text, asked = "# a\nx = 1\n# b\ny = 2", SplitSettings(splitter="heading")
    document = Extracted(kind="markdown", title="t", text=text)
    assert len(split(document, asked, minilm_tokens)) == 2
    assert len(split(Extracted(kind="code", title="t", text=text), asked, minilm_tokens)) == 1


@pytest.mark.parametrize("splitter", ["fixed", "recursive"])
def test_no_cut_parts_an_emoji_or_a_letter_from_its_accent(minilm_tokens: BagOfWords, splitter: Any) -> None:
    for text in ("👩‍👩‍👧‍👦" * 60, "e\u0301a\u0300" * 200):
        for chunk in chunks(text, minilm_tokens, splitter=splitter, chunk_size=9, chunk_overlap=2):
            assert chunk[0] not in "\u200d\u0301\u0300" and chunk[-1] != "\u200d"
