"""PDF by pypdf: the text layer page by page. Knows nothing of OCR: a scan without a text layer is refused.

Every page has a time limit of its own, and a page without text is named in the notes: pypdf stops a decompression bomb
by itself and then gives no text at all for it, without an error.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from core.documents.extracted import Extracted, Refused
from core.documents.loading.source import Builder, Source, clean_line

if TYPE_CHECKING:
    from pypdf import PdfReader

TITLE = "a PDF"
MOST_NAMED = 20
"""Pages that are named one by one in the notes."""


class _PageTimeout(BaseException):
    """No `Exception`, or a library would take it for one of its own and go on."""


def read(source: Source) -> Iterator[Extracted | Refused]:
    """One document with its pages."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    source.file.seek(0)
    try:
        reader = PdfReader(source.file, strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise source.problem("is password-protected; unlock it first.")
        count = len(reader.pages)
    except DependencyError:
        raise source.problem("is encrypted in a way that Loupe cannot read; save it without encryption.") from None
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise source.problem(f"is damaged or no complete PDF ({_reason(error)}); get the file again.") from None
    if not count:
        raise source.problem("is a PDF without pages.")
    builder = Builder(source)
    silent: list[int] = []
    failed: dict[int, str] = {}
    for number in range(1, count + 1):
        source.beat()
        try:
            with _at_most(source.limits.page_s):
                text = reader.pages[number - 1].extract_text()
        except _PageTimeout:
            failed[number] = f"took longer than {source.limits.page_s} s"
            continue
        except MemoryError:
            raise
        except Exception as error:
            failed[number] = _reason(error)
            continue
        if not builder.add(text, number=number):
            silent.append(number)
    for number, reason in list(failed.items())[:MOST_NAMED]:
        builder.note(f"Page {number} could not be read and was passed over: {reason}.")
    if len(failed) > MOST_NAMED:
        builder.note(f"{len(failed) - MOST_NAMED:,} further pages could not be read.")
    if silent:
        builder.note(_without_text(silent))
    nothing = f"has 0 characters on {count:,} page{'s' * (count > 1)}: it needs OCR, a text layer, before it is added."
    if failed:
        page, reason = next(iter(failed.items()))
        nothing = f"gave no text: page {page} could not be read ({reason})" + (
            f", nor could {len(failed) - 1:,} others." if len(failed) > 1 else "."
        )
    yield builder.finish("pdf", title=_title(reader), metadata=_metadata(reader, count), nothing=nothing)


def _without_text(pages: list[int]) -> str:
    """A sentence such as "Pages 3, 5–9 have no text"."""
    ranges: list[list[int]] = []
    for page in pages:
        if ranges and page == ranges[-1][1] + 1:
            ranges[-1][1] = page
        else:
            ranges.append([page, page])
    named = ", ".join(f"{first}–{last}" if last > first else f"{first}" for first, last in ranges[:MOST_NAMED])
    more = "" if len(ranges) <= MOST_NAMED else " and others"
    if len(pages) == 1:
        return f"Page {named} has no text (a picture, or empty)."
    return f"Pages {named}{more} have no text (pictures, or empty)."


def _title(reader: PdfReader) -> str:
    title = _info(reader).get("title", "")
    return title if len(title) > 3 and not title.lower().endswith((".doc", ".docx", ".indd", ".tex")) else ""


def _metadata(reader: PdfReader, pages: int) -> dict[str, object]:
    return {**_info(reader), "pages": pages}


def _info(reader: PdfReader) -> dict[str, str]:
    """What the document says of itself; a damaged entry is left out."""
    found: dict[str, str] = {}
    for name in ("title", "author", "subject", "keywords", "creator", "creation_date"):
        value: Any = None
        try:
            value = getattr(reader.metadata, name, None)
        except Exception:
            continue
        if value is not None and (text := clean_line(value.isoformat() if hasattr(value, "isoformat") else str(value))):
            found["created" if name == "creation_date" else name] = text
    return found


def _reason(error: Exception) -> str:
    return clean_line(str(error), 120).rstrip(".") or type(error).__name__


@contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    """Interrupt the block after `seconds`; only a process's main thread can, elsewhere nothing limits it."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise _PageTimeout

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)  # again and again: a destructor may swallow the first one
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
