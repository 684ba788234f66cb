"""Templates of promptfoo (Nunjucks) as templates of Loupe: `{{ name }}` is a variable, nothing else is evaluated.

`{% raw %}` keeps its text and `| safe` changes nothing, so both are read; any other filter, `{% if %}` and the like is
logic that Loupe does not run, and is named. Knows nothing of where a text stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.errors import InvalidInput
from core.evals.reading.context import Reading
from core.prompts import template
from core.prompts.inputs import as_text
from core.prompts.names import short

_RAW = re.compile(r"\{%-?\s*raw\s*-?%\}(.*?)\{%-?\s*endraw\s*-?%\}", re.S)
_SAFE = re.compile(r"\{\{-?[ \t]*(" + template.NAME + r")[ \t]*(?:\|[ \t]*safe[ \t]*)?-?\}\}")
_LOGIC = re.compile(r"\{%.{0,200}?%\}|\{#.{0,200}?#\}|(?<!\\)\{\{(?!\{).{0,200}?\}\}", re.S)
_PASSES = 5
_LONGEST = 1_000_000


def plain(text: str, reading: Reading, place: str) -> str:
    """`text` as a template of Loupe.

    Raises:
        InvalidInput: it holds logic, and that may not be left in as text.
    """
    if "{" not in text:
        return text
    parts = _RAW.split(text)  # every second one stood between raw and endraw
    read = [template.escape(part) if number % 2 else _simple(part) for number, part in enumerate(parts)]
    for part in read[::2]:
        if found := logic(part):
            reading.unsupported(place, f"uses {short(found)}, which Loupe does not evaluate", "it stays as it stands")
    return "".join(read)


def logic(text: str) -> str | None:
    """The first piece of Nunjucks in `text` that is more than a variable."""
    for found in _LOGIC.finditer(text):
        inside = found[0][2:-2].strip() if found[0].startswith("{{") else ""
        if not inside or not re.fullmatch(template.NAME, inside):
            if found[0].startswith("{{") and inside.startswith(('"', "'")) and ":" in inside:
                continue  # JSON with two braces in a row, such as {{"a": 1}}
            return found[0]
    return None


def written(text: str) -> str:
    """`text`, a template of Loupe, as one of promptfoo: what would be logic there stands between raw and endraw."""
    pieces, rest = [], text
    while found := logic(rest):
        before, _, rest = rest.partition(found)
        pieces += [before, "{% raw %}", found, "{% endraw %}"]
    return "".join([*pieces, rest])


def _simple(text: str) -> str:
    """Filters and signs that change nothing are left out."""
    return _SAFE.sub(lambda found: "{{" + found[1] + "}}" if "|" in found[0] or "-}" in found[0] else found[0], text)


def looked_up(name: str, values: Mapping[str, Any]) -> Any:
    """The value of a variable; `user.name` and `vars.user` reach into mappings and lists where no variable is so named.

    `None` when there is none.
    """
    if name in values:
        return values[name]
    parts = name.split(".")
    if parts[0] == "vars" and len(parts) > 1 and "vars" not in values:
        return looked_up(".".join(parts[1:]), values)
    found: Any = values.get(parts[0])
    for part in parts[1:]:
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


def interpolated(names: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Texts of `names` with variables replaced by other values of the row, as promptfoo does before it asks.

    A variable without a value stays as it stands.

    Raises:
        InvalidInput: values that hold each other grow without end.
    """
    result = dict(names)
    known = dict(values)
    for _ in range(_PASSES):
        changed = False
        for name, value in result.items():
            if not isinstance(value, str) or "{{" not in value:
                continue
            used = [each for each in template.variables(value) if each != name]
            given = {each: as_text(found) for each in used if (found := looked_up(each, known)) is not None}
            if not given:
                continue
            keep = {each: f"{{{{{each}}}}}" for each in template.variables(value)}
            result[name] = known[name] = template.render(value, keep | given)
            changed = changed or result[name] != value
            if len(str(result[name])) > _LONGEST:
                raise InvalidInput(f"the variable {short(name)} grows without end, since variables refer to each other")
        if not changed:
            break
    return result
