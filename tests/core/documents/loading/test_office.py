"""Word, PowerPoint and EPUB: order, headings, pages; and what hides in them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from core.documents.extracted import Extracted
from core.errors import LoadError
from tests.core.documents.loading import make
from tests.core.documents.loading.conftest import Read

One = Callable[..., Extracted]
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha ha ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
)


def letter(document: Any) -> None:
    document.core_properties.title = ""
    document.core_properties.author = "Ann Author"
    document.add_heading("On lenses", 0)
    document.add_heading("Glass", 1)
    document.add_paragraph("It bends light.")
    document.add_paragraph("crown", style="List Bullet")
    document.add_paragraph("flint", style="List Bullet")
    document.add_heading("Numbers", 2)
    document.add_paragraph("first", style="List Number")
    document.add_paragraph("second", style="List Number")
    table = document.add_table(3, 2)
    for row, values in enumerate([("glass", "index"), ("crown", "1.52"), ("flint", "1.62")]):
        for column, value in enumerate(values):
            table.cell(row, column).text = value
    document.add_paragraph("After the table.")


def test_a_word_document_in_its_order(one: One) -> None:
    document = one("letter.docx", make.docx(letter))
    assert document.text == (
        "# On lenses\n\n# Glass\n\nIt bends light.\n\n- crown\n- flint\n\n## Numbers\n\n1. first\n2. second\n\n"
        "glass: crown; index: 1.52\nglass: flint; index: 1.62\n\nAfter the table."
    )
    assert document.title == "On lenses"
    assert document.metadata["author"] == "Ann Author"


def test_text_that_python_docx_passes_over(one: One) -> None:
    body = (
        f'<w:document xmlns:w="{W}"><w:body>'
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>In a control.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        "<w:p><w:ins><w:r><w:t>Inserted</w:t></w:r></w:ins><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>"
        "<w:r><w:tab/><w:t>kept</w:t></w:r></w:p>"
        "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>Unseen.</w:t></w:r></w:p>"
        "<w:p><w:r><w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r></w:p></w:txbxContent></w:r></w:p>"
        "</w:body></w:document>"
    )
    document = one("a.docx", make.replaced(make.docx(), "word/document.xml", body))
    assert document.text == "In a control.\n\nInserted\tkept\n\nUnseen.\n\nIn a box."
    assert document.notes == ("7 characters are formatted as hidden and were kept.",)


def test_an_empty_word_document(read: Read) -> None:
    with pytest.raises(LoadError, match=r"^a\.docx holds no text\.$"):
        read("a.docx", make.docx())


@pytest.mark.parametrize(
    ("name", "container", "member"),
    [
        ("a.docx", make.docx, "word/document.xml"),
        ("a.pptx", make.pptx, "ppt/presentation.xml"),
        ("a.xlsx", lambda: make.xlsx({"S": [["a"]]}), "xl/worksheets/sheet1.xml"),
        ("a.xlsx", lambda: make.xlsx({"S": [["a"]]}), "xl/sharedStrings.xml"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_in_office_files_are_refused(
    read: Read, name: str, container: Callable[[], bytes], member: str, encoding: str
) -> None:
    xml = f"{LAUGHS}<x>&c;&f;</x>".encode(encoding)
    with pytest.raises(LoadError, match=f"declares a DOCTYPE in {member}"):
        read(name, make.replaced(container(), member, xml))


@pytest.mark.parametrize("name", ["a.xml", "a.svg"])
def test_entities_in_xml_are_refused(read: Read, name: str) -> None:
    with pytest.raises(LoadError, match="declares entities, as attacks do"):
        read(name, f"{LAUGHS}<svg>&c;&f;</svg>")


def test_a_bomb_of_a_word_document_is_refused_by_its_sizes(read: Read) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        with archive.open("word/document.xml", "w") as member:
            for _ in range(64):
                member.write(b" " * 2**20)
    with pytest.raises(LoadError, match="as a zip bomb does; it was not unpacked"):
        read("a.docx", out.getvalue())


def test_damaged_office_files(read: Read) -> None:
    whole = make.docx(letter)
    with pytest.raises(LoadError, match="is a damaged or incomplete zip file"):
        read("a.docx", whole[: len(whole) // 2])
    with pytest.raises(LoadError, match=r"^a\.docx is damaged or not really a Word document \("):
        read("a.docx", make.replaced(whole, "word/document.xml", "<no xml"))
    with pytest.raises(LoadError, match="is not a Word document: it is a zip archive without one inside"):
        read("a.docx", make.zipped({"a.txt": "x"}))


def test_other_office_formats_are_named(read: Read) -> None:
    with pytest.raises(LoadError, match="OpenDocument"):
        read("a.odt", make.zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<x/>"}))
    with pytest.raises(LoadError, match=r"binary workbook \(\.xlsb\)"):
        read("a.xlsb", make.zipped({"[Content_Types].xml": "<x/>", "xl/workbook.bin": "x"}))
    encrypted = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(LoadError, match=r"^a\.docx is password-protected; unlock it first\.$"):
        read("a.docx", encrypted)


def talk(presentation: Any) -> None:
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "Lenses"
    slide.placeholders[1].text = "crown\nflint"
    slide.notes_slide.notes_text_frame.text = "Show the prism."
    presentation.slides.add_slide(presentation.slide_layouts[6])
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    slide.shapes.title.text = "Figures"
    table = slide.shapes.add_table(2, 2, 0, 0, Inches(1), Inches(1)).table
    for row, values in enumerate([("glass", "index"), ("crown", "1.52")]):
        for column, value in enumerate(values):
            table.cell(row, column).text = value
    data = CategoryChartData()
    data.categories = ["2023", "2024"]
    data.add_series("sales", (1.5, 2.5))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(2), Inches(2), data)


def test_slides_are_pages(one: One) -> None:
    document = one("talk.pptx", make.pptx(talk))
    assert [(page.number, page.label) for page in document.pages] == [(1, "Lenses"), (3, "Figures")]
    first, third = (document.text[page.start : page.end] for page in document.pages)
    assert first == "# Lenses\n\n- crown\n- flint\n\nNotes: Show the prism."
    assert third == "# Figures\n\nglass: crown; index: 1.52\n\nChart\n2023: sales: 1.5\n2024: sales: 2.5"
    assert document.title == "Lenses"
    assert document.notes == ("Slides without text (pictures, or empty): 2.",)


def chapter(body: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">'
        f"<head><title/><script src='x'/></head><body>{body}</body></html>"
    )


def test_chapters_are_pages(one: One) -> None:
    pages = {"one.xhtml": chapter("<h1>Tea</h1><p>Hot.</p>"), "cover.xhtml": chapter("<img src='x'/>")}
    pages["a two.xhtml"] = chapter("<h1>Milk</h1><p>Cold &amp; white.</p>")
    document = one("book.epub", make.epub(pages))
    assert [(page.number, page.label) for page in document.pages] == [(1, "Tea"), (3, "Milk")]
    assert document.text == "# Tea\n\nHot.\n\n# Milk\n\nCold & white."
    assert document.title == "The Book"
    assert document.metadata == {"author": "Ann Author", "language": "en"}
    assert document.notes == ("Chapters without text (pictures, or empty): 2.",)


def test_a_book_with_copy_protection(read: Read) -> None:
    locked = (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
        '<e:EncryptedData><e:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></e:EncryptedData>'
        "</encryption>"
    )
    with pytest.raises(LoadError, match=r"protected against copying \(DRM\)"):
        read("book.epub", make.epub({"a.xhtml": chapter("x")}, {"META-INF/encryption.xml": locked}))


def test_entities_in_a_book_are_refused(read: Read) -> None:
    with pytest.raises(LoadError, match=r"declares entities in META-INF/container\.xml"):
        read("book.epub", make.epub({"a.xhtml": chapter("x")}, {"META-INF/container.xml": f"{LAUGHS}<x>&c;</x>"}))
