"""Bytes to clean text: which encoding, one kind of line end, nothing that a database or a screen stumbles over.

Knows nothing of file types.

Order of belief: a byte order mark; UTF-8 where all of the file is valid; UTF-16 without a mark (a NUL in every other
byte); UTF-8 with some stray bytes of Windows-1252 in it; at last a guess by charset-normalizer, which is noted.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

BLOCK = 1024 * 1024
SAMPLE = 256 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_DROPPED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""Anything that one of the other three would change."""
_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\x0b\x0c\r\x08\x1b")) + b"\x7f"


def clean(text: str) -> str:
    """Text as the store keeps it: only line feeds end lines, no control characters, no lone surrogates."""
    if _ODD.search(text) is None:
        return text
    text = _DROPPED.sub("", _LINE_ENDS.sub("\n", text))
    return text if text.isascii() else _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)


def looks_binary(sample: bytes, is_utf8: bool) -> bool:
    """Whether a file with this start is no text in any encoding; a stray control character makes none."""
    if _marked(sample) or _utf16_without_mark(sample):
        return False
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return (b"\0" in sample and not is_utf8) or controls > 3 + len(sample) // 50


@dataclass(slots=True)
class TextStream:
    """A text file as clean chunks, read once from its start, in flat memory."""

    file: BinaryIO
    encoding: str
    skip: int = 0
    """Bytes of the mark at its start."""
    notes: list[str] = field(default_factory=list)
    """Complete once `chunks` has ended."""
    _stray: int = 0

    def chunks(self) -> Iterator[str]:
        """The text, cleaned, about a MiB at a time."""
        self.file.seek(self.skip)
        decoder = codecs.getincrementaldecoder(self.encoding)(errors="replace")
        mixed = self.encoding == "utf-8"
        held = ""  # a carriage return that may belong to the line feed after it
        lost = 0
        rest = b""
        while block := self.file.read(BLOCK):
            if mixed:
                text, rest = self._utf8(rest + block, final=False)
            else:
                text = decoder.decode(block)
                lost += text.count("\N{REPLACEMENT CHARACTER}")
            text = held + text
            held = "\r" if text.endswith("\r") else ""
            if text := clean(text[:-1] if held else text):
                yield text
        text = held + (self._utf8(rest, final=True)[0] if mixed else decoder.decode(b"", final=True))
        if text := clean(text):
            yield text
        if lost:
            self.notes.append(f"{lost:,} characters could not be decoded as {self.encoding}.")
        if self._stray:
            self.notes.append(f"{self._stray:,} bytes are not valid UTF-8 and were read as Windows-1252.")

    def _utf8(self, data: bytes, *, final: bool) -> tuple[str, bytes]:
        """Text of `data` and the bytes of a character that is not complete yet; stray bytes as Windows-1252."""
        pieces: list[str] = []
        start = 0
        while True:
            try:
                text, used = codecs.utf_8_decode(data[start:] if start else data, "strict", final)
                return "".join([*pieces, text]), data[start + used :]
            except UnicodeDecodeError as error:
                pieces.append(data[start : start + error.start].decode("utf-8"))
                wrong = data[start + error.start : start + error.end]
                pieces.append(wrong.decode("cp1252", errors="replace"))
                self._stray += len(wrong)
                start += error.end

    def lines(self) -> Iterator[str]:
        """Line by line, without the line feed; only the present line is held."""
        held: list[str] = []
        for chunk in self.chunks():
            first, *others = chunk.split("\n")
            held.append(first)
            for line in others:
                yield "".join(held)
                held = [line]
        if last := "".join(held):
            yield last


