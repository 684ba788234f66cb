"""A keyword index as a file in the data directory, so that a new process need not read every chunk again.

One safetensors file a collection, replaced as a whole. It is a cache: what cannot be read, or does not fit together, is
made anew. Knows nothing of the store.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.documents.retrieval.keywords.bm25 import KeywordIndex, Postings
from core.documents.retrieval.keywords.words import VERSION
from core.log import get_log
from core.settings import ensure_home

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

FORMAT = f"1.{VERSION}"
SUFFIX = ".safetensors"


def folder() -> Path:
    """Where the files lie."""
    return ensure_home() / "keywords"


def age_s(collection: str, now: float) -> float | None:
    """Seconds since the file was written; `None` when there is none."""
    try:
        return now - _file(collection).stat().st_mtime
    except OSError:
        return None


def load(collection: str) -> tuple[int, KeywordIndex] | None:
    """The revision it was made for, and the index; `None` when there is none that can be used."""
    file = _file(collection)
    if not file.is_file():
        return None
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="numpy") as opened:
            about = opened.metadata() or {}
            if about.get("format") != FORMAT or about.get("collection") != collection:
                return None
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 – it is no dict
        vocabulary = json.loads(bytes(arrays["vocabulary"]).decode("utf-8"))
        revision = int(about["revision"])
        _check(arrays, vocabulary)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        get_log().warning("the keyword index %s is made anew: %s", file, error)
        return None
    postings = Postings(arrays["ids"], arrays["counts"], arrays["words"], vocabulary)
    return revision, KeywordIndex(postings, {name: arrays[name] for name in ("data", "indices", "indptr")})


def save(collection: str, revision: int, index: KeywordIndex) -> None:
    """Write the file; a full disk or a folder that may not be written costs the next process its time, nothing more."""
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    words = json.dumps(index.postings.vocabulary, ensure_ascii=False).encode("utf-8", "surrogatepass")
    arrays = {
        "ids": index.postings.ids,
        "counts": index.postings.counts,
        "words": index.postings.words,
        "vocabulary": np.frombuffer(words, np.uint8),
        **index.arrays,
    }
    about = {"format": FORMAT, "collection": collection, "revision": str(revision)}
    file = _file(collection)
    partial = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, str(partial), about)
        partial.chmod(0o600)
        partial.replace(file)
    except (OSError, SafetensorError) as error:
        get_log().warning("the keyword index %s could not be written: %s", file, error)
        with contextlib.suppress(OSError):
            partial.unlink()


def keep_only(collections: Collection[str]) -> None:
    """Remove the files of collections that are gone, and what a killed process left half-written."""
    for file in folder().glob(f"*{SUFFIX}*"):
        if file.name.partition(".")[0] not in collections or _abandoned(file):
            with contextlib.suppress(OSError):
                file.unlink()


def _abandoned(file: Path) -> bool:
    if file.name.endswith(SUFFIX):
        return False
    writer = file.name.split(".")[2]
    return not (writer.isdigit() and Path(f"/proc/{writer}").exists()) if Path("/proc/self").exists() else False


def _file(collection: str) -> Path:
    return folder() / f"{collection}{SUFFIX}"


def _check(arrays: dict[str, NDArray[Any]], vocabulary: list[str]) -> None:
    """Raise ValueError unless the parts fit together: a number out of range would end in the middle of a search."""
    import numpy as np

    types = {"ids": "int64", "counts": "int32", "words": "int32", "data": "float32", "indices": "int32"} | {
        "indptr": "int64"
    }
    fits = (
        all(arrays[name].dtype == kind and arrays[name].ndim == 1 for name, kind in types.items())
        and isinstance(vocabulary, list)
        and len(arrays["ids"]) == len(arrays["counts"])
        and int(arrays["counts"].sum()) == len(arrays["words"])
        and len(arrays["indptr"]) == len(vocabulary) + 1
        and len(arrays["data"]) == len(arrays["indices"]) == int(arrays["indptr"][-1])
        and int(arrays["indptr"][0]) == 0
        and bool(np.all(np.diff(arrays["indptr"]) >= 0))
        and bool(np.all(np.diff(arrays["ids"]) > 0))
        and _within(arrays["indices"], len(arrays["ids"]))
        and _within(arrays["words"], len(vocabulary))
        and bool(np.all(arrays["counts"] >= 0))
    )
    if not fits:
        raise ValueError("its parts do not fit together")


def _within(numbers: NDArray[Any], size: int) -> bool:
    return not len(numbers) or (int(numbers.min()) >= 0 and int(numbers.max()) < size)
