"""Real files for the tests, made by the libraries that people make them with."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence


def pdf(pages: Sequence[str], *, user_password: str = "", owner_password: str = "", title: str = "") -> bytes:
    """A PDF with a page a text; an empty text is an empty page."""
    from fpdf import FPDF

    made = FPDF()
    if title:
        made.set_title(title)
        made.set_author("Ann Author")
    if user_password or owner_password:
        made.set_encryption(owner_password=owner_password or "owner", user_password=user_password or None)
    made.set_font("helvetica", size=12)
    for text in pages:
        made.add_page()
        if text:
            made.multi_cell(0, text=text)
    return bytes(made.output())


def pdf_with_stream(stream: bytes, filters: bytes = b"/FlateDecode") -> bytes:
    """A PDF of one page whose content is `stream`, packed as `filters` say."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d/Filter[%s]>>stream\n" % (len(stream), filters) + stream + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(out)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + end


def spaces(mib: int) -> bytes:
    """So many MiB of blanks, deflated."""
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(b" " * 2**20) for _ in range(mib)) + packer.flush()


def zipped(members: Mapping[str, bytes | str], *, compress: bool = True) -> bytes:
    """A zip of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo("placeholder")
            info.filename = name  # as it is: the constructor would cut it at a NUL
            info.compress_type = archive.compression
            archive.writestr(info, data)
    return out.getvalue()


def replaced(container: bytes, name: str, data: bytes | str) -> bytes:
    """A zip with one member exchanged, or added."""
    with zipfile.ZipFile(io.BytesIO(container)) as archive:
        members: dict[str, bytes | str] = {info.filename: archive.read(info) for info in archive.infolist()}
    return zipped(members | {name: data})


def docx(build: object = None) -> bytes:
    """A Word document; `build(document)` fills it."""
    import docx as library

    document = library.Document()
    if callable(build):
        build(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def pptx(build: object = None) -> bytes:
    """A presentation; `build(presentation)` fills it."""
    from pptx import Presentation

    presentation = Presentation()
    if callable(build):
        build(presentation)
    out = io.BytesIO()
    presentation.save(out)
    return out.getvalue()


def xlsx(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    """A workbook with these rows."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def epub(chapters: Mapping[str, str], extra: Mapping[str, bytes | str] | None = None) -> bytes:
    """A book with these XHTML files as its spine."""
    items = "".join(
        f'<item id="c{number}" href="{name}" media-type="application/xhtml+xml"/>'
        for number, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="c{number}"/>' for number in range(len(chapters)))
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Book</dc:title>'
        "<dc:creator>Ann Author</dc:creator><dc:language>en</dc:language></metadata>"
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": CONTAINER,
            "OEBPS/book.opf": package,
            **{f"OEBPS/{name}": page for name, page in chapters.items()},
            **(extra or {}),
        }
    )
