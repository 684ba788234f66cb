"""HTML to text: headings as `#`, lists as `-`, tables a line a row; without scripts, styles and navigation.

Hidden text (not displayed, white on white, of size zero) is kept, since leaving it out would hide what a model could be
told, and it is reported. Addresses of links are left out. Knows nothing of files; styles are read only where they are
written on an element or as a simple class.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.documents.loading.rows import table_lines

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from bs4.element import PageElement, Tag

DROPPED = frozenset(
    (
        *("script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "math", "canvas", "audio"),
        *("video", "head", "button", "select", "input", "textarea", "nav", "dialog"),
    )
)
BLOCKS = frozenset(
    (
        *("p", "div", "section", "article", "main", "header", "footer", "aside", "address", "figure", "figcaption"),
        *("blockquote", "form", "fieldset", "dl", "dt", "dd", "ul", "ol", "li", "table", "caption", "tr", "td", "th"),
        *("pre", "hr", "details", "summary", "body", "center", "h1", "h2", "h3", "h4", "h5", "h6"),
    )
)
PERMALINKS = ("¶", "#", "§", "🔗")
"""What generators of documentation put behind a heading as a link to it."""
_WHITE = r"(white(?!\w)|#fff(fff)?(?!\w)|rgba?\(\s*255\s*,\s*255\s*,\s*255\s*(,\s*[\d.]+\s*)?\))"
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(\.0+)?\s*(;|!|$)|font-size\s*:\s*[01](px|pt|em|%)?\s*(;|!|$)"
    r"|(text-indent|left|top)\s*:\s*-\d{4,}",
    re.IGNORECASE,
)
_WHITE_TEXT = re.compile(r"(?<![\w-])color\s*:\s*" + _WHITE, re.IGNORECASE)
_BACKGROUND = re.compile(r"background(-color)?\s*:(?!\s*" + _WHITE + r")[^;]+", re.IGNORECASE)
_RULE = re.compile(r"\.([\w-]+)\s*\{([^{}]*)\}")
_SELF_CLOSED = re.compile(
    r"<(title|script|style|a|p|div|span|i|b|em|strong|td|th|li|iframe)\b([^<>]*)/>", re.IGNORECASE
)
_DECLARED = re.compile(
    rb"""(?:<meta[^>]+charset\s*=\s*["']?|<\?xml[^>]+encoding\s*=\s*["'])([\w:.-]+)""", re.IGNORECASE
)


@dataclass(slots=True)
class Marked:
    """What a page says."""

    text: str
    title: str
    heading: str
    """The first one, as a title for a chapter."""
    metadata: dict[str, object] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def declared_encoding(head: bytes) -> str:
    """What the first bytes of a page say of their encoding, or ""."""
    found = _DECLARED.search(head[:4096])
    return found[1].decode("ascii") if found else ""


def read_html(markup: str, beat: Callable[[], None] = lambda: None) -> Marked:
    """The text of a page or chapter; memory is some fifty times its size.

    Args:
        markup: as decoded.
        beat: called now and then while it goes on.
    """
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(_SELF_CLOSED.sub(r"<\1\2></\1>", markup), "lxml")
    beat()
    tags = _survey(soup)
    walk = _Walk(_hiding_classes(tags["style"]), beat)
    body = soup.body or soup
    root = _main(soup, tags)
    text = walk.text(root or body)
    if not text and root is not None:
        text = walk.text(body)
    if not text:  # nothing but navigation: better that than nothing
        walk = _Walk(walk.classes, beat, keep_all=True)
        text = walk.text(body)
    title = _title(tags)
    notes = walk.notes()
    if root is not None:
        notes.append("Only the page's main part was read.")
    return Marked(text, title or walk.heading, walk.heading, _metadata(soup, tags["meta"]), notes)


def _survey(soup: BeautifulSoup) -> dict[str, list[Tag]]:
    """Tags that are asked for later, found in one pass; "role" holds those that say they are the main part."""
    from bs4.element import Tag

    found: dict[str, list[Tag]] = {name: [] for name in ("main", "role", "article", "title", "meta", "style")}
    for node in soup.descendants:
        if isinstance(node, Tag):
            if node.name in found:
                found[node.name].append(node)
            if node.attrs and node.get("role") == "main":
                found["role"].append(node)
    return found


class _Walk:
    """Goes through a tree without recursion and collects lines."""

    def __init__(self, classes: frozenset[str], beat: Callable[[], None], *, keep_all: bool = False) -> None:
        self.classes = classes
        self._beat = beat
        self.heading = ""
        self._keep_all = keep_all
        self._hidden: list[str] = []
        self._left_out = 0
        self._blocks: list[tuple[str, bool]] = []
        self._inline: list[str] = []
        self._prefix = ""
        self._pre = 0

    def text(self, root: Tag) -> str:
        from bs4.element import CData, NavigableString, PreformattedString, Tag

        lists: list[list[int | None]] = []
        hidden: Tag | None = None
        seen = 0
        stack: list[tuple[PageElement, bool]] = [(root, False)]
        while stack:
            node, leaving = stack.pop()
            if isinstance(node, NavigableString):
                if not isinstance(node, PreformattedString) or isinstance(node, CData):  # no comments, no doctypes
                    self._inline.append(str(node))
                continue
            if not isinstance(node, Tag):
                continue
            name = node.name.lower()
            seen += 1
            if seen % 2000 == 0:
                self._beat()
            if leaving:
                self._leave(name, lists)
                hidden = None if hidden is node else hidden
                continue
            if self._is_dropped(node, name):
                continue
            if hidden is None and self._is_hidden(node):
                hidden = node
                if words := " ".join(node.get_text(" ").split()):
                    self._hidden.append(words)
            if name == "a" and node.get_text(strip=True) in PERMALINKS:
                continue
            if name == "br":
                self._inline.append("\n" if self._pre else "\0")
                continue
            if name == "table" and (rows := _cells(node)) is not None:
                self._flush()
                header = bool(rows) and node.find("th") is not None
                caption = node.find("caption")
                self._blocks.append((" ".join(caption.get_text(" ").split()) if caption is not None else "", False))
                self._blocks += [(line, True) for line in table_lines(rows, header=header)]
                self._blocks.append(("", False))
                continue
            self._enter(name, lists)
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(node.contents))
        self._flush()
        return self._joined()

    def notes(self) -> list[str]:
        notes = []
        if self._hidden:
            count = sum(map(len, self._hidden))
            start = self._hidden[0][:120]
            notes.append(
                f'{count:,} characters are hidden from a reader of the page and were kept; they begin: "{start}".'
            )
        if self._left_out:
            notes.append(f"{self._left_out:,} characters of navigation and footer were left out.")
        return notes

    def _is_dropped(self, node: Tag, name: str) -> bool:
        if name in DROPPED - {"nav"}:
            return True
        if self._keep_all:
            return False
        out = name == "nav" or node.get("role") in ("navigation", "contentinfo")
        out = out or (name == "footer" and node.find_parent(["article", "section", "blockquote", "main"]) is None)
        if out:
            self._left_out += len(" ".join(node.get_text(" ").split()))
        return out

    def _is_hidden(self, node: Tag) -> bool:
        if not node.attrs:
            return False
        style = str(node.get("style") or "")
        classes = str(" ".join(node.get_attribute_list("class"))).split()
        if node.has_attr("hidden") or (style and _HIDING.search(style)) or self.classes.intersection(classes):
            return True
        white = _WHITE_TEXT.search(style) or re.fullmatch(_WHITE, str(node.get("color") or "").strip(), re.IGNORECASE)
        return bool(white) and not any(
            _BACKGROUND.search(str(one.get("style") or "")) or one.has_attr("bgcolor") for one in [node, *node.parents]
        )

    def _enter(self, name: str, lists: list[list[int | None]]) -> None:
        if name not in BLOCKS:
            return
        self._flush()
        if name in ("ul", "ol"):
            lists.append([1 if name == "ol" else None])
            if len(lists) == 1:
                self._blocks.append(("", False))
        elif name == "li":
            indent = "  " * (len(lists) - 1)
            number = lists[-1][0] if lists else None
            self._prefix = f"{indent}- " if number is None else f"{indent}{number}. "
            if lists and number is not None:
                lists[-1][0] = number + 1
        elif name[0] == "h" and name[1:].isdigit():
            self._prefix = "#" * int(name[1:]) + " "
        elif name == "pre":
            self._pre += 1

    def _leave(self, name: str, lists: list[list[int | None]]) -> None:
        if name not in BLOCKS:
            return
        self._flush()
        if name in ("ul", "ol") and lists:
            lists.pop()
            if not lists:
                self._blocks.append(("", False))
        elif name == "pre":
            self._pre -= 1
        if name in ("li", "h1", "h2", "h3", "h4", "h5", "h6"):
            self._prefix = ""

    def _flush(self) -> None:
        raw, self._inline = "".join(self._inline), []
        if self._pre:
            text = raw.strip("\n").rstrip()
        else:
            lines = (" ".join(line.split()) for line in raw.split("\0"))
            text = "\n".join(line for line in lines if line)
        if not text:
            return
        prefix, self._prefix = self._prefix, ""
        if prefix.startswith("#"):
            text = text.replace("\n", " ")
            self.heading = self.heading or text
        self._blocks.append((prefix + text, prefix.lstrip()[:1] in tuple("-0123456789") and bool(prefix)))

    def _joined(self) -> str:
        """Blocks with a blank line between them, items of a list and rows of a table without."""
        pieces: list[str] = []
        before = False
        for text, tight in self._blocks:
            if not text:
                before = False
                continue
            if pieces:
                pieces.append("\n" if tight and before else "\n\n")
            pieces.append(text)
            before = tight
        return "".join(pieces)


