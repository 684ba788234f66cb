"""Names of presets and prompts: what can be a file's name on every system, and so stays inside its folder.

Knows nothing of which files exist.
"""

from __future__ import annotations

import re

from core.errors import InvalidInput

MAX_DEPTH = 6
_PRESET = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,59}")
_SEGMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,58}[A-Za-z0-9_-])?")
_LABEL = re.compile(r"(?=[a-z0-9._-]*[a-z])[a-z0-9][a-z0-9._-]{0,39}")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
LATEST = "latest"


def check_preset_name(name: str) -> str:
    """`name` itself.

    Raises:
        InvalidInput: it cannot be a file's name on every system; that also keeps it inside its folder.
    """
    if not _PRESET.fullmatch(name):
        raise InvalidInput(
            f"{short(name)} cannot be a preset's name: use up to 60 letters a-z, digits, spaces, '-' and '_', "
            "a letter or digit first.",
            "name",
        )
    return name


def check_prompt_name(name: str) -> str:
    """`name` itself: folders and a file's name without its ending, such as `everyday/summarise`.

    Raises:
        InvalidInput: a part cannot be a file's name on every system, or there are more than `MAX_DEPTH` of them.
    """
    parts = name.split("/")
    if len(parts) > MAX_DEPTH or not all(_SEGMENT.fullmatch(part) and not _DEVICES.fullmatch(part) for part in parts):
        raise InvalidInput(
            f"{short(name)} cannot be a prompt's name: use up to 60 letters a-z, digits, spaces, '-', '_' and '.', a "
            f"letter or digit first, with '/' between folders (at most {MAX_DEPTH - 1}).",
            "name",
        )
    return name


def safe_prompt_name(text: str) -> str:
    """The nearest allowed name without folders for any `text`, such as an uploaded file's name."""
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:60].strip("-._")
    return f"{words}-prompt"[-60:] if not words or _DEVICES.fullmatch(words) else words


def check_label(label: str) -> str:
    """`label` itself.

    Raises:
        InvalidInput: it is no label; a number would be taken for a version, `latest` is the newest one already.
    """
    if not _LABEL.fullmatch(label) or label == LATEST:
        raise InvalidInput(
            f"{short(label)} cannot be a label: use up to 40 small letters, digits, '-', '_' and '.', at least one "
            f"letter; {LATEST!r} always is the newest version.",
            "label",
        )
    return label


def short(text: str) -> str:
    """`text` quoted for a sentence, cut when it is long."""
    return repr(text if len(text) <= 60 else text[:57] + "…")
