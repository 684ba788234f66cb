"""Embedding models and rerankers by reference, loaded once for a process.

    minilm                      all-MiniLM-L6-v2, bundled as a package; works without a network
    hf:ORG/NAME[@REVISION]      downloaded from the hub before; safetensors only
    path:FOLDER                 a folder of sentence-transformers or transformers; safetensors only
    api:ENDPOINT/NAME           /embeddings of an endpoint that an administrator listed (no reranker)

Knows nothing of documents or collections.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from core.errors import InvalidInput
from core.models.embedders.contract import Embedder, Reranker
from core.models.reference import parse_ref

__all__ = ["MINILM", "Embedder", "Reranker", "canonical", "forget", "get_embedder", "get_reranker"]

MINILM = "minilm"
HOW = "write minilm, hf:ORG/NAME[@REVISION], path:FOLDER or api:ENDPOINT/NAME"
KEPT = 3
"""Embedders, and as many rerankers, that stay loaded; the one unused for longest goes first."""
T = TypeVar("T")
_EMBEDDERS: OrderedDict[str, Embedder] = OrderedDict()
_RERANKERS: OrderedDict[str, Reranker] = OrderedDict()
_lock = threading.Lock()


def get_embedder(ref: str = MINILM) -> Embedder:
    """The embedding model of a reference; loaded at the first call, the same object afterwards.

    Raises:
        InvalidInput: `ref` is not such a reference.
        NotFound: the model is not on this machine, or the endpoint is not listed in settings.
        UnsafeModel, ModelLoadError, Unsupported: its files cannot be used; one sentence.
    """
    name = canonical(ref)
    if name == MINILM:
        from core.models.embedders.local import load_minilm

        return _kept(_EMBEDDERS, name, load_minilm)
    parsed = parse_ref(name)
    if parsed.kind == "api":
        from core.models.embedders.endpoint import EndpointEmbedder
        from core.models.endpoints import find_endpoint

        endpoint = find_endpoint(parsed.endpoint)
        # by the endpoint's settings too: whoever changes them gets a new embedder
        return _kept(_EMBEDDERS, f"{name} {endpoint!r}", lambda: EndpointEmbedder(name, endpoint, parsed.name))
    from core.models.embedders.folders import folder_of
    from core.models.embedders.local import LocalEmbedder

    def load() -> Embedder:
        return LocalEmbedder(name, parsed.name or str(parsed.path), folder_of(parsed, "an embedding model"))

    return _kept(_EMBEDDERS, name, load)


def get_reranker(ref: str) -> Reranker:
    """The CrossEncoder of an `hf:` or `path:` reference; loaded at the first call, the same object afterwards.

    Raises:
        InvalidInput: `ref` is not such a reference.
        NotFound, UnsafeModel, ModelLoadError, Unsupported: its files cannot be used; one sentence.
    """
    from core.models.embedders.folders import folder_of
    from core.models.embedders.reranker import CrossReranker

    parsed = parse_ref(ref)

    def load() -> Reranker:
        return CrossReranker(str(parsed), parsed.name or str(parsed.path), folder_of(parsed, "a reranker"))

    return _kept(_RERANKERS, str(parsed), load)


def canonical(ref: str) -> str:
    """The reference as collections keep it; loads nothing and asks nobody.

    Raises:
        InvalidInput: it is not a reference of an embedding model.
        NotFound: `path:` names something that does not exist.
    """
    if ref.strip(" ") == MINILM:
        return MINILM
    parsed = parse_ref(ref)
    if parsed.kind not in ("hf", "path", "api"):
        raise InvalidInput(f"{ref[:60]!a} is not an embedding model; {HOW}.", "embedding")
    if parsed.adapters or parsed.dtype or parsed.quantize:
        raise InvalidInput(
            f"{ref[:60]!a}: an embedding model is loaded as it is; leave out '+…' and '?…'.", "embedding"
        )
    return str(parsed)


def forget() -> None:
    """Keep no model any longer; their memory is free once nobody uses them."""
    with _lock:
        _EMBEDDERS.clear()
        _RERANKERS.clear()


def _kept(kept: OrderedDict[str, T], key: str, load: Callable[[], T]) -> T:
    with _lock:  # held while loading: whoever asks for the same model meanwhile waits for it
        if key not in kept:
            kept[key] = load()
            while len(kept) > KEPT:
                kept.popitem(last=False)
        kept.move_to_end(key)
        return kept[key]
