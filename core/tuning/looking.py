"""What a run would do, looked at in a thread of its own and found again by what it is of: for pages.

Reading rows, counting numbers and simulating memory take seconds. Trains nothing. Knows nothing of pages.
"""

from __future__ import annotations

import hashlib
import uuid

from core.live.looks import Looks, Pending, stamp
from core.tuning.request import TuneRequest
from core.tuning.start import Checked, check

LOOKED_AT = f"look-{uuid.UUID(int=0).hex}"
"""A name that no result has, so that whether a name is taken is not a part of a look."""
_looks: Looks[Checked] = Looks("tuning", 16)


def look(request: TuneRequest) -> Pending[Checked]:
    """The look at this very run, with these very files; it is being taken if it is new.

    The name of the result does not matter to it: `places.result_folder` says at once whether it can be used.
    """
    request = request.model_copy(update={"name": LOOKED_AT})
    stamps = [stamp(name) for name in (request.data, request.eval_data) if name]
    key = hashlib.sha256(f"{request.model_dump_json()} {stamps}".encode()).hexdigest()
    return _looks.look(key, lambda: check(request))


def forget() -> None:
    """Look anew at everything: something may have changed that a request does not name."""
    _looks.forget()
