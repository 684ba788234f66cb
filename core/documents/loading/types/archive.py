"""A zip of files: every member as if it had been given alone, its path as the key.

A member with a dangerous name, or one that cannot be read, is refused by name while the others are read. Zips inside a
zip are opened, zips inside those are not. Nothing is unpacked to a path that a member names.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from core.documents.extracted import Extracted, Refused
from core.documents.loading.source import Source, clean_line, shown, too_much_memory
from core.documents.loading.zipped import name_of, opened_zip, wrong_name
from core.errors import LoadError

TITLE = "a zip archive"
DEEPEST = 1
"""Archives that an archive may lie in."""
IN_MEMORY = 8 * 1024 * 1024
_LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
"""What operating systems leave in archives; passed over without a word."""


def read(source: Source) -> Iterator[Extracted | Refused]:
    """The documents of all members."""
    if source.depth > DEEPEST:
        raise source.problem("is a zip inside a zip inside a zip; unpack the outer ones first.")
    limits, budget = source.limits, source.budget
    found = False
    with opened_zip(source, limits.unpacked_bytes - budget.unpacked_bytes) as archive:
        infos = archive.infolist()
        budget.entries += len(infos)
        budget.unpacked_bytes += sum(info.file_size for info in infos)
        if budget.entries > limits.entries:
            raise source.problem(f"and the archives around it hold more than {limits.entries:,} entries.")
        seen: set[str] = set()
        for number, info in enumerate(infos, 1):
            name = name_of(info)
            if info.is_dir() and not wrong_name(info):
                continue
            if name.startswith(_LITTER[0]) or name.rsplit("/", 1)[-1] in _LITTER[1:]:
                continue
            key = f"{source.key}/{name}" if source.key else name
            if source.depth == 0:
                if number <= source.watch.skip:
                    found = True
                    continue
                source.watch.member(number, clean_line(key, 2000))
            reason = wrong_name(info) or ("its name appears twice" if name in seen else "")
            seen.add(name)
            if reason:
                yield Refused(key=clean_line(key, 2000), reason=f"{shown(key)} was left out: {reason}.")
                found = True
                continue
            try:
                for document in _member(source, archive, info, name, key):
                    found = True
                    yield document
            except LoadError as error:
                found = True
                yield Refused(key=clean_line(key, 2000), reason=str(error))
            except MemoryError:
                found = True
                yield Refused(key=clean_line(key, 2000), reason=f"{shown(key)} {too_much_memory(limits)}")
    if not found:
        raise source.problem("is a zip without files.")


def _member(
    source: Source, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, key: str
) -> Iterator[Extracted | Refused]:
    from core.documents.loading.reading import opened, read

    limits = source.limits
    if info.file_size > limits.file_bytes:
        size = f"{info.file_size / 1e6:,.0f} MB"
        raise LoadError(f"{shown(key)} has {size}, more than the limit of {limits.file_bytes / 1e6:,.0f} MB.")
    with SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        try:
            with archive.open(info) as packed:
                while block := packed.read(1024 * 1024):
                    file.write(block)
                    source.beat()
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError):
            raise LoadError(f"{shown(key)} is damaged in the archive; make the archive again.") from None
        member = opened(
            cast(BinaryIO, file),
            name,
            limits,
            source.watch,
            key=key,
            depth=source.depth + 1,
            budget=source.budget,
        )
        yield from read(member)
