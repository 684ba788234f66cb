"""What a library says when a file could not be written, in words a person can act on.

safetensors has an error of its own that is no OSError; torch says it in the text of a RuntimeError. Knows nothing of
what is written.
"""

from __future__ import annotations

import errno
import re

FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk's quota is used up"}
REASONS = FULL | {errno.EFBIG: "no file may grow that large here"}
"""Why a file could not grow, by the system's number."""
_NUMBER = re.compile(r"\(os error (\d+)\)")
_TORCH = "unexpected pos"
"""What torch's writer of archives says when less was written than it gave."""


def no_room(error: Exception) -> str | None:
    """Why there was no room for a file; `None` where the error says something else."""
    text = str(error)
    number = error.errno if isinstance(error, OSError) else None
    if (found := _NUMBER.search(text)) is not None:
        number = int(found[1])
    if number in REASONS:
        return REASONS[number]
    return FULL[errno.ENOSPC] if "No space left" in text or _TORCH in text else None
