"""The key of a call: what the same call twice has in common, and no other call.

SHA-256 over canonical JSON of the request (model, prompt, every setting, seed), the fingerprint of everything that it
depends on, and the version of `Output`. Errors have no key: they are never used again. Knows nothing of the store.
"""

from __future__ import annotations

import hashlib
import json

from core.evals.running.fingerprints import Fingerprints
from core.evals.variant import Request

OUTPUT_VERSION = 1
"""Raise it when `core.evals.output.Output` or how it is made changes its meaning: older outputs are then made anew."""
NOT_ASKED = frozenset({"parent", "user", "expected"})
"""Fields of requests that no model sees."""


def key_of(request: Request, fingerprints: Fingerprints, salt: str = "") -> str:
    """The key, 64 hexadecimal digits.

    Args:
        request: what is asked.
        fingerprints: of what it depends on; the same object for many requests.
        salt: keeps the outputs of one eval to itself, for whoever wants every call made anew.
    """
    document = {
        "version": OUTPUT_VERSION,
        "kind": type(request).__name__,
        "request": request.model_dump(mode="json", exclude=set(NOT_ASKED)),
        "depends": fingerprints.of(request),
        "salt": salt,
    }
    written = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def failed_key(key: str, eval_id: str) -> str:
    """Where what had arrived of a failed call is kept: never found by `key_of`."""
    return hashlib.sha256(f"failed {eval_id} {key}".encode()).hexdigest()
