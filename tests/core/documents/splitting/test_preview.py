"""The preview: what it says is what `split` does, and what a person is told."""

from __future__ import annotations

from itertools import pairwise

import pytest

from core.documents.settings import SPLITTERS, SplitSettings, Splitter
from core.documents.splitting import preview, split
from core.documents.splitting.preview import histogram
from tests.core.documents.splitting.rulers import BagOfWords, wordpiece

TEXT = "# Lenses\n\n" + "A lens gathers light and bends it to a point. Glass is clear. " * 40


@pytest.mark.parametrize("splitter", SPLITTERS)
def test_it_shows_what_would_be_stored(minilm_tokens: BagOfWords, splitter: Splitter) -> None:
    asked = SplitSettings(splitter=splitter, chunk_size=60, chunk_overlap=15, parent_size=200)
    shown, spans = preview(TEXT, "markdown", asked, minilm_tokens), split(TEXT, asked, minilm_tokens, kind="markdown")
    assert [(chunk.start, chunk.end, chunk.parent_start, chunk.parent_end) for chunk in shown.chunks] == [
        (span.start, span.end, span.parent_start, span.parent_end) for span in spans
    ]
    assert [chunk.tokens for chunk in shown.chunks] == minilm_tokens.count([TEXT[s.start : s.end] for s in spans])
    assert sum(bar.count for bar in shown.histogram) == len(shown.chunks)
    seen = 0
    for chunk in shown.chunks:
        assert chunk.fresh == max(chunk.start, seen) and chunk.fresh < chunk.end
        assert chunk.overlap_before == minilm_tokens.count([TEXT[chunk.start : chunk.fresh]])[0]
        seen = chunk.end
    overlapping = splitter in ("fixed", "recursive", "sentence", "parent-child")
    assert any(chunk.overlap_before for chunk in shown.chunks) == overlapping


def test_chunks_that_the_model_does_not_read_to_the_end_are_counted(minilm_tokens: BagOfWords) -> None:
    text = "light " * 253 + "light"
    assert preview(text, "text", SplitSettings(splitter="none"), minilm_tokens).warnings == ()
    shown = preview(text + " light", "text", SplitSettings(splitter="none"), minilm_tokens)
    assert [chunk.too_long for chunk in shown.chunks] == [True]
    assert shown.warnings == (
        "1 of 1 chunk exceeds the 256 tokens that bag-of-words reads (2 of them are its own marks); the rest of it has "
        "no influence on search; choose a splitter.",
    )
    many = preview("light " * 2_000, "text", SplitSettings(chunk_size=300, chunk_overlap=0), minilm_tokens)
    assert many.warnings[0].startswith("6 of 7 chunks exceed the 256") and "lower chunk_size" in many.warnings[0]


def test_only_the_semantic_splitter_embeds_and_says_so() -> None:
    embedder = wordpiece()
    for splitter in SPLITTERS:
        notes = preview(TEXT, "markdown", SplitSettings(splitter=splitter), embedder).notes
        assert bool(embedder.embedded) == (splitter == "semantic") == any("were embedded" in note for note in notes)
        embedder.embedded = 0


def test_what_does_not_apply_is_said(minilm_tokens: BagOfWords) -> None:
    notes = preview("No headings here.", "text", SplitSettings(splitter="heading"), minilm_tokens).notes
    assert any("no overlap" in note for note in notes) and any("no headings" in note for note in notes)
    items = "\n".join(f"# {number}\nx" for number in range(9))
    assert (
        "fewer than 8 tokens"
        in preview(items, "markdown", SplitSettings(splitter="heading"), minilm_tokens).warnings[0]
    )


def test_a_model_of_which_nothing_is_known(minilm_tokens: BagOfWords) -> None:
    embedder = wordpiece()
    embedder.max_tokens, embedder.special_tokens = None, 0
    shown = preview("light " * 900, "text", SplitSettings(splitter="none"), embedder)
    assert not shown.chunks[0].too_long and not shown.warnings and "not known" in shown.notes[-1]


@pytest.mark.parametrize("counts", [[], [7], [1, 2, 3], [0, 1000], [5] * 9 + [250, 251], list(range(300))])
def test_the_histogram_holds_every_size_once_in_equal_bars(counts: list[int]) -> None:
    bars = histogram(counts)
    assert sum(bar.count for bar in bars) == len(counts) and len(bars) <= 26
    for bar in bars:
        assert bar.count == sum(bar.low <= count <= bar.high for count in counts)
    assert len({bar.high - bar.low for bar in bars}) <= 1
    assert all(before.high + 1 == after.low for before, after in pairwise(bars))
