"""Which type a file is: magic bytes, members of a zip, then how the text looks.

The name decides between kinds of text only (`.md`, `.csv`, `.py`); a file that is named otherwise than what it holds
is read as what it holds, with a note, or refused with a sentence that says both. Knows nothing of reading it.
"""

from __future__ import annotations

import re

from core.documents.loading.source import Source
from core.documents.loading.text import SAMPLE, looks_binary, open_text

PDF_WINDOW = 1024
"""A PDF's header may stand anywhere in the first bytes, say readers since Acrobat 3."""
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BY_SUFFIX = {
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd", ".qmd", ".rmd"), "markdown"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    **dict.fromkeys((".csv", ".tsv", ".tab"), "csv"),
    ".json": "json",
    ".geojson": "json",
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
    **dict.fromkeys((".xml", ".svg", ".rss", ".atom"), "xml"),
}
CODE = frozenset(
    (
        *(".py", ".pyi", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".java", ".kt", ".kts", ".scala", ".c", ".h"),
        *(".cc", ".cpp", ".hpp", ".cs", ".go", ".rs", ".rb", ".php", ".swift", ".m", ".r", ".jl", ".lua", ".pl", ".sh"),
        *(".bash", ".zsh", ".fish", ".ps1", ".bat", ".sql", ".css", ".scss", ".less", ".vue", ".svelte", ".yaml"),
        *(".yml", ".toml", ".ini", ".cfg", ".conf", ".tex", ".dart", ".ex", ".exs", ".erl", ".hs", ".ml", ".clj"),
        *(".lisp", ".el", ".vim", ".proto", ".graphql", ".tf", ".gradle", ".cmake", ".mk", ".diff", ".patch"),
    )
)
OFFICE = {"word/document.xml": "docx", "ppt/presentation.xml": "pptx", "xl/workbook.xml": "xlsx"}
BINARY_SUFFIXES = {
    ".pdf": "a PDF",
    **dict.fromkeys((".docx", ".docm"), "a Word document"),
    **dict.fromkeys((".pptx", ".pptm"), "a presentation"),
    **dict.fromkeys((".xlsx", ".xlsm"), "a workbook"),
    ".epub": "an EPUB",
    ".zip": "a zip archive",
}
_HTML = re.compile(r"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_FOREIGN = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"BM", "a BMP image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"OggS", "an audio or video file"),
    (b"ID3", "an audio file"),
    (b"fLaC", "an audio file"),
    (b"\x1aE\xdf\xa3", "a video file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"GGUF", "a GGUF model"),
)
_PLAIN_TEXT_TOO = (b"BM", b"MZ", b"BZh", b"ID3", b"GIF8")
"""Marks that a text may begin with as well."""


def kind_of(source: Source) -> str:
    """The type's name in the registry.

    Raises:
        LoadError: it is of a type that Loupe does not read; the sentence says which.
    """
    source.file.seek(0)
    sample = source.file.read(SAMPLE)
    if b"%PDF-" in sample[:PDF_WINDOW]:
        return "pdf"
    if sample.startswith(ZIP_MAGIC):
        from core.documents.loading.zipped import kind_of_zip

        return kind_of_zip(source)
    if sample.startswith(OLE_MAGIC):
        raise source.problem(_ole(source, sample))
    if foreign := _foreign(sample, source.is_utf8):
        advice = (
            "unpack it first"
            if foreign.endswith("archive")
            else "turn it into text first (OCR)"
            if foreign.endswith("image")
            else "Loupe reads documents and text"
        )
        raise source.problem(f"is {foreign}{_not_as_named(source)}; {advice}.")
    if sample.lstrip().startswith(b"{\\rtf"):
        raise source.problem("is an RTF document, which Loupe does not read; save it as .docx first.")
    if looks_binary(sample[:65_536], source.is_utf8):
        raise source.problem(f"holds binary data of a type that Loupe does not know{_not_as_named(source)}.")
    return _text_kind(source)


def _text_kind(source: Source) -> str:
    head = next(open_text(source.file, is_utf8=source.is_utf8).chunks(), "")[:4096].lstrip()
    looks = _look(head)
    if named := BINARY_SUFFIXES.get(source.suffix):
        what = "an HTML page" if looks == "html" else "plain text"
        raise source.problem(f"is not {named}: it holds {what}; get the file again or rename it to what it is.")
    if source.is_address and looks == "html":  # what ends in .php or .md there is a page all the same
        return "html"
    if kind := BY_SUFFIX.get(source.suffix):
        return kind
    if source.suffix in CODE or source.suffix == ".txt":
        return "text"
    return looks


def _look(head: str) -> str:
    """A text's kind by how it begins, where its name says nothing."""
    if re.match(
        r"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", head, re.IGNORECASE | re.DOTALL
    ):
        return "html"
    if head.startswith("<?xml") or re.match(r"<(svg|rss|feed)\b", head):
        return "xml"
    if re.match(r'\{\s*"[^"\n]*"\s*:.*\}\n\s*\{', head):
        return "jsonl"
    if re.match(r'\{\s*"[^"\n]*"\s*:|\[\s*[\[{]', head):
        return "json"
    if re.match(r"---\n(\w+:.*\n)+---\n", head) or len(re.findall(r"^#{1,6} \S", head, re.MULTILINE)) >= 2:
        return "markdown"
    return "text"


def _foreign(sample: bytes, is_utf8: bool) -> str:
    for magic, what in _FOREIGN:
        if sample.startswith(magic) and (magic not in _PLAIN_TEXT_TOO or looks_binary(sample[:4096], is_utf8)):
            return what
    if sample[:4] == b"RIFF":
        return "a WebP image" if sample[8:12] == b"WEBP" else "an audio or video file"
    return "an audio or video file" if sample[4:8] == b"ftyp" else ""


def _ole(source: Source, sample: bytes) -> str:
    """Office files before 2007, and the wrapper around newer ones that a password protects."""
    source.file.seek(0)
    names = sample + source.file.read(8 * 1024 * 1024)
    if "EncryptedPackage".encode("utf-16-le") in names:
        return "is password-protected; unlock it first."
    return (
        "is in the Office format from before 2007, which Loupe does not read; save it as .docx, .xlsx or .pptx first."
    )


def _not_as_named(source: Source) -> str:
    named = BINARY_SUFFIXES.get(source.suffix)
    return f", not {named}" if named else ""
