"""The log file in the data directory: what went wrong inside, for whoever runs Loupe, with secrets blanked.

A person who uses Loupe sees one sentence instead. Knows nothing of what is logged.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path

from core.errors import LoupeError
from core.settings import ensure_home, get_settings

_TOKENS = re.compile(r"\b(?:sk|pk|hf|ghp|gsk|xai|AIza)[-_][A-Za-z0-9_\-]{6,}|(?i:bearer)\s+[^\s'\"]+")
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$|^LOUPE_DATABASE_URL$")


_lock = threading.Lock()


def get_log() -> logging.Logger:
    """The logger that writes to `logs/loupe.log` in the data directory (1 MB, three older ones kept).

    Where that file cannot be written, each entry is one line on stderr: whoever logs is dealing with an error already
    and must not get another one.
    """
    log = logging.getLogger("loupe")
    with _lock:
        try:
            _write_to_file(log)
        except (LoupeError, OSError) as error:
            _replace(log, logging.StreamHandler(), _OneLine(str(error)))
    log.setLevel(logging.INFO)
    log.propagate = False  # a terminal shows sentences, not this
    return log


def _write_to_file(log: logging.Logger) -> None:
    path = get_settings().home / "logs" / "loupe.log"
    handlers = [handler for handler in log.handlers if isinstance(handler, RotatingFileHandler)]
    if any(Path(handler.baseFilename) == path for handler in handlers):
        return
    ensure_home()
    path.parent.mkdir(exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    handler = RotatingFileHandler(path, maxBytes=1_000_000, backupCount=3, encoding="utf-8")
    _replace(log, handler, _Redacting("%(asctime)s %(levelname)s %(message)s"))


def _replace(log: logging.Logger, handler: logging.Handler, formatter: logging.Formatter) -> None:
    """Log to `handler` alone: another data directory may have been in use, or stderr."""
    for old in list(log.handlers):
        if isinstance(old, RotatingFileHandler) or isinstance(old.formatter, _OneLine):
            log.removeHandler(old)
            old.close()
    handler.setFormatter(formatter)
    log.addHandler(handler)


def redact(text: str) -> str:
    """`text` without API keys: what looks like one, and the value of every environment variable named like one."""
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name) and len(value) >= 6:
            text = text.replace(value, "[secret]")
    return _TOKENS.sub("[secret]", text)


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _OneLine(logging.Formatter):
    """A person reads it: of an exception only what it is, on one line."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self._why = why

    def format(self, record: logging.LogRecord) -> str:
        """The line; other handlers' traceback, which the record may carry, stays out of it."""
        said = f"logs/loupe.log cannot be written ({self._why}): {record.getMessage()}"
        if record.exc_info and record.exc_info[0]:
            said += f": {record.exc_info[0].__name__}: {record.exc_info[1]}"
        return redact(" ".join(said.split()))
