"""PDF: pages, what is said of those without text, encryption, bombs and garbage."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest

from core.documents.extracted import Extracted
from core.errors import LoadError
from tests.core.documents.loading import make
from tests.core.documents.loading.conftest import Read

One = Callable[..., Extracted]


def test_pages_and_what_is_said_of_the_document(one: One) -> None:
    document = one("report.pdf", make.pdf(["First page.", "", "Third page."], title="The report"))
    assert document.kind == "pdf"
    assert [(page.number, document.text[page.start : page.end]) for page in document.pages] == [
        (1, "First page."),
        (3, "Third page."),
    ]
    assert document.text == "First page.\n\nThird page."
    assert document.title == "The report"
    assert document.metadata["author"] == "Ann Author"
    assert document.metadata["pages"] == 3
    assert document.notes == ("Page 2 has no text (a picture, or empty).",)


def test_ranges_of_silent_pages(one: One) -> None:
    document = one("a.pdf", make.pdf(["x", "", "", "", "y", ""]))
    assert document.notes == ("Pages 2–4, 6 have no text (pictures, or empty).",)


def test_a_scan_needs_ocr(read: Read) -> None:
    with pytest.raises(LoadError) as caught:
        read("scan.pdf", make.pdf(["", "", ""]))
    assert str(caught.value) == "scan.pdf has 0 characters on 3 pages: it needs OCR, a text layer, before it is added."


def test_a_user_password(read: Read) -> None:
    with pytest.raises(LoadError) as caught:
        read("a.pdf", make.pdf(["secret"], user_password="open"))
    assert str(caught.value) == "a.pdf is password-protected; unlock it first."


def test_an_owner_password_alone_does_not_lock(one: One) -> None:
    assert one("a.pdf", make.pdf(["readable"], owner_password="owner")).text == "readable"


@pytest.mark.parametrize("nested", [False, True])
def test_a_decompression_bomb_is_told(read: Read, nested: bool) -> None:
    packed = make.spaces(200)
    data = (
        make.pdf_with_stream(zlib.compress(packed), b"/FlateDecode/FlateDecode")
        if nested
        else make.pdf_with_stream(packed)
    )
    with pytest.raises(LoadError, match=r"gave no text: page 1 could not be read .*[Ll]imit"):
        read("a.pdf", data)


def test_truncated_files_are_read_or_refused_with_a_sentence(read: Read) -> None:
    whole = make.pdf(["First page.", "Second page."])
    for share in range(1, 10):
        try:
            (document,) = read("a.pdf", whole[: len(whole) * share // 10])
        except LoadError as error:
            assert str(error).startswith("a.pdf ")
        else:
            assert isinstance(document, Extracted)
            assert "page." in document.text


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"%PDF-1.7\n\x00\x01garbage", "is damaged or no complete PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "is a PNG image, not a PDF"),
        (b"<!doctype html><html><body>404</body></html>", "is not a PDF: it holds an HTML page"),
        (b"words", "is not a PDF: it holds plain text"),
        (bytes(range(256)) * 20, "holds binary data of a type that Loupe does not know, not a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "is in the Office format from before 2007"),
        (b"\x1f\x8b\x08" + bytes(50), "is a gzip archive, not a PDF; unpack it first"),
        (b"{\\rtf1 text}", "is an RTF document"),
    ],
)
def test_what_is_no_pdf(read: Read, data: bytes, sentence: str) -> None:
    with pytest.raises(LoadError) as caught:
        read("a.pdf", data)
    assert str(caught.value).startswith(f"a.pdf {sentence}")


def test_a_pdf_under_another_name_is_read_and_told(one: One) -> None:
    document = one("a.txt", make.pdf(["text"]))
    assert (document.kind, document.text) == ("pdf", "text")
    assert document.notes == ("It is named .txt, but is a PDF and was read as one.",)