def open_text(file: BinaryIO, *, is_utf8: bool, declared: str = "") -> TextStream:
    """Choose the encoding of a file that is text.

    Args:
        file: seekable.
        is_utf8: whether all of it is valid UTF-8.
        declared: what the text says of itself (HTML's meta, XML's declaration); believed unless bytes speak against it.
    """
    file.seek(0)
    sample = file.read(SAMPLE)
    if mark := _marked(sample):
        return TextStream(file, mark[1], len(mark[0]))
    if is_utf8 and not _utf16_without_mark(sample):
        return TextStream(file, "utf-8")
    if encoding := _utf16_without_mark(sample):
        return TextStream(file, encoding, notes=[f"Read as {encoding.upper()}, which it does not declare."])
    if declared and (encoding := _usable(declared, sample)):
        return TextStream(file, encoding)
    if _mostly_utf8(sample, file):
        return TextStream(file, "utf-8")
    encoding = _guess(sample, file)
    return TextStream(file, encoding, notes=[f"Read as {encoding}, a guess: it is not UTF-8 and says nothing else."])


def _marked(sample: bytes) -> tuple[bytes, str] | None:
    return next((mark for mark in _MARKS if sample.startswith(mark[0])), None)


def _utf16_without_mark(sample: bytes) -> str:
    """Its name where nearly every other byte is NUL, as in Western text; else ""."""
    sample = sample[:4096]
    half = len(sample) // 2
    if half < 2:
        return ""
    even, odd = sample[0 : 2 * half : 2].count(0), sample[1 : 2 * half : 2].count(0)
    if odd > 0.6 * half and even < 0.02 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 * half and odd < 0.02 * half else ""


def _usable(declared: str, sample: bytes) -> str:
    """The codec's name where it decodes the sample without an error, and is one for text; else ""."""
    try:
        info = codecs.lookup(declared.strip())
        if not getattr(info, "_is_text_encoding", True) or info.name in ("idna", "punycode", "utf-7"):
            return ""
        name = "cp1252" if info.name == "iso8859-1" else info.name  # as every browser reads it
        text = codecs.getincrementaldecoder(name)(errors="replace").decode(sample)
        return name if text.count("\N{REPLACEMENT CHARACTER}") <= len(text) // 1000 else ""
    except (LookupError, ValueError):
        return ""


def _telling(sample: bytes, file: BinaryIO) -> bytes:
    """The sample, or where that is plain ASCII, the first stretch of the file that is not."""
    if not sample.isascii():
        return sample
    file.seek(len(sample))
    while block := file.read(SAMPLE):
        if not block.isascii():
            return block
    return sample


def _mostly_utf8(sample: bytes, file: BinaryIO) -> bool:
    """Whether characters of several bytes are valid far more often than not."""
    sample = _telling(sample, file)[:SAMPLE]
    text = sample.decode("utf-8", errors="replace")
    wrong = text.count("\N{REPLACEMENT CHARACTER}")
    right = sum(1 for char in text if char > "\x7f") - wrong
    return right > 2 * wrong


def _guess(sample: bytes, file: BinaryIO) -> str:
    """By charset-normalizer; Windows-1252 where it knows no better, which decodes anything."""
    from charset_normalizer import from_bytes

    lines = _telling(sample, file).splitlines(keepends=True)
    sample = b"".join(line for line in lines if not line.isascii())[:65_536]  # the others would only dilute it
    found = from_bytes(sample, cp_exclusion=["ascii", "utf_7", "utf_8", "utf_16", "utf_32"]).best()
    name = found.encoding if found else "cp1252"
    if found and "cp1252" in found.could_be_from_charset:
        name = "cp1252"
    return {"shift_jis": "cp932", "latin_1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}.get(name, name)


class Utf8Check:
    """Whether bytes that come in blocks are valid UTF-8 as a whole."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._valid = True

    def feed(self, block: bytes) -> None:
        """The next block."""
        if self._valid and not (block.isascii() and not self._decoder.getstate()[0]):
            try:
                self._decoder.decode(block)
            except UnicodeDecodeError:
                self._valid = False

    def end(self) -> bool:
        """The verdict, after the last block."""
        return self._valid and not self._decoder.getstate()[0]
