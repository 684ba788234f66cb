"""One file per back end: how a reference becomes a loaded model.

A module here has `load(ref) -> Loaded`, `estimate(ref) -> int` (bytes it will hold) and `capabilities_of(ref)` (what it
will offer, as far as known before loading); a further back end is a further file and a line in `BACKENDS`.
"""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from core.models.capabilities import Capabilities
from core.models.loaded import Backend, Loaded
from core.models.reference import Kind, ModelRef

BACKENDS: dict[Kind, Backend] = {
    "bundled": "transformers",
    "hf": "transformers",
    "path": "transformers",
    "gguf": "llamacpp",
    "api": "openai",
}


class Loader(Protocol):
    """What a module in this folder offers; importing it loads no heavy library."""

    def load(self, ref: ModelRef) -> Loaded:
        """The model, ready to generate.

        Raises:
            LoupeError: one sentence why it cannot be loaded.
        """

    def estimate(self, ref: ModelRef) -> int:
        """Bytes it will hold, from the files' headers; 0 for an endpoint."""

    def capabilities_of(self, ref: ModelRef) -> Capabilities:
        """What it will offer, as far as can be said without loading it."""


def loader_for(ref: ModelRef) -> Loader:
    """The module that loads `ref`."""
    return cast(Loader, importlib.import_module(f"core.models.loaders.{BACKENDS[ref.kind]}"))


def load(ref: ModelRef) -> Loaded:
    """Load `ref` with its back end; the pool calls this, once per model.

    Raises:
        LoupeError: one sentence why it cannot be loaded.
    """
    return loader_for(ref).load(ref)


def estimate(ref: ModelRef) -> int:
    """Bytes that `ref` will hold once loaded, without loading it.

    Raises:
        NotFound: the model is not on this machine.
    """
    return loader_for(ref).estimate(ref)


def capabilities_of(ref: ModelRef) -> Capabilities:
    """What `ref` will offer, as far as can be said without loading it: lets a page disable the rest beforehand."""
    return loader_for(ref).capabilities_of(ref)
