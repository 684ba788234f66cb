"""Encodings, clean text, kinds of text and long files."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.documents.extracted import Extracted
from core.documents.loading.text import BLOCK, Utf8Check, clean, open_text
from core.errors import LoadError
from tests.core.documents.loading.conftest import Read

GERMAN = "Übergrößen führen häufig zu Rückfragen. Die Prüfung läuft über das Büro in Köln, für Ärzte wie für Bürger.\n"
JAPANESE = "東京は日本の首都です。人口は約千四百万人で、世界でも有数の大都市です。カタカナとひらがなも使います。\n"
FORBIDDEN = set("\0\r\x0b\x0c\x1b\x7f\x85\u2028\u2029") | {chr(code) for code in range(0xD800, 0xE000)}


@given(st.text(st.characters()))
def test_clean_text_can_be_stored_and_has_one_kind_of_line_end(text: str) -> None:
    made = clean(text)
    assert not FORBIDDEN & set(made)
    made.encode("utf-8")
    assert clean(made) == made


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=200))
def test_clean_leaves_ordinary_text_alone(text: str) -> None:
    text = text.replace("\ufeff", "").replace("\ufffe", "").replace("\uffff", "")
    assert clean(text) == text


@given(st.lists(st.binary(max_size=20), max_size=10))
def test_utf8_is_judged_as_a_whole_however_it_is_cut(blocks: list[bytes]) -> None:
    check = Utf8Check()
    for block in blocks:
        check.feed(block)
    try:
        b"".join(blocks).decode("utf-8")
        valid = True
    except UnicodeDecodeError:
        valid = False
    assert check.end() is valid


@settings(deadline=None, max_examples=25)
@given(st.text(st.sampled_from("aé東\r\n🙂"), max_size=60), st.integers(1, 7))
def test_chunks_do_not_depend_on_where_blocks_end(text: str, shift: int) -> None:
    padding = "x" * (BLOCK - shift)  # the block ends in the middle of `text`
    data = (padding + text).encode()
    got = "".join(open_text(io.BytesIO(data), is_utf8=True).chunks())
    assert got == padding + text.replace("\r\n", "\n").replace("\r", "\n")


def test_lines_are_those_of_the_text() -> None:
    stream = open_text(io.BytesIO(b"a\r\nb\n\nc"), is_utf8=True)
    assert list(stream.lines()) == ["a", "b", "", "c"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_western_encodings(one: Callable[..., Extracted], encoding: str) -> None:
    document = one("a.txt", (GERMAN * 5).encode(encoding))
    assert document.text == GERMAN * 5
    if encoding == "cp1252":
        assert document.metadata["encoding"] == "cp1252"
        assert any("guess" in note for note in document.notes)


@pytest.mark.parametrize("encoding", ["cp932", "euc_jp"])
def test_japanese_encodings(one: Callable[..., Extracted], encoding: str) -> None:
    document = one("a.txt", (JAPANESE * 10).encode(encoding))
    assert document.text == JAPANESE * 10


def test_a_few_stray_bytes_in_utf8_do_not_spoil_the_rest(one: Callable[..., Extracted]) -> None:
    data = GERMAN.encode() * 20 + "naïve “quote”\n".encode("cp1252") + GERMAN.encode()
    document = one("a.txt", data)
    assert document.text == GERMAN * 20 + "naïve “quote”\n" + GERMAN
    assert any("3 bytes are not valid UTF-8" in note for note in document.notes)


def test_a_late_character_decides_the_encoding(one: Callable[..., Extracted]) -> None:
    document = one("a.txt", b"plain line\n" * 60_000 + "Köln und Zürich, für Bürger\n".encode("cp1252"))
    assert document.text.endswith("Köln und Zürich, für Bürger\n")


def test_nothing_but_blanks_is_no_text(read: Read) -> None:
    with pytest.raises(LoadError, match=r"^a\.txt holds no text\.$"):
        read("a.txt", " \n\t\n")


def test_a_stray_control_character_makes_no_binary_file(one: Callable[..., Extracted]) -> None:
    assert one("a.txt", b"a\0b\x01c \x1b[31mred").text == "abc [31mred"


@pytest.mark.parametrize("start", ["MZ is a name", "BM stands for", "ID3 tags are", "GIF8 is no", "BZh what"])
def test_words_that_begin_like_binary_files(one: Callable[..., Extracted], start: str) -> None:
    assert one("a.txt", start).text == start


def test_an_empty_file_says_so(read: Read) -> None:
    with pytest.raises(LoadError, match=r"^a\.txt is empty\.$"):
        read("a.txt", b"")


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.txt", "# not a heading\n# nor this\n", "text"),
        ("a.md", "plain", "markdown"),
        ("a.py", "# a comment\nx = 1\n", "code"),
        ("a.csv", "a,b\nx,y\n", "csv"),
        ("a.json", '{"a": 1}', "json"),
        ("a.jsonl", '{"a": 1}\n', "jsonl"),
        ("a.html", "<p>x</p>", "html"),
        ("a.svg", "<svg><text>x</text></svg>", "xml"),
        ("README", "plain words", "text"),
        ("page", "<!DOCTYPE html><html><body>x</body></html>", "html"),
        ("data", '{"a": 1}\n{"a": 2}\n', "jsonl"),
        ("data", '[{"a": 1}]', "json"),
        ("notes", "# One\n\ntext\n\n## Two\n", "markdown"),
    ],
)
def test_kinds_of_text(one: Callable[..., Extracted], name: str, text: str, kind: str) -> None:
    assert one(name, text).kind == kind


def test_title_is_the_files_name(one: Callable[..., Extracted]) -> None:
    assert one("folder/My report.final.txt", "x").title == "My report.final"


def test_a_long_text_is_read_in_parts_that_lose_nothing(read: Read) -> None:
    text = "".join(f"Paragraph {number} of a long text.\n\n" for number in range(2000))
    parts = read("a.txt", text, part_chars=10_000)
    assert len(parts) > 4
    assert "".join(part.text for part in parts if isinstance(part, Extracted)) == text
    assert [part.key for part in parts] == [f"part {number}" for number in range(1, len(parts) + 1)]
    assert len({part.digest for part in parts if isinstance(part, Extracted)}) == len(parts)
    assert all(part.text.endswith("\n") for part in parts[:-1] if isinstance(part, Extracted))


def test_markdown_front_matter_is_metadata(one: Callable[..., Extracted]) -> None:
    front = "---\ntitle: On lenses\ntags: [light, glass]\ndate: 2024-05-01\nnested: {a: 1}\n---\n\n"
    document = one("a.md", front + "# Heading\n\ntext\n")
    assert document.text == "# Heading\n\ntext\n"
    assert document.title == "On lenses"
    assert document.metadata == {"title": "On lenses", "tags": "light, glass", "date": "2024-05-01"}


def test_toml_front_matter(one: Callable[..., Extracted]) -> None:
    document = one("a.md", '+++\ntitle = "T"\n+++\nbody\n')
    assert (document.title, document.text) == ("T", "body\n")


@pytest.mark.parametrize(
    "front", ["---\n- a list\n---\n", "---\na: [unclosed\n---\n", "---\na: !!python/object:os.x {}\n---\n"]
)
def test_front_matter_that_is_none_stays_text(one: Callable[..., Extracted], front: str) -> None:
    document = one("a.md", front + "text\n")
    assert document.text == front + "text\n"
    assert document.notes


def test_markdown_title_is_the_first_heading_outside_code(one: Callable[..., Extracted]) -> None:
    assert one("a.md", "```\n# no\n```\n\n## Yes ##\n").title == "Yes"
    assert one("a.md", "Under\n=====\n").title == "Under"
