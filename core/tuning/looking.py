"""What a run would do, looked at in a thread of its own and found again by what it is of: for pages.

Reading rows, counting numbers and simulating memory take seconds. Trains nothing. Knows nothing of pages.
"""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import LoupeError
from core.log import get_log
from core.tuning.request import TuneRequest
from core.tuning.start import Checked, check

KEPT = 16
UNEXPECTED = "Something went wrong inside Loupe; the details are in logs/loupe.log in the data directory."


@dataclass(slots=True)
class Pending:
    """A look that is being taken, or was."""

    checked: Checked | None = None
    error: str | None = None
    """Why there is none, one sentence."""
    done: threading.Event = field(default_factory=threading.Event)


def look(request: TuneRequest) -> Pending:
    """The look at this very run, with these very files; it is being taken if it is new.

    The name of the result does not matter to it: `places.result_folder` says at once whether it can be used.
    """
    request = request.model_copy(update={"name": f"look-{uuid.UUID(int=0).hex}"})
    key = _key(request)
    with _lock:
        pending = _looks.get(key)
        if pending is None:
            pending = _looks[key] = Pending()
            _waiting.append((request, pending))
            if not _working.is_set():
                _working.set()
                threading.Thread(target=_work, name="tuning look", daemon=True).start()
        _looks.move_to_end(key)
        while len(_looks) > KEPT:
            _looks.popitem(last=False)
    return pending


def forget() -> None:
    """Look anew at everything: something may have changed that a request does not name."""
    with _lock:
        _looks.clear()


def _work() -> None:
    """One look after another, since each takes a core; the latest first: somebody who turns a dial waits for it."""
    while True:
        with _lock:
            if not _waiting:
                _working.clear()
                return
            request, pending = _waiting.pop()
        _take(request, pending)


def _take(request: TuneRequest, pending: Pending) -> None:
    try:
        pending.checked = check(request)
    except LoupeError as error:
        pending.error = str(error)
    except Exception:  # a page waits for this thread
        get_log().exception("tuning: a look failed")
        pending.error = UNEXPECTED
    finally:
        pending.done.set()


def _key(request: TuneRequest) -> str:
    stamps = []
    for name in filter(None, (request.data, request.eval_data)):
        try:
            found = Path(name).stat()
            stamps.append((found.st_mtime_ns, found.st_size))
        except OSError:
            stamps.append((0, 0))
    return hashlib.sha256(f"{request.model_dump_json()} {stamps}".encode()).hexdigest()


_looks: OrderedDict[str, Pending] = OrderedDict()
_waiting: list[tuple[TuneRequest, Pending]] = []
_lock, _working = threading.Lock(), threading.Event()
