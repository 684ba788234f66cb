"""Reports into a folder, each whole or not at all. Knows nothing of formats."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from core.errors import InvalidInput
from core.evals.report.registry import REPORTS, Report


def write_reports(eval_id: str, folder: Path, formats: Sequence[str] | None = None) -> list[Path]:
    """Write reports and return their paths; a file that is there is replaced in one step once the new one is complete.

    Args:
        eval_id: whose.
        folder: made when it is not there.
        formats: keys of `REPORTS`; `None`: all.

    Raises:
        InvalidInput: there is no such format, or the folder cannot be written; reports that are complete stay.
        NotFound: there is no such eval.
        StoreError: the database could not be read.
    """
    wanted = list(REPORTS) if formats is None else list(formats)
    for name in wanted:
        if name not in REPORTS:
            raise InvalidInput(f"There is no report {name[:40]!r}; there are {', '.join(REPORTS)}.", "formats")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [_write(REPORTS[name], eval_id, folder) for name in wanted]
    except OSError as error:
        reason = (error.strerror or str(error)).rstrip(".")
        raise InvalidInput(f"The reports cannot be written into {folder}: {reason}.", "out") from None


def _write(report: Report, eval_id: str, folder: Path) -> Path:
    file = folder / report.file
    beside = folder / f".{report.file}.{secrets.token_hex(4)}"
    try:
        with beside.open("w", encoding="utf-8", errors="replace", newline="") as out:
            for piece in report.render(eval_id):
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
    finally:
        with contextlib.suppress(OSError):  # it is gone where all went well
            beside.unlink(missing_ok=True)
    return file
