"""Python that an assertion names by `file://check.py:function`: its text, so that the sandbox can run it.

Nothing is run or imported here. Source: promptfoo, “Python assertions”.
"""

from __future__ import annotations

import re

from core.evals.reading.context import Reading
from core.evals.reading.folder import SCHEME

USUAL = "get_assert"
"""The function that promptfoo calls where the file names none."""
MOST_BYTES = 256 * 1024


def load(reference: str, reading: Reading, place: str) -> tuple[str, str]:
    """The program's text, and the function to call.

    Raises:
        InvalidInput: there is no such file in the folder, or it cannot be read.
    """
    found = re.fullmatch(r"(.+\.\w+):([A-Za-z_]\w*)", reference.removeprefix(SCHEME).strip())
    path, function = (found[1], found[2]) if found else (reference.removeprefix(SCHEME).strip(), USUAL)
    return reading.folder.text(reading.folder.file(path, place), place, MOST_BYTES), function