def _cells(table: Tag) -> list[list[str]] | None:
    """Rows of a table of data; `None` for one that lays out a page."""
    if table.find(["table", "h1", "h2", "h3", "ul", "ol"]) is not None or table.get("role") == "presentation":
        return None
    rows = [
        [" ".join(cell.get_text(" ").split()) for cell in row.find_all(["td", "th"])] for row in table.find_all("tr")
    ]
    rows = [row for row in rows if any(row)]
    wide = max((len(row) for row in rows), default=0)
    return rows if wide > 1 else None


def _main(soup: BeautifulSoup, tags: dict[str, list[Tag]]) -> Tag | None:
    """The page's main part where exactly one is marked and holds a good share of the text."""
    for name in ("main", "role", "article"):
        if len(tags[name]) == 1:
            inside = len(tags[name][0].get_text(" ", strip=True))
            if inside >= 200 and inside * 4 >= len(soup.get_text(" ", strip=True)):
                return tags[name][0]
    return None


def _title(tags: dict[str, list[Tag]]) -> str:
    texts = [tag.get_text() for tag in tags["title"] if tag.find_parent("svg") is None]
    texts += [str(tag.get("content") or "") for tag in tags["meta"] if tag.get("property") == "og:title"]
    return next((line for text in texts if (line := " ".join(text.split()))), "")


def _metadata(soup: BeautifulSoup, metas: list[Tag]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, keys in {
        "author": ("author", "article:author", "dc.creator"),
        "description": ("description", "og:description"),
        "created": ("article:published_time", "date", "dc.date"),
    }.items():
        for tag in metas:
            key = str(tag.get("name") or tag.get("property") or "").lower()
            if key in keys and (text := str(tag.get("content") or "").strip()):
                values.setdefault(name, text)
    if soup.html is not None and (language := str(soup.html.get("lang") or "").strip()):
        values["language"] = language
    return values


def _hiding_classes(styles: list[Tag]) -> frozenset[str]:
    rules = (rule for style in styles for rule in _RULE.finditer(style.get_text()[:200_000]))
    return frozenset(rule[1] for rule in rules if _HIDING.search(rule[2]))
