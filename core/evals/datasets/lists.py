"""YAML and JSON: a list of tests or rows, or a single one. The whole file is read at once, so its size is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from core.evals.datasets import jsonl
from core.evals.datasets.found import Found, row
from core.evals.reading.context import Reading
from core.evals.reading.folder import SCHEME
from core.prompts import files, strict_yaml

SUFFIXES = (".yaml", ".yml", ".json")
MOST_YAML_BYTES = 16 * 1024 * 1024
MOST_JSON_BYTES = 256 * 1024 * 1024
_NESTED = 5


def read(path: Path, reading: Reading) -> Iterator[Found]:
    """The rows, numbered by their place in the list.

    Raises:
        InvalidInput: it is no YAML or JSON, not allowed, or holds no list.
    """
    rows = _rows(path, reading, 0)
    for number, values in enumerate(rows, 1):
        yield row(values, reading, f"test {number}")


def _rows(path: Path, reading: Reading, depth: int) -> Iterator[Any]:
    data = _data(path, reading)
    for each in data if isinstance(data, list) else [data]:
        if isinstance(each, str) and each.startswith(SCHEME):  # a list of further files
            if depth >= _NESTED:
                raise InvalidInput(f"{reading.name} refers to files that refer to files without end.")
            for other in reading.folder.files(each, reading.name):
                yield from _rows(other, reading, depth + 1)
        else:
            yield each


def _data(path: Path, reading: Reading) -> Any:
    is_json = path.suffix.lower() == ".json"
    content = files.read(path, "data set", reading.name, MOST_JSON_BYTES if is_json else MOST_YAML_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"{reading.name} is not UTF-8 text; save the file as UTF-8.") from None
    if not is_json:
        data = strict_yaml.load(text, reading.name, aliases=True)
    else:
        try:
            data = jsonl.parsed(text)
        except InvalidInput as error:
            raise InvalidInput(f"{reading.name} is {error}.") from None
    if isinstance(data, dict) and isinstance(data.get("tests"), list):  # a whole config in place of its tests
        data = data["tests"]
    if data is None:
        return []
    if not isinstance(data, list | dict):
        raise InvalidInput(f"{reading.name} holds no list of tests; a test is a mapping with vars and assert.")
    return data
