"""Clients of Chroma: embedded in this process, or of a server that the settings name.

Nothing is ever embedded by Chroma, and nothing is reported to anybody. Knows nothing of collections.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from core.errors import EndpointError
from core.models.endpoints import is_loopback
from core.settings import Settings

CONNECT_S, ANSWER_S = 5.0, 60.0
KEY = "CHROMA_API_KEY"


def embedded(folder: str) -> Any:
    """A client on a folder, which no other process may have open."""
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    options = ChromaSettings(_env_file=None, anonymized_telemetry=False)
    return chromadb.PersistentClient(path=folder, settings=options)


def server(settings: Settings) -> Any:
    """A client of the server that the settings name; the key comes from the environment and is kept nowhere.

    Raises:
        EndpointError: it does not answer.
    """
    import chromadb
    import httpx
    from chromadb.config import Settings as ChromaSettings

    parts = urlsplit(settings.chroma_url or "")
    secure = parts.scheme == "https"
    key = os.environ.get(KEY)
    if key and not secure and not is_loopback(settings.chroma_url or ""):
        raise EndpointError(f"The key {KEY} would travel unencrypted to {settings.chroma_url}; use https://.")
    options = ChromaSettings(_env_file=None, anonymized_telemetry=False)
    try:
        client = chromadb.HttpClient(
            host=parts.hostname or "",
            port=parts.port or (443 if secure else 80),
            ssl=secure,
            headers={"x-chroma-token": key} if key else None,
            settings=options,
            tenant=settings.chroma_tenant,
            database=settings.chroma_database,
        )
        session = getattr(client._server, "_session", None)
        if session is not None:  # Chroma's own has no time limit at all
            session.timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S)
        client.heartbeat()
    except Exception as error:
        said = str(error).replace(key, "[secret]") if key else str(error)
        reason = " ".join(said.split())[:200] or type(error).__name__
        raise EndpointError(f"The Chroma server {settings.chroma_url} does not answer: {reason}.") from None
    return client


def is_chromas(error: BaseException) -> bool:
    """Whether it may come out of Chroma: a panic of its compiled part is no `Exception`."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"
