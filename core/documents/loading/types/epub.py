"""EPUB: the chapters of its spine, in order, each a page with the chapter's title.

Read with zipfile, defusedxml and our HTML reader (EPUB 2.0.1 and 3.3: container.xml names the package, whose spine
names the chapters). Knows nothing of DRM: an encrypted book is refused.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from core.documents.extracted import Extracted, Refused
from core.documents.loading.markup import declared_encoding, read_html
from core.documents.loading.source import Builder, Source
from core.documents.loading.zipped import opened_document

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TITLE = "an EPUB"
_PACKAGE = "{http://www.idpf.org/2007/opf}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""Ways to obscure fonts, which leave the text readable."""


def read(source: Source) -> Iterator[Extracted | Refused]:
    """One document with its chapters as pages."""
    with opened_document(source, doctypes=True) as book:
        _refuse_drm(source, book)
        package_name = _package(source, book)
        package = _parsed(source, book, package_name)
        folder = posixpath.dirname(package_name)
        items = {item.get("id"): item for item in package.iter(f"{_PACKAGE}item")}
        builder = Builder(source)
        empty: list[str] = []
        for number, reference in enumerate(package.iter(f"{_PACKAGE}itemref"), 1):
            source.beat()
            item = items.get(reference.get("idref"))
            if item is None or "html" not in (item.get("media-type") or ""):
                continue
            name = posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or "")))
            try:
                data = book.read(name)
            except KeyError:
                builder.note(f"Chapter {number} ({name}) is missing from the file.")
                continue
            page = read_html(_decoded(data), source.beat)
            if not builder.add(page.text, number=number, label=page.heading):
                empty.append(str(number))
            for note in page.notes:
                if "hidden" in note:
                    builder.note(f"Chapter {number}: {note}")
        if empty:
            builder.note(f"Chapters without text (pictures, or empty): {', '.join(empty[:30])}.")
        metadata = {
            name: text
            for name, tag in {"author": "creator", "created": "date", "language": "language"}.items()
            if (text := _first(package, tag))
        }
        yield builder.finish("epub", title=_first(package, "title"), metadata={**metadata}, nothing="holds no text.")


def _package(source: Source, book: zipfile.ZipFile) -> str:
    container = _parsed(source, book, "META-INF/container.xml")
    for element in container.iter():
        if element.tag.endswith("}rootfile") and (path := element.get("full-path")):
            return path
    raise source.problem("is damaged or not really an EPUB (it names no package); get the file again.")


def _parsed(source: Source, book: zipfile.ZipFile, name: str) -> Element:
    """A member as XML, entities and external references refused."""
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        return ElementTree.fromstring(book.read(name))  # type: ignore[no-any-return]
    except DefusedXmlException:
        raise source.problem(f"declares entities in {name[:100]}, as attacks do; it was not read.") from None
    except (KeyError, ElementTree.ParseError):
        raise source.problem(f"is damaged or not really an EPUB ({name[:100]}); get the file again.") from None


def _refuse_drm(source: Source, book: zipfile.ZipFile) -> None:
    if "META-INF/encryption.xml" not in book.namelist():
        return
    for element in _parsed(source, book, "META-INF/encryption.xml").iter():
        if element.tag.endswith("}EncryptionMethod") and element.get("Algorithm") not in _FONTS:
            raise source.problem("is protected against copying (DRM), so its text cannot be read.")


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", declared_encoding(data) or "utf-8"):
        try:
            return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("cp1252", errors="replace")


def _first(package: Element, tag: str) -> str:
    element = package.find(f".//{_DC}{tag}")
    return (element.text or "").strip() if element is not None else ""
