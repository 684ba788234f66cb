"""Word documents: paragraphs, lists and tables in their order, headings as `#`, footnotes at the end.

Opened by python-docx; the body is walked here, because its paragraphs leave out what stands in content controls,
tracked insertions and text boxes. Headers and footers of pages are left out, deleted text too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.documents.extracted import Extracted, Refused
from core.documents.loading.rows import table_lines
from core.documents.loading.source import Builder, Source
from core.documents.loading.zipped import opened_document

if TYPE_CHECKING:
    from docx.document import Document

TITLE = "a Word document"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"


@dataclass(frozen=True, slots=True)
class _Style:
    heading: int = 0
    """Its level, from 1; 0 for anything else."""
    item: str = ""
    """ "-" or "1." for a list."""
    title: bool = False


def read(source: Source) -> Iterator[Extracted | Refused]:
    """One document."""
    import docx

    with opened_document(source) as archive:
        main = next((name for name in archive.namelist() if re.fullmatch(r"word/document\d*\.xml", name)), "")
        if main:
            with archive.open(main) as file:
                if _STRICT in file.read(8192):
                    raise source.problem('is a "Strict Open XML" document; save it as an ordinary .docx first.')
    source.file.seek(0)
    document = docx.Document(source.file)
    builder = Builder(source)
    reading = _Reading(document)
    for count, (kind, text) in enumerate(reading.blocks(document.element.body)):
        builder.add(text, joint="\n" if kind == "item" and reading.before == "item" else "\n\n")
        reading.before = kind
        if count % 200 == 0:
            source.beat()
    for number, note in enumerate(_footnotes(document), 1):
        builder.add(f"Footnote {number}: {note}")
    if reading.hidden:
        builder.note(f"{reading.hidden:,} characters are formatted as hidden and were kept.")
    properties = document.core_properties
    metadata = {
        "title": properties.title,
        "author": properties.author if properties.author != "python-docx" else "",
        "subject": properties.subject,
        "keywords": properties.keywords,
        "created": properties.created,
        "modified": properties.modified,
    }
    title = properties.title or reading.title or reading.first_heading
    yield builder.finish("docx", title=title, metadata=metadata)


class _Reading:
    """Walks a body and remembers what the document said of itself on the way."""

    def __init__(self, document: Document) -> None:
        self.title = self.first_heading = self.before = ""
        self.hidden = 0
        self._styles = {style.style_id: _style(style) for style in document.styles if style.type == 1}
        self._bullets = _bullets(document)
        self._counters: dict[tuple[str, int], int] = {}

    def blocks(self, parent: Any) -> Iterator[tuple[str, str]]:
        """What kind each block is ("heading", "item", "text") and its text, in order."""
        stack = [child for child in reversed(parent)]
        while stack:
            element = stack.pop()
            if element.tag == f"{_W}p":
                if (block := self._paragraph(element)) is not None:
                    yield block
            elif element.tag == f"{_W}tbl":
                if lines := self._table(element):
                    yield "text", "\n".join(lines)
            elif element.tag != f"{_W}sectPr" and isinstance(element.tag, str):  # content controls, insertions
                stack.extend(reversed(element))

    def _paragraph(self, element: Any) -> tuple[str, str] | None:
        text = self._text(element)
        if not text.strip():
            return None
        properties = element.find(f"{_W}pPr")
        style = _Style()
        level, numbering = 0, ""
        if properties is not None:
            name = properties.find(f"{_W}pStyle")
            style = self._styles.get(name.get(f"{_W}val") if name is not None else None, style)
            outline = properties.find(f"{_W}outlineLvl")
            if outline is not None and (depth := _number(outline.get(f"{_W}val"), 9)) < 9:
                style = _Style(heading=depth + 1)
            number = properties.find(f"{_W}numPr")
            if number is not None:
                level = _number(_value(number, "ilvl"), 0)
                numbering = _value(number, "numId")
        if style.heading or style.title:
            words = " ".join(text.split())
            if style.title:
                self.title = self.title or words
            self.first_heading = self.first_heading or words
            return "heading", f"{'#' * min(max(style.heading, 1), 6)} {words}"
        if (numbering and numbering != "0") or style.item:
            mark = "-"
            if numbering not in ("", "0"):
                mark = "-" if (numbering, level) in self._bullets else f"{self._count(numbering, level)}."
            elif style.item == "1.":
                mark = f"{self._count('style', 0)}."
            return "item", f"{'  ' * level}{mark} {text.strip()}"
        return "text", text.strip()

    def _count(self, numbering: str, level: int) -> int:
        """The next number at this level; those below begin again."""
        for key in [key for key in self._counters if key[0] == numbering and key[1] > level]:
            del self._counters[key]
        self._counters[numbering, level] = self._counters.get((numbering, level), 0) + 1
        return self._counters[numbering, level]

    def _text(self, element: Any) -> str:
        """Of runs wherever they stand; text boxes behind the paragraph that holds them, deleted text nowhere."""
        pieces: list[str] = []
        boxes: list[str] = []
        stack = [element]
        while stack:
            node = stack.pop()
            tag = node.tag
            if tag == f"{_W}t":
                pieces.append(node.text or "")
                if _is_hidden(node.getparent()):
                    self.hidden += len(node.text or "")
            elif tag == f"{_W}tab":
                pieces.append("\t")
            elif tag in (f"{_W}br", f"{_W}cr"):
                pieces.append("\n")
            elif tag in (f"{_W}noBreakHyphen",):
                pieces.append("-")
            elif tag == f"{_W}txbxContent":
                boxes += [text for _, text in self.blocks(node)]
            elif isinstance(tag, str) and tag not in (f"{_MC}Fallback", f"{_W}del", f"{_W}moveFrom", f"{_W}pPr"):
                stack.extend(reversed(node))
        return "\n".join(["".join(pieces), *boxes]).strip("\n")

    def _table(self, table: Any) -> list[str]:
        rows: list[list[str]] = []
        for row in _inside(table, "tr"):
            cells = [" ".join(text for _, text in self.blocks(cell)) for cell in _inside(row, "tc")]
            if any(cell.strip() for cell in cells):
                rows.append(cells)
        look = table.find(f"{_W}tblPr/{_W}tblLook")
        first = look is not None and (
            look.get(f"{_W}firstRow") in ("1", "true") or bool(_number(look.get(f"{_W}val"), 0, base=16) & 0x20)
        )
        return table_lines(rows, header=first or table.find(f"{_W}tr/{_W}trPr/{_W}tblHeader") is not None)


def _inside(parent: Any, name: str) -> Iterator[Any]:
    """Rows of a table or cells of a row, also those within content controls, not those of a table within."""
    for child in parent:
        if child.tag == f"{_W}{name}":
            yield child
        elif child.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"):
            yield from _inside(child, name)


def _style(style: Any) -> _Style:
    """What a paragraph style means, by its built-in name or the outline level it carries, or inherits."""
    for _ in range(20):
        if style is None:
            break
        name = (style.name or "").lower()
        if found := re.fullmatch(r"heading (\d)", name):
            return _Style(heading=int(found[1]))
        if name == "title":
            return _Style(title=True)
        if name.startswith("list bullet"):
            return _Style(item="-")
        if name.startswith("list number"):
            return _Style(item="1.")
        outline = style.element.find(f"{_W}pPr/{_W}outlineLvl")
        if outline is not None and (level := _number(outline.get(f"{_W}val"), 9)) < 9:
            return _Style(heading=level + 1)
        style = style.base_style
    return _Style()


def _bullets(document: Document) -> set[tuple[str, int]]:
    """Which (list, level) have bullets instead of numbers."""
    try:
        root = document.part.numbering_part.element
    except (KeyError, NotImplementedError):
        return set()
    levels: dict[str, set[int]] = {}
    for abstract in root.iter(f"{_W}abstractNum"):
        levels[abstract.get(f"{_W}abstractNumId")] = {
            _number(level.get(f"{_W}ilvl"), 0)
            for level in abstract.iter(f"{_W}lvl")
            if _value(level, "numFmt") in ("bullet", "none")
        }
    return {
        (number.get(f"{_W}numId"), level)
        for number in root.iter(f"{_W}num")
        for level in levels.get(_value(number, "abstractNumId"), ())
    }


def _footnotes(document: Document) -> Iterator[str]:
    from docx.oxml import parse_xml

    for relation in document.part.rels.values():
        if relation.is_external or not relation.reltype.endswith(("/footnotes", "/endnotes")):
            continue
        for note in parse_xml(relation.target_part.blob):
            if note.get(f"{_W}type") in (None, "normal"):
                text = " ".join("".join(node.text or "" for node in note.iter(f"{_W}t")).split())
                if text:
                    yield text


def _is_hidden(run: Any) -> bool:
    vanish = run.find(f"{_W}rPr/{_W}vanish") if run is not None else None
    return vanish is not None and vanish.get(f"{_W}val") not in ("0", "false")


def _value(element: Any, name: str) -> str:
    child = element.find(f"{_W}{name}")
    return str(child.get(f"{_W}val")) if child is not None else ""


def _number(text: str | None, default: int, base: int = 10) -> int:
    try:
        return int(text or "", base)
    except ValueError:
        return default
