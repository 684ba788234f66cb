"""Calibration text becomes pieces of equal length, or one sentence."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from core.compression.calibration import bundled_text, check_text, pieces
from core.compression.loading import load_tokenizer
from core.compression.measuring import MeasureRequest, check
from core.errors import InvalidInput, NotFound


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    """The tiny model's tokenizer."""
    return load_tokenizer(tiny_model)


def test_pieces_are_the_texts_own_and_do_not_overlap(tokenizer: Any, text_file: Path) -> None:
    found = pieces(tokenizer, str(text_file), 5, 40, seed=1)
    assert found.ids.shape == (5, 40)
    ids = tokenizer(text_file.read_text())["input_ids"]
    cuts = [ids[start : start + 40] for start in range(0, len(ids) - 39, 40)]
    assert all(row in cuts for row in found.ids.tolist())
    assert len({tuple(row) for row in found.ids.tolist()}) == 5
    assert pieces(tokenizer, str(text_file), 5, 40, seed=1).ids.tolist() == found.ids.tolist()
    assert pieces(tokenizer, str(text_file), 5, 40, seed=2).ids.tolist() != found.ids.tolist()


def test_a_text_that_is_too_short_says_what_it_would_do_for(tokenizer: Any, text_file: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        pieces(tokenizer, str(text_file), 100_000, 64, seed=0)
    assert "too short for 100,000 samples of 64 tokens; name a longer one, or ask for" in str(caught.value)
    short = tmp_path / "short.txt"
    short.write_text("Hm.")
    with pytest.raises(InvalidInput, match="too short for 1 samples of 64 tokens; name a longer one\\."):
        pieces(tokenizer, str(short), 1, 64, seed=0)


def test_names_of_special_tokens_in_a_text_are_text(tokenizer: Any, tmp_path: Path) -> None:
    (tmp_path / "turns.txt").write_text("<|im_start|>user\nSeven apples.<|im_end|>\n" * 40)
    found = pieces(tokenizer, str(tmp_path / "turns.txt"), 5, 40, seed=0).ids
    assert not set(found.flatten().tolist()) & set(tokenizer.all_special_ids)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (
            "~nosuchuser/text.txt",
            "Nobody here has the home folder of '~nosuchuser/text.txt'; write out the whole path.",
        ),
        ("a" * 300, "cannot be looked up: File name too long; check the path."),
        ("a\0b", "There is no text file 'a\\x00b'; check the path."),
        ("/", "There is no text file '/'; check the path."),
    ],
)
def test_paths_that_lead_nowhere(path: str, sentence: str) -> None:
    with pytest.raises(NotFound) as caught:
        check_text(path)
    assert sentence in str(caught.value)
    with pytest.raises(NotFound):
        check(MeasureRequest.parse(models=["smollm2"], text=path))


def test_a_folder_that_nobody_may_look_into(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, **_: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(NotFound, match="cannot be looked up: Permission denied; check the path"):
        check_text("/elsewhere/text.txt")


def test_files_that_are_no_text(tokenizer: Any, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no text file"):
        check_text(str(tmp_path / "nowhere.txt"))
    for name, content, sentence in [("bytes", b"\xff\xfe\x00", "not UTF-8"), ("empty", b"  \n", "holds no text")]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InvalidInput, match=sentence):
            pieces(tokenizer, str(tmp_path / name), 1, 8, seed=0)


def test_a_piece_longer_than_the_context(tokenizer: Any) -> None:
    with pytest.raises(InvalidInput, match="sample_tokens is 512, more than the model's context of 256"):
        pieces(tokenizer, "", 1, 512, seed=0, context_length=256)


def test_the_text_that_comes_with_loupe_is_long_enough_for_the_defaults() -> None:
    """64 pieces of 512 tokens, at six characters a token."""
    assert len(bundled_text()) > 64 * 512 * 6
