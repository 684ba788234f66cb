"""What every splitter promises of any text: order, exact offsets, nothing lost, sizes kept."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.documents.settings import SPLITTERS, SplitSettings, Splitter
from core.documents.spans import Span
from core.documents.splitting import part, split
from core.documents.splitting.part import WIDE
from tests.core.documents.splitting.rulers import BagOfWords

PIECES = st.sampled_from(
    [
        *(
            "The lens bends light. ",
            "Dr. Who left at 5 p.m. today! ",
            "apple, pear; plum: fig ",
            "a",
            "\n",
            "\n\n",
            " ",
        ),
        *("# Heading\n", "Title\n=====\n", "## Sub\n\n", "```\n# code\n```\n", "- item\n", "| a | b |\n", "1. one\n"),
        *(
            "東京は日本の首都です。",
            "人口は多い！",
            "Größe, naïve ",
            "\u0301",
            "🙂",
            "👩‍👩‍👧‍👦 ",
            "\u200b",
            "\u00a0",
            "\ufdfa",
        ),
        *(
            "x" * 130,
            "word" * 40 + " ",
            " " * 150,
            "\t",
            "…",
            "?!",
            "“Quoted.” ",
            "e.g. this ",
            "\u2028",
            "https://a.b/c?d=e ",
        ),
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=60).map("".join), st.text(max_size=300))


def checked(text: str, spans: list[Span], asked: SplitSettings, embedder: BagOfWords) -> None:
    """Assert all that a splitter promises."""
    texts = [text[span.start : span.end] for span in spans]
    for span, chunk in zip(spans, texts, strict=True):
        assert 0 <= span.start < span.end <= len(text)
        assert chunk == chunk.strip() != ""
    covered = [False] * len(text)
    for span in spans:
        covered[span.start : span.end] = [True] * (span.end - span.start)
    assert not [text[at] for at in range(len(text)) if not covered[at] and not text[at].isspace()]
    for before, after in pairwise(spans):
        assert before.start < after.start and before.end < after.end, "in order, and none inside another"
    if asked.splitter == "none":
        return
    for chunk, count in zip(texts, embedder.count(texts), strict=True):
        assert count <= asked.chunk_size or len(chunk) == 1
    for before, after in pairwise(spans):
        shared = text[after.start : max(before.end, after.start)]
        limit = asked.chunk_overlap if asked.splitter not in ("heading", "semantic") else 0
        assert embedder.count([shared])[0] <= limit + 2, "a piece of a word may have other tokens alone"
    for span in spans:
        if asked.splitter != "parent-child":
            assert span.parent_start is None and span.parent_end is None
            continue
        assert span.parent_start is not None and span.parent_end is not None
        assert 0 <= span.parent_start <= span.start and span.end <= span.parent_end <= len(text)
        parent = text[span.parent_start : span.parent_end]
        assert embedder.count([parent])[0] <= asked.parent_size or len(parent) == 1


@pytest.mark.parametrize("splitter", SPLITTERS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS, size=st.integers(8, 40), share=st.floats(0, 0.9), kind=st.sampled_from(["text", "markdown", "code"]))
def test_every_promise_holds_for_any_text(
    embedder: BagOfWords, splitter: Splitter, text: str, size: int, share: float, kind: str
) -> None:
    asked = SplitSettings(
        splitter=splitter, chunk_size=size, chunk_overlap=int(size * share), parent_size=max(3 * size, 16)
    )
    spans = split(text, asked, embedder, kind=kind)
    checked(text, spans, asked, embedder)
    assert spans == split(text, asked, embedder, kind=kind), "the same text is always cut alike"


@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize("text", ["", " ", "\n\n\t \u3000", "a", ".", "\u0301", "\u200b\u200b"])
def test_next_to_nothing(embedder: BagOfWords, splitter: Splitter, text: str) -> None:
    spans = split(text, SplitSettings(splitter=splitter), embedder)
    assert [text[span.start : span.end] for span in spans] == ([text.strip()] if text.strip() else [])


HOSTILE = {
    "letters": "a" * 60_000,
    "blanks": "a" + " " * 60_000 + "b",
    "empty lines": "\n" * 60_000,
    "lines and blanks": "\n \t" * 20_000 + "x",
    "full stops": "." * 60_000,
    "full stops apart": ". " * 20_000,
    "full stops of Chinese": "。" * 60_000,
    "quotes": '."' * 20_000,
    "brackets": "(" * 30_000 + ")" * 30_000,
    "underlines": "a\n" + "=" * 60_000 + "x\n" + "-" * 30_000,
    "hashes": "# " * 20_000 + "\n" + "#\n" * 10_000,
    "fences": "```\n" * 10_000,
    "accents": "e" + "\u0301" * 60_000,
    "joined": "👩\u200d" * 20_000,
    "nothing to see": "\u200b" * 60_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_cut_into_small_chunks(minilm_tokens: BagOfWords, name: str) -> None:
    """Some of them are one token or none to the model; none may take the square of its length."""
    text = HOSTILE[name]
    for splitter in ("recursive", "sentence", "heading"):
        asked = SplitSettings(splitter=splitter, chunk_size=200, chunk_overlap=20)
        spans = split(text, asked, minilm_tokens, kind="markdown")
        checked(text, spans, asked, minilm_tokens)
        assert max((span.end - span.start for span in spans), default=0) <= 200 * WIDE


@pytest.mark.parametrize("splitter", SPLITTERS)
def test_a_long_document_is_cut_in_parts_and_nothing_is_lost(
    minilm_tokens: BagOfWords, splitter: Splitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offsets count from the beginning of the document all the same."""
    monkeypatch.setattr(part, "PART_CHARACTERS", 1_000)
    paragraph = "A lens gathers light and bends it to a point, as every lens before it did. " * 3
    text = "".join(f"{paragraph}Number {number}.\n\n" for number in range(40)) + "x" * 3_000
    asked = SplitSettings(splitter=splitter, chunk_size=40, chunk_overlap=10, parent_size=120)
    spans = split(text, asked, minilm_tokens)
    checked(text, spans, asked, minilm_tokens)
    for number in range(40):
        place = text.index(f"Number {number}.")
        assert any(span.start <= place and place + len(f"Number {number}.") <= span.end for span in spans)
