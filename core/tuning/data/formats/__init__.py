"""The formats of training rows that people have, one file each.

A format says which roles its columns play and makes an `Example` of a row. Detection asks them in order: the more a
format demands, the earlier. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from core.tuning.data.formats import alpaca, messages, prompt_completion, sharegpt, text, text_label
from core.tuning.data.rows import Example


class Format(Protocol):
    """What a module here offers."""

    NAME: str
    ABOUT: str
    """What a row holds, in words."""
    ROLES: dict[str, tuple[str, ...]]
    """By role: the usual names of its column, the likeliest first."""
    NEEDED: tuple[str, ...]
    """Roles that a file must have."""

    def read(self, number: int, values: Mapping[str, Any], columns: Mapping[str, str]) -> Example:
        """A row; raises InvalidInput with the rest of a sentence after “row 7: ”."""


_ALL: tuple[Any, ...] = (messages, sharegpt, alpaca, prompt_completion, text_label, text)
FORMATS: dict[str, Format] = {each.NAME: each for each in _ALL}
"""By name, in the order in which they are tried."""


def found_columns(format: Format, names: Mapping[str, Any], chosen: Mapping[str, str]) -> dict[str, str] | None:
    """Which column plays which role, or `None` where a needed one is missing.

    Args:
        format: a format.
        names: the columns there are.
        chosen: columns that a person named, by role.
    """
    if not chosen.keys() <= format.ROLES.keys():
        return None
    usual: dict[str, str] = {}
    for name in names:
        usual.setdefault(name.strip().lower(), name)
    roles = dict(chosen)
    for role, synonyms in format.ROLES.items():
        taken = set(roles.values())
        found = next((usual[each] for each in synonyms if each in usual and usual[each] not in taken), None)
        if role not in roles and found is not None:
            roles[role] = found
    return roles if all(role in roles for role in format.NEEDED) else None
