"""Zip files before anything in them is unpacked: how many members, how large, with which names, and what they make up.

The sizes that a zip declares are what Python's reader unpacks at most, so a bomb is refused by its directory. Knows
nothing of what the members say.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile

from core.documents.loading.source import Source

MOST_DIRECTORY_BYTES = 1000
"""A member, in the directory: more than any name and its attributes need."""
RESERVED = frozenset(
    ("CON", "PRN", "AUX", "NUL", *(f"COM{n}" for n in range(1, 10)), *(f"LPT{n}" for n in range(1, 10)))
)
"""Names that are devices on Windows, with any suffix."""
_END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"
_DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


def kind_of_zip(source: Source) -> str:
    """Which type a zip is, by its members.

    Raises:
        LoadError: it is damaged, too large, or of a type that Loupe does not read.
    """
    with opened_zip(source, source.limits.unpacked_bytes) as archive:
        names = set(archive.namelist())
        if "mimetype" in names:
            with archive.open("mimetype") as file:
                media = file.read(200)
            if media.strip().startswith(b"application/epub+zip"):
                return "epub"
            if media.startswith(b"application/vnd.oasis.opendocument"):
                raise source.problem("is an OpenDocument file, which Loupe does not read; save it as .docx or .xlsx.")
    if "[Content_Types].xml" in names:
        if "xl/workbook.bin" in names:
            raise source.problem("is a binary workbook (.xlsb), which Loupe does not read; save it as .xlsx first.")
        for folder, kind in (("word/", "docx"), ("ppt/", "pptx"), ("xl/", "xlsx")):
            if any(name.startswith(folder) for name in names):
                return kind
        raise source.problem("is an Office file of a type that Loupe does not read.")
    if "META-INF/container.xml" in names:
        return "epub"
    from core.documents.loading.detect import BINARY_SUFFIXES

    named = BINARY_SUFFIXES.get(source.suffix)
    if named and source.suffix != ".zip":
        raise source.problem(f"is not {named}: it is a zip archive without one inside.")
    return "archive"


def opened_zip(source: Source, most_bytes: int) -> zipfile.ZipFile:
    """The zip, its directory checked against the limits.

    Raises:
        LoadError: it is damaged, or would unpack to too much.
    """
    limits = source.limits
    entries, directory = _declared(source)
    if entries > limits.entries or directory > limits.entries * MOST_DIRECTORY_BYTES:
        raise source.problem(
            f"holds {entries:,} entries, more than the limit of {limits.entries:,}; it was not opened."
        )
    source.file.seek(0)
    try:
        archive = zipfile.ZipFile(source.file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error):
        raise source.problem("is a damaged or incomplete zip file; get the file again.") from None
    infos = archive.infolist()
    total = sum(info.file_size for info in infos)
    if len(infos) > limits.entries:
        raise source.problem(f"holds {len(infos):,} entries, more than the limit of {limits.entries:,}.")
    if total > most_bytes:
        raise source.problem(
            f"would unpack to {total / 1e6:,.0f} MB, more than the limit of {most_bytes / 1e6:,.0f} MB; "
            f"it was not unpacked."
        )
    if total > limits.ratio_from_bytes and total > limits.ratio * source.size:
        raise source.problem(
            f"would unpack to {total // source.size:,} times its size ({total / 1e6:,.0f} MB), as a zip bomb does; "
            f"it was not unpacked."
        )
    return archive


def opened_document(source: Source, *, doctypes: bool = False) -> zipfile.ZipFile:
    """An office file or EPUB, checked further: no encryption, and unless `doctypes`, nothing in which entities hide.

    Raises:
        LoadError: what it is refused for.
    """
    archive = opened_zip(source, source.limits.document_unpacked_bytes)
    for info in archive.infolist():
        if info.flag_bits & 1:
            raise source.problem("is password-protected; unlock it first.")
        if not doctypes and info.filename.lower().endswith((".xml", ".rels")) and info.file_size:
            with archive.open(info) as file:
                head = file.read(4096).replace(b"\0", b"")  # UTF-16 has a NUL in every other byte
            if _DOCTYPE.search(head):
                raise source.problem(
                    f"declares a DOCTYPE in {info.filename[:100]}, which Office never writes and attacks do; "
                    f"it was not read."
                )
    return archive


def wrong_name(info: zipfile.ZipInfo) -> str:
    """Why a member's name or kind is refused, as the end of a sentence; "" when nothing is wrong with it."""
    name = info.orig_filename
    if not name or any(char < " " or char == "\x7f" for char in name):
        return "its name is empty or holds a control character"
    parts = re.split(r"[/\\]", name)
    if name[0] in "/\\" or re.match(r"[A-Za-z]:", name):
        return "its name is an absolute path"
    if ".." in parts:
        return "its name leads out of the archive"
    mode = stat.S_IFMT(info.external_attr >> 16)
    if mode == stat.S_IFLNK:
        return "it is a symbolic link"
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "it is no ordinary file"
    if any(part.split(".")[0].strip().upper() in RESERVED for part in parts):
        return "its name is that of a device on Windows"
    if any(len(part.encode("utf-8", "replace")) > 255 for part in parts) or len(name) > 2000:
        return "its name is longer than 255 bytes"
    if info.flag_bits & 1:
        return "it is password-protected"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        return "it is packed in a way that Loupe does not unpack"
    return ""


def name_of(info: zipfile.ZipInfo) -> str:
    """A member's name; without the flag for UTF-8 it may be UTF-8 all the same, as some packers write it."""
    if not info.flag_bits & 0x800:
        try:
            return info.filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.filename


def _declared(source: Source) -> tuple[int, int]:
    """Members, and bytes of the directory, as the record at the end says; (0, 0) where there is none.

    `zipfile.ZipFile` reads the whole directory into objects before it can be asked, half a GB for a million members.
    """
    start = max(0, source.size - 65_557 - 76)
    source.file.seek(start)
    tail = source.file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        return 0, 0
    entries, directory = struct.unpack("<HI", tail[at + 10 : at + 16])
    wide = tail.rfind(_END64, 0, at)
    if wide >= 0 and len(tail) >= wide + 56:
        more, larger = struct.unpack("<QQ", tail[wide + 32 : wide + 48])
        entries, directory = max(entries, more), max(directory, larger)
    return entries, directory
