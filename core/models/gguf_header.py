"""Reads the header of a GGUF file: its fields and where its tensors lie.

Plain Python on a bounded stretch of the file, every length checked against what is left, so that a hostile file can at
most be refused. Vocabularies are skipped, not kept: a header takes tens of milliseconds, where the `gguf` library takes
seconds. Knows nothing of weights.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little-endian).
"""

from __future__ import annotations

import math
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

from core.errors import ModelLoadError, UnsafeModel

MAX_FIELDS = 100_000
MAX_TENSORS = 100_000
MAX_ITEMS = 4_000_000
"""Items of one array; vocabularies in use have up to about 300,000."""
MAX_KEPT = 1024**2
"""Bytes of a string that is kept, such as a chat template."""

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9

Field = int | float | bool | str | None


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """One tensor: `shape` as stored (innermost first), `type` a GGML type number, `offset` from the data section."""

    name: str
    shape: tuple[int, ...]
    type: int
    offset: int

    @property
    def shown(self) -> str:
        """The name for an error sentence."""
        return ascii(self.name[:80])


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """Scalar and string fields (arrays are `None`), and the tensors."""

    fields: dict[str, Field]
    tensors: tuple[GgufTensor, ...]
    data_offset: int
    alignment: int

    @property
    def parameters(self) -> int:
        """Numbers in the weights."""
        return sum(math.prod(tensor.shape) for tensor in self.tensors)

    @property
    def context_length(self) -> int | None:
        """The window it was trained for, in tokens."""
        value = self.fields.get(f"{self.fields.get('general.architecture')}.context_length")
        return value if type(value) is int and value > 0 else None

    @property
    def name(self) -> str | None:
        """What its maker calls it."""
        value = self.fields.get("general.name")
        return value if isinstance(value, str) and value else None

    @property
    def chat_template(self) -> str | None:
        """Jinja source, if there is one."""
        value = self.fields.get("tokenizer.chat_template")
        return value if isinstance(value, str) and value else None


def read_header(file: Path) -> GgufHeader:
    """The header of `file`.

    Raises:
        UnsafeModel: it is not a GGUF file, or a length in it is impossible.
        ModelLoadError: it cannot be read.
    """
    try:
        with file.open("rb") as stream:
            if file.stat().st_size < 24:
                raise UnsafeModel(f"{file} is not a GGUF file: it has only {file.stat().st_size} bytes.")
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _Reader(file, data).header()
    except OSError as error:
        raise ModelLoadError(f"{file} cannot be read: {error.strerror or error}.") from None


class _Reader:
    def __init__(self, file: Path, data: mmap.mmap) -> None:
        self._file, self._data, self._place, self._size = file, data, 0, len(data)

    def header(self) -> GgufHeader:
        if self._data[:4] != b"GGUF":
            raise UnsafeModel(f"{self._file} is not a GGUF file: it begins with {ascii(self._data[:4])[1:]}.")
        self._place = 4
        version = self._number("<I")
        if version not in (2, 3):
            raise UnsafeModel(f"{self._file} is GGUF version {version}; Loupe reads versions 2 and 3, little-endian.")
        tensors, fields = self._number("<Q"), self._number("<Q")
        if tensors > MAX_TENSORS or fields > MAX_FIELDS:
            raise self._lie(f"claims {tensors:,} tensors and {fields:,} fields")
        found: dict[str, Field] = {}
        for _ in range(fields):
            key = self._string()
            found[key or ""] = self._value(self._number("<I"))
        listed = tuple(self._tensor() for _ in range(tensors))
        alignment = found.get("general.alignment", 32)
        if type(alignment) is not int or not 1 <= alignment <= 2**20 or alignment & (alignment - 1):
            raise self._lie("has an impossible alignment")
        return GgufHeader(found, listed, -(-self._place // alignment) * alignment, alignment)

    def _tensor(self) -> GgufTensor:
        name = self._string() or ""
        dimensions = self._number("<I")
        if dimensions > 8:
            raise self._lie(f"holds a tensor of {dimensions} dimensions")
        shape = tuple(self._number("<Q") for _ in range(dimensions))
        if any(size > 2**40 for size in shape):
            raise self._lie("holds a tensor of impossible size")
        return GgufTensor(name, shape, self._number("<I"), self._number("<Q"))

    def _value(self, kind: int) -> Field:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            self._skip_array()
            return None
        if kind not in _SCALARS:
            raise self._lie(f"holds a field of the unknown type {kind}")
        return self._scalar(_SCALARS[kind])

    def _skip_array(self) -> None:
        kind, count = self._number("<I"), self._number("<Q")
        if count > MAX_ITEMS:
            raise self._lie(f"holds an array of {count:,} items")
        if kind in _SCALARS:
            self._take(struct.calcsize(_SCALARS[kind]) * count)
        elif kind == _STRING:
            for _ in range(count):
                self._take(self._number("<Q"))
        else:
            raise self._lie(f"holds an array of the unknown type {kind}")

    def _string(self) -> str | None:
        length = self._number("<Q")
        start = self._take(length)
        if length > MAX_KEPT:
            return None
        return self._data[start : start + length].decode("utf-8", errors="replace")

    def _number(self, layout: str) -> int:
        return int(self._scalar(layout))

    def _scalar(self, layout: str) -> int | float | bool:
        start = self._take(struct.calcsize(layout))
        value: int | float | bool = struct.unpack_from(layout, self._data, start)[0]
        return value

    def _take(self, length: int) -> int:
        start = self._place
        if length > self._size - start:
            raise self._lie("ends before its header does")
        self._place = start + length
        return start

    def _lie(self, what: str) -> UnsafeModel:
        return UnsafeModel(f"{self._file} is damaged or unsafe: it {what}; download or copy it again.")
